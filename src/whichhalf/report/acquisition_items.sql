-- Basis acquisition: what the people acquired in [:starts_at, :ends_at) did less than :window_days
-- after their acquisition, to the instant, each with the conversion whose credit it takes: the
-- acquiring one. A refund counts where the charge that it returns counts, whenever it came itself.
-- grain: measure, app, item_id    day: acquired_at
with cohort as (
    select person_id, acquired_app, acquired_id, acquired_kind, acquired_at, country, os
    from acquisitions
    where acquired_at >= :starts_at and acquired_at < :ends_at
)

select
    'acquired' as measure, acquired_app as app, acquired_id as item_id, person_id, acquired_app,
    acquired_id, acquired_kind, cast(null as varchar) as product_id,
    cast(0 as decimal(18, 6)) as value, country, os, 0 as is_own
from cohort
union all
select
    'installs', acquired_app, acquired_id, person_id, acquired_app, acquired_id, acquired_kind,
    cast(null as varchar), cast(0 as decimal(18, 6)), country, os, 0
from cohort
where acquired_kind = 'install'
union all
select
    case
        when c.conversion_kind = 'signup' then 'registrations'
        when c.conversion_kind = 'purchase' then 'purchases'
        when c.conversion_kind = 'ad_revenue' then 'ad_revenue'
        else 'returned'
    end,
    c.app, c.conversion_id, c.person_id, a.acquired_app, a.acquired_id, a.acquired_kind,
    c.product_id,
    case when c.conversion_kind = 'signup' then cast(0 as decimal(18, 6)) else c.value end,
    a.country, a.os, 0
from conversions as c
inner join cohort as a
    on c.person_id = a.person_id and c.attributed_at >= a.acquired_at
    and c.attributed_at < a.acquired_at + interval :window_days day
where c.conversion_kind in ('signup', 'purchase', 'ad_revenue', 'refund', 'chargeback')
union all
select
    'logins', l.app, l.login_id, l.person_id, a.acquired_app, a.acquired_id, a.acquired_kind,
    cast(null as varchar), cast(0 as decimal(18, 6)), a.country, a.os, 0
from logins as l
inner join cohort as a
    on l.person_id = a.person_id and l.occurred_at >= a.acquired_at
    and l.occurred_at < a.acquired_at + interval :window_days day
