-- Parts with the message ids of their first event, first page and first page of the blog. Of several
-- events at one instant the least id is first.
-- grain: day, visitor_key, part_number
select
    p.day, p.visitor_key, p.part_number, p.user_id, p.started_at, p.ended_at, p.event_count,
    p.page_count, p.first_page_at, p.first_blog_at,
    min(case when e.occurred_at = p.started_at then e.message_id end) as part_id,
    min(
        case
            when e.occurred_at = p.first_page_at and e.call in ('page', 'screen') then e.message_id
        end
    ) as first_page_id,
    min(
        case
            when e.occurred_at = p.first_blog_at and e.call = 'page' and b.url_path is not null
            then e.message_id
        end
    ) as first_blog_id
from chosen_events as e
inner join cut_parts as p
    on e.day = p.day and e.visitor_key = p.visitor_key and e.part_number = p.part_number
left join blog_paths as b on e.url_path = b.url_path
group by
    p.day, p.visitor_key, p.part_number, p.user_id, p.started_at, p.ended_at, p.event_count,
    p.page_count, p.first_page_at, p.first_blog_at
