-- Visitors with more than :max_events_per_visitor_day events on a day, which people do not make. What
-- computes sessions leaves them out whole, other days too.
-- grain: app, visitor_id, day, reason    day: started_at
select
    day, app, visitor_id, visitor_key, 'heavy' as reason,
    cast(sum(event_count) as bigint) as value,
    cast(:max_events_per_visitor_day as bigint) as threshold,
    min(started_at) as started_at, max(ended_at) as ended_at
from session_parts
group by day, app, visitor_id, visitor_key
having sum(event_count) > :max_events_per_visitor_day
