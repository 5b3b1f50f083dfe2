-- The same measures over all items, before any credit is shared: what rows must add up to.
-- grain: one row
select
    cast(count(case when measure = 'acquired' then 1 end) as double) as acquired,
    cast(count(case when measure = 'installs' then 1 end) as double) as installs,
    cast(count(case when measure = 'registrations' then 1 end) as double) as registrations,
    cast(count(case when measure = 'logins' then 1 end) as double) as logins,
    cast(count(distinct case when measure = 'purchases' then person_id end) as double) as buyers,
    cast(count(case when measure = 'purchases' then 1 end) as double) as purchases,
    cast(coalesce(sum(value), 0) as decimal(28, 6)) as revenue,
    cast(sum(case when measure = 'ad_revenue' then value end) as decimal(28, 6)) as ad_revenue
from items
