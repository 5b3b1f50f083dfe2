-- Credits of every model. Those of fitted models join their fit: within a conversion each distinct channel
-- has its weight by the sum of theirs, shared equally by its touches; weights below 0 count as 0, and where
-- all are, the channels share equally. Direct visits are no channel of a fit. Refunds and chargebacks go by
-- the fit of purchases; a channel that it does not know weighs 0. Value as in rule_credits: what rounding
-- leaves goes to the largest credit, ties by touch id.
-- grain: app, conversion_id, conversion_kind, model, touch_id    day: converted_at
with linear as (
    select
        day, app, conversion_id, conversion_kind, touch_id, source_key, touched_at, person_id,
        converted_at,
        case
            when conversion_kind in ('refund', 'chargeback') then 'purchase' else conversion_kind
        end as credited_kind,
        sum(value) over (partition by app, conversion_id, conversion_kind) as value
    from rule_credits
    where model = 'linear'
),

fitted_models as (
    select 'markov' as model
    union all
    select 'shapley_rate'
),

weighed as (
    select
        c.day, c.app, c.conversion_id, c.conversion_kind, m.model, c.touch_id, c.source_key,
        c.touched_at, c.person_id, c.converted_at, c.value,
        case when f.weight > 0 then f.weight else cast(0 as double) end as weight,
        coalesce(f.fitted_as, s.channel) as fitted_as
    from linear as c
    inner join sources as s on c.source_key = s.source_key
    cross join fitted_models as m
    left join model_fits as f
        on m.model = f.model and c.credited_kind = f.conversion_kind and s.channel = f.channel
    where c.source_key <> 'direct'
),

fitted as (
    select
        day, app, conversion_id, conversion_kind, model, touch_id, source_key, touched_at, person_id,
        converted_at, value, weight,
        count(touch_id) over (
            partition by model, app, conversion_id, conversion_kind, fitted_as
        ) as of_channel,
        row_number() over (
            partition by model, app, conversion_id, conversion_kind, fitted_as
            order by touched_at, touch_id
        ) as place_in_channel
    from weighed
),

summed as (
    select
        day, app, conversion_id, conversion_kind, model, touch_id, source_key, touched_at, person_id,
        converted_at, value, weight, of_channel,
        sum(case when place_in_channel = 1 then weight end) over (
            partition by model, app, conversion_id, conversion_kind
        ) as weights,
        count(case when place_in_channel = 1 then touch_id end) over (
            partition by model, app, conversion_id, conversion_kind
        ) as channels
    from fitted
),

shared as (
    select
        day, app, conversion_id, conversion_kind, model, touch_id, source_key, touched_at, person_id,
        converted_at, value,
        case
            when weights > 0 then weight / weights / of_channel
            else cast(1 as double) / (channels * of_channel)
        end as credit
    from summed
),

rounded as (
    select
        day, app, conversion_id, conversion_kind, model, touch_id, source_key, touched_at, person_id,
        converted_at, value, credit,
        cast(
            cast(value as decimal(18, 6)) * cast(credit as decimal(13, 12)) as decimal(18, 6)
        ) as credited,
        row_number() over (
            partition by model, app, conversion_id, conversion_kind order by credit desc, touch_id
        ) as ordinal
    from shared
)

select
    day, app, conversion_id, conversion_kind, model, touch_id, source_key, touched_at, person_id,
    converted_at, credit, value
from rule_credits
union all
select
    day, app, conversion_id, conversion_kind, model, touch_id, source_key, touched_at, person_id,
    converted_at, credit,
    cast(
        credited
        + case
            when ordinal = 1 then value - sum(credited) over (
                partition by model, app, conversion_id, conversion_kind
            )
            else 0
        end
    as decimal(18, 6)) as value
from rounded
