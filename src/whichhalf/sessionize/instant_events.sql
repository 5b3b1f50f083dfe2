-- Events at an instant that is the first of their part, of its pages or of its pages of the blog, with
-- what is known of the part. is_first, is_first_page, is_first_blog: whether the event is that one.
-- grain: app, message_id    day: started_at
select
    p.day, e.app, e.message_id, e.visitor_id, p.visitor_key, p.part_number, p.user_id,
    p.started_at, p.ended_at, p.event_count, p.page_count, p.first_page_at, p.first_blog_at,
    e.url, e.country, e.os,
    case
        when e.occurred_at = p.started_at and e.message_id = coalesce(t.first_id, e.message_id)
        then 1 else 0
    end as is_first,
    case
        when e.occurred_at = p.first_page_at
            and e.message_id = coalesce(t.first_page_id, e.message_id)
        then 1 else 0
    end as is_first_page,
    case
        when e.occurred_at = p.first_blog_at
            and e.message_id = coalesce(t.first_blog_id, e.message_id)
        then 1 else 0
    end as is_first_blog
from chosen_events as e
inner join cut_parts as p
    on e.day = p.day and e.visitor_key = p.visitor_key and e.part_number = p.part_number
left join tied_instants as t
    on e.day = t.day and e.visitor_key = t.visitor_key and e.part_number = t.part_number
    and e.occurred_at = t.occurred_at
