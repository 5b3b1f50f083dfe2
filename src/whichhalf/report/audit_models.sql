-- Conversions under each model: credited, not attributed, and whole: credited with weights that sum to 1
-- and values that sum to its own, or not attributed with its own value; never both, never neither.
-- grain: model
with sides as (
    select
        m.model, c.app, c.conversion_id, c.conversion_kind, 1 as conversions, 0 as credits,
        0 as unattributed, cast(0 as double) as credit, c.value,
        cast(0 as decimal(18, 6)) as credited_value, cast(0 as decimal(18, 6)) as left_value
    from conversions as c
    cross join every_model as m
    where c.converted_at >= :starts_at and c.converted_at < :ends_at
    union all
    select
        model, app, conversion_id, conversion_kind, 0, 1, 0, credit, cast(0 as decimal(18, 6)),
        value, cast(0 as decimal(18, 6))
    from credits
    where converted_at >= :starts_at and converted_at < :ends_at
    union all
    select
        model, app, conversion_id, conversion_kind, 0, 0, 1, cast(0 as double),
        cast(0 as decimal(18, 6)), cast(0 as decimal(18, 6)), value
    from unattributed
    where converted_at >= :starts_at and converted_at < :ends_at
),

each as (
    select
        model, app, conversion_id, conversion_kind,
        sum(conversions) as conversions,
        case when sum(credits) > 0 then 1 else 0 end as is_credited,
        sum(unattributed) as unattributed,
        sum(credit) as credit,
        sum(value) as value,
        sum(credited_value) as credited_value,
        sum(left_value) as left_value
    from sides
    group by model, app, conversion_id, conversion_kind
)

select
    model,
    cast(sum(conversions) as bigint) as conversions,
    cast(sum(is_credited) as bigint) as credited,
    cast(sum(unattributed) as bigint) as unattributed,
    cast(sum(
        case
            when conversions = 1 and is_credited = 1 and unattributed = 0
                and abs(credit - 1) <= 0.000000001 and credited_value = value
            then 1
            when conversions = 1 and is_credited = 0 and unattributed = 1 and left_value = value
            then 1
            else 0
        end
    ) as bigint) as whole,
    cast(sum(value) as decimal(28, 6)) as value,
    cast(sum(credited_value) as decimal(28, 6)) as credited_value,
    cast(sum(left_value) as decimal(28, 6)) as left_value
from each
group by model
