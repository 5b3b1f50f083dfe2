-- The candidates once more, where a click beats an impression: impressions of conversions that have
-- anything else to credit are refused.
-- grain: number, app, touch_id
with clicked as (
    select distinct number
    from candidates
    where refused is null and touch_type <> 'impression' and is_direct = 0
)

select
    c.number, c.app, c.touch_id, c.touch_type, c.touched_at, c.source_key, c.session_number, c.channel,
    c.is_paid, c.is_direct, c.lookback_days, c.lookback_rule, c.cycle_from,
    case
        when c.refused is null and c.touch_type = 'impression' and k.number is not null
        then 'beaten_by_click' else c.refused
    end as refused
from candidates as c
left join clicked as k on c.number = k.number
