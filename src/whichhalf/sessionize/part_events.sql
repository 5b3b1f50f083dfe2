-- Each part with its first event, which names it.
-- grain: app, part_id    day: started_at
select
    day, app, message_id as part_id, visitor_id, visitor_key, part_number, user_id, started_at,
    ended_at, event_count, page_count, first_page_at, first_blog_at, url, country, os
from instant_events
where is_first = 1
