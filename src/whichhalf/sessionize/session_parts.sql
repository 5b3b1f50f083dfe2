-- One row per part of a visitor's day: events with no gap over the limit and one user at most.
-- grain: app, part_id    day: started_at
with other_pages as (
    -- Most parts begin with a page: only the first pages of the others are looked for.
    select p.day, p.visitor_key, p.part_number, e.url
    from named_parts as p
    inner join chosen_events as e
        on p.visitor_key = e.visitor_key and p.first_page_at = e.occurred_at
        and p.first_page_id = e.message_id
    where p.first_page_id <> p.part_id
),

blog_pages as (
    select p.day, p.visitor_key, p.part_number, e.url
    from named_parts as p
    inner join chosen_events as e
        on p.visitor_key = e.visitor_key and p.first_blog_at = e.occurred_at
        and p.first_blog_id = e.message_id
    where p.first_blog_id is not null
),

sourced as (
    select day, visitor_key, part_number, message_id, occurred_at, source_key
    from sourced_events
    where place = 1
)

select
    p.day,
    f.app,
    p.part_id,
    f.visitor_id,
    p.visitor_key,
    p.user_id,
    p.started_at,
    p.ended_at,
    p.event_count,
    p.page_count,
    p.first_page_at,
    p.first_page_id,
    case when p.first_page_id = p.part_id then f.url else g.url end as first_page_url,
    p.first_blog_at,
    p.first_blog_id,
    b.url as first_blog_url,
    s.occurred_at as first_sourced_at,
    s.message_id as first_sourced_id,
    s.source_key as first_sourced_key,
    f.country,
    f.os
from named_parts as p
inner join chosen_events as f
    on p.visitor_key = f.visitor_key and p.started_at = f.occurred_at and p.part_id = f.message_id
left join other_pages as g
    on p.day = g.day and p.visitor_key = g.visitor_key and p.part_number = g.part_number
left join blog_pages as b
    on p.day = b.day and p.visitor_key = b.visitor_key and p.part_number = b.part_number
left join sourced as s
    on p.day = s.day and p.visitor_key = s.visitor_key and p.part_number = s.part_number
