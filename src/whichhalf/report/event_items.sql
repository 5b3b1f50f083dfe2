-- Basis event: what happened in [:starts_at, :ends_at), a refund on its own day, each with the
-- conversion whose credit it takes: itself; a login has none of its own and takes that of its
-- person's acquisition. Where a conversion names no country, its person's acquisition does.
-- grain: measure, app, item_id    day: converted_at
select
    case
        when c.conversion_kind = 'install' then 'installs'
        when c.conversion_kind = 'signup' then 'registrations'
        when c.conversion_kind = 'purchase' then 'purchases'
        when c.conversion_kind = 'ad_revenue' then 'ad_revenue'
        else 'returned'
    end as measure,
    c.app, c.conversion_id as item_id, c.person_id, c.app as acquired_app,
    c.conversion_id as acquired_id, c.conversion_kind as acquired_kind, c.product_id,
    case
        when c.conversion_kind in ('install', 'signup') then cast(0 as decimal(18, 6))
        else c.value
    end as value,
    coalesce(c.country, a.country) as country, coalesce(c.os, a.os) as os,
    case when c.conversion_kind in ('install', 'signup') then 0 else 1 end as is_own
from conversions as c
left join acquisitions as a on c.person_id = a.person_id
where c.converted_at >= :starts_at and c.converted_at < :ends_at
    and c.conversion_kind in (
        'install', 'signup', 'purchase', 'ad_revenue', 'refund', 'chargeback'
    )
union all
select
    'acquired', acquired_app, acquired_id, person_id, acquired_app, acquired_id, acquired_kind,
    cast(null as varchar), cast(0 as decimal(18, 6)), country, os, 0
from acquisitions
where acquired_at >= :starts_at and acquired_at < :ends_at
union all
select
    'logins', l.app, l.login_id, l.person_id, a.acquired_app, a.acquired_id, a.acquired_kind,
    cast(null as varchar), cast(0 as decimal(18, 6)), a.country, a.os, 0
from logins as l
left join acquisitions as a on l.person_id = a.person_id
