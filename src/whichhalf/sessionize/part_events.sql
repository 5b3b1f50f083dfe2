-- Each part with its first event, which names it.
-- grain: app, part_id    day: started_at
select
    p.day, e.app, e.message_id as part_id, e.visitor_id, p.visitor_key, p.part_number, p.user_id,
    p.started_at, p.ended_at, p.event_count, p.page_count, p.first_page_at, p.first_blog_at,
    e.url, e.country, e.os
from chosen_events as e
inner join cut_parts as p
    on e.day = p.day and e.visitor_key = p.visitor_key and e.part_number = p.part_number
    and e.occurred_at = p.started_at
left join tied_instants as t
    on e.day = t.day and e.visitor_key = t.visitor_key and e.part_number = t.part_number
    and e.occurred_at = t.occurred_at
where t.first_id is null or e.message_id = t.first_id
