-- Every session part, for views that coalesce the sessions of all persons.
-- grain: app, part_id    day: started_at
select
    day, app, part_id, visitor_id, visitor_key, user_id, started_at, ended_at, event_count,
    page_count, first_page_at, first_page_id, first_page_url, first_blog_at, first_blog_id,
    first_blog_url, first_sourced_at, first_sourced_id, first_sourced_key, country, os
from session_parts
