-- Credit of each touch under each model that is a rule. Value goes with credit, to six decimals; what
-- rounding leaves goes to the largest credit, ties by touch id.
-- grain: app, conversion_id, conversion_kind, model, touch_id    day: converted_at
with shares as (
    select
        w.number, w.app, w.touch_id, w.touched_at, w.source_key, w.is_first, w.is_last,
        w.is_first_non_direct, w.is_last_non_direct, w.is_first_paid, w.is_last_paid,
        w.linear, w.position, w.time_decay, w.shapley, c.value,
        cast(c.value * cast(w.linear as decimal(13, 12)) as decimal(18, 6)) as of_linear,
        cast(c.value * cast(w.position as decimal(13, 12)) as decimal(18, 6)) as of_position,
        cast(c.value * cast(w.time_decay as decimal(13, 12)) as decimal(18, 6)) as of_time_decay,
        cast(c.value * cast(w.shapley as decimal(13, 12)) as decimal(18, 6)) as of_shapley,
        max(w.position) over (partition by w.number) as top_position,
        max(w.time_decay) over (partition by w.number) as top_time_decay,
        max(w.shapley) over (partition by w.number) as top_shapley
    from touch_weights as w
    inner join wanted_conversions as c on w.number = c.number
),

rounded as (
    select
        number, app, touch_id, touched_at, source_key, is_first, is_last, is_first_non_direct,
        is_last_non_direct, is_first_paid, is_last_paid, linear, position, time_decay, shapley, value,
        of_linear, of_position, of_time_decay, of_shapley,
        value - sum(of_linear) over (partition by number) as left_linear,
        value - sum(of_position) over (partition by number) as left_position,
        value - sum(of_time_decay) over (partition by number) as left_time_decay,
        value - sum(of_shapley) over (partition by number) as left_shapley,
        min(touch_id) over (partition by number) as to_linear,
        min(case when position = top_position then touch_id end) over (partition by number)
            as to_position,
        min(case when time_decay = top_time_decay then touch_id end) over (partition by number)
            as to_time_decay,
        min(case when shapley = top_shapley then touch_id end) over (partition by number)
            as to_shapley
    from shares
),

modelled as (
    select number, 'first' as model, app, touch_id, touched_at, source_key,
        cast(1 as double) as credit, value
    from rounded where is_first = 1
    union all
    select number, 'last', app, touch_id, touched_at, source_key, cast(1 as double), value
    from rounded where is_last = 1
    union all
    select number, 'first_non_direct', app, touch_id, touched_at, source_key, cast(1 as double), value
    from rounded where is_first_non_direct = 1
    union all
    select number, 'last_non_direct', app, touch_id, touched_at, source_key, cast(1 as double), value
    from rounded where is_last_non_direct = 1
    union all
    select number, 'first_paid', app, touch_id, touched_at, source_key, cast(1 as double), value
    from rounded where is_first_paid = 1
    union all
    select number, 'last_paid', app, touch_id, touched_at, source_key, cast(1 as double), value
    from rounded where is_last_paid = 1
    union all
    select number, 'linear', app, touch_id, touched_at, source_key, linear,
        of_linear + case when touch_id = to_linear then left_linear else 0 end
    from rounded
    union all
    select number, 'position', app, touch_id, touched_at, source_key, position,
        of_position + case when touch_id = to_position then left_position else 0 end
    from rounded
    union all
    select number, 'time_decay', app, touch_id, touched_at, source_key, time_decay,
        of_time_decay + case when touch_id = to_time_decay then left_time_decay else 0 end
    from rounded
    union all
    select number, 'shapley', app, touch_id, touched_at, source_key, shapley,
        of_shapley + case when touch_id = to_shapley then left_shapley else 0 end
    from rounded
)

select
    c.day, c.app, c.conversion_id, c.conversion_kind, m.model, m.touch_id, m.source_key,
    m.touched_at, c.person_id, c.converted_at, m.credit, cast(m.value as decimal(18, 6)) as value
from modelled as m
inner join wanted_conversions as c on m.number = c.number
union all
select
    day, app, conversion_id, conversion_kind, model, touch_id, source_key, touched_at, person_id,
    converted_at, credit, value
from install_credits
