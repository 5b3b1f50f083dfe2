-- Conversions by kind; those with credit under a model that credits every touch, by table
-- touch_credits; those that table conversions calls untouched.
-- grain: conversion_kind
with counted as (
    select
        conversion_kind, 1 as conversions, 0 as touched,
        case when reason is null then 0 else 1 end as untouched
    from conversions
    where converted_at >= :starts_at and converted_at < :ends_at
    union all
    select conversion_kind, 0, 1, 0
    from (
        select distinct app, conversion_id, conversion_kind
        from touch_credits
        where linear_credit is not null
            and converted_at >= :starts_at and converted_at < :ends_at
    ) as credited
)

select
    conversion_kind,
    cast(sum(conversions) as bigint) as conversions,
    cast(sum(touched) as bigint) as touched,
    cast(sum(untouched) as bigint) as untouched
from counted
group by conversion_kind
