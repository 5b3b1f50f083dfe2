-- Spend of :first_on … :last_on, whatever it was spent on; ever: cost rows of any day.
-- grain: one row
select
    cast(coalesce(sum(
        case when cost_on >= :first_on and cost_on <= :last_on then spend end
    ), 0) as decimal(28, 6)) as spend,
    cast(coalesce(sum(
        case when cost_on >= :first_on and cost_on <= :last_on then impressions end
    ), 0) as bigint) as impressions,
    cast(coalesce(sum(
        case when cost_on >= :first_on and cost_on <= :last_on then clicks end
    ), 0) as bigint) as clicks,
    count(*) as ever
from cost_days
