-- What the people acquired in [:starts_at, :ends_at) did before their acquisition: it counts in no
-- cohort.
-- grain: one row
select
    count(case when c.conversion_kind = 'signup' then 1 end) as signups,
    count(case when c.conversion_kind <> 'signup' then 1 end) as payments,
    cast(coalesce(sum(
        case when c.conversion_kind <> 'signup' then c.value end
    ), 0) as decimal(28, 6)) as revenue
from conversions as c
inner join acquisitions as a on c.person_id = a.person_id and c.attributed_at < a.acquired_at
where a.acquired_at >= :starts_at and a.acquired_at < :ends_at
    and c.conversion_kind in ('signup', 'purchase', 'ad_revenue', 'refund', 'chargeback')
