-- Visitors with more than :max_events_per_visitor_day events on a day, which people do not make. What
-- computes sessions leaves them out whole, other days too.
-- grain: app, visitor_id, day, reason    day: started_at
with heavy as (
    select
        day, visitor_key, cast(sum(event_count) as bigint) as value, min(started_at) as started_at,
        max(ended_at) as ended_at
    from cut_parts
    group by day, visitor_key
    having sum(event_count) > :max_events_per_visitor_day
)

select
    h.day, min(e.app) as app, min(e.visitor_id) as visitor_id, h.visitor_key, 'heavy' as reason,
    h.value, cast(:max_events_per_visitor_day as bigint) as threshold, h.started_at, h.ended_at
from heavy as h
inner join chosen_events as e on h.day = e.day and h.visitor_key = e.visitor_key
group by h.day, h.visitor_key, h.value, h.started_at, h.ended_at
