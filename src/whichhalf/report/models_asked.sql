-- Conversions of :kind in [:starts_at, :ends_at), before any credit is shared: what the column of every
-- model must add up to. Where one names no country, its person's acquisition does.
-- grain: app, conversion_id    day: converted_at
select
    c.app, c.conversion_id, c.conversion_kind, c.person_id, c.product_id, c.value,
    coalesce(c.country, a.country) as country, coalesce(c.os, a.os) as os
from conversions as c
left join acquisitions as a on c.person_id = a.person_id
where c.conversion_kind = :kind and c.converted_at >= :starts_at and c.converted_at < :ends_at
