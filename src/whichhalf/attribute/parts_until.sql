-- Parts of the wanted visitors, until the moment that each is read to.
-- grain: app, part_id    day: started_at
select
    p.app, p.part_id, p.visitor_id, p.visitor_key, p.user_id, p.started_at, p.ended_at,
    p.event_count, p.page_count, p.first_page_at, p.first_page_id, p.first_page_url,
    p.first_blog_at, p.first_blog_id, p.first_blog_url, p.first_sourced_at,
    p.first_sourced_id, p.first_sourced_key, p.country, p.os, p.day
from session_parts as p
inner join wanted_visitors as w on p.visitor_key = w.visitor_key and p.started_at <= w.until_at
