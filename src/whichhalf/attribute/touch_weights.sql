-- The weight of each touch of each conversion under every model that is a rule. Places count touches in
-- the order of time, ties by touch id. Time decay halves every :half_life_days, counted from the last
-- touch: only ratios matter, and the last never fades away. Its weights are whole numbers
-- (units of 2^-40), so that their sum is the same in whatever order it is made.
-- grain: number, app, touch_id
with placed as (
    select
        number, app, touch_id, touched_at, source_key, channel, is_paid, is_direct,
        row_number() over (partition by number order by touched_at, touch_id, app) as place,
        count(touch_id) over (partition by number) as touches,
        cast(sum(1 - is_direct) over (
            partition by number order by touched_at, touch_id, app
            rows between unbounded preceding and current row
        ) as bigint) as sourced_place,
        cast(sum(1 - is_direct) over (partition by number) as bigint) as sourced,
        cast(sum(is_paid) over (
            partition by number order by touched_at, touch_id, app
            rows between unbounded preceding and current row
        ) as bigint) as paid_place,
        cast(sum(is_paid) over (partition by number) as bigint) as paid,
        max(touched_at) over (partition by number) as last_touched_at,
        count(touch_id) over (partition by number, channel) as of_channel,
        row_number() over (
            partition by number, channel order by touched_at, touch_id, app
        ) as place_in_channel
    from candidates
    where refused is null
),

weighed as (
    select
        number, app, touch_id, touched_at, source_key, is_paid, is_direct, place, touches,
        sourced_place, sourced, paid_place, paid, of_channel,
        cast(floor(
            power(
                cast(0.5 as double),
                date_diff('microsecond', touched_at, last_touched_at)
                / (cast(:half_life_days as double) * 86400000000)
            ) * 1099511627776
        ) as bigint) as decay,
        case when place_in_channel = 1 then 1 else 0 end as begins_channel
    from placed
)

select
    number, app, touch_id, touched_at, source_key,
    case when place = 1 then 1 else 0 end as is_first,
    case when place = touches then 1 else 0 end as is_last,
    case when is_direct = 0 and sourced_place = 1 then 1 else 0 end as is_first_non_direct,
    case when is_direct = 0 and sourced_place = sourced then 1 else 0 end as is_last_non_direct,
    case when is_paid = 1 and paid_place = 1 then 1 else 0 end as is_first_paid,
    case when is_paid = 1 and paid_place = paid then 1 else 0 end as is_last_paid,
    cast(1 as double) / touches as linear,
    case
        when touches = 1 then cast(1 as double)
        when touches = 2 and place = 1
            then cast(:first_share as double) / (:first_share + :last_share)
        when touches = 2 then cast(:last_share as double) / (:first_share + :last_share)
        when place = 1 then cast(:first_share as double)
        when place = touches then cast(:last_share as double)
        else cast(
            1 - cast(:first_share as decimal(13, 12)) - cast(:last_share as decimal(13, 12))
        as double) / (touches - 2)
    end as position,
    decay / cast(sum(decay) over (partition by number) as double) as time_decay,
    cast(1 as double)
    / (cast(sum(begins_channel) over (partition by number) as bigint) * of_channel) as shapley
from weighed
