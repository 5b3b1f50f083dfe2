-- One row per part of a visitor's day: events with no gap over the limit and one user at most.
-- grain: app, part_id    day: started_at
with other_pages as (
    -- Most parts begin with a page: only the first pages of the others are looked for.
    select day, visitor_key, part_number, message_id, url
    from instant_events
    where is_first_page = 1 and is_first = 0
),

blog_pages as (
    select day, visitor_key, part_number, message_id, url
    from instant_events
    where is_first_blog = 1
),

sourced as (
    select e.day, e.visitor_key, e.part_number, e.message_id, e.occurred_at, e.source_key
    from sourced_events as e
    left join placed_sources as s on e.visitor_key = s.visitor_key and e.message_id = s.message_id
    where s.place is null or s.place = 1
)

select
    p.day,
    p.app,
    p.part_id,
    p.visitor_id,
    p.visitor_key,
    p.user_id,
    p.started_at,
    p.ended_at,
    p.event_count,
    p.page_count,
    p.first_page_at,
    case when p.first_page_at is not null then coalesce(g.message_id, p.part_id) end as first_page_id,
    case when g.message_id is not null then g.url when p.first_page_at is not null then p.url end
        as first_page_url,
    p.first_blog_at,
    b.message_id as first_blog_id,
    b.url as first_blog_url,
    s.occurred_at as first_sourced_at,
    s.message_id as first_sourced_id,
    s.source_key as first_sourced_key,
    p.country,
    p.os
from part_events as p
left join other_pages as g
    on p.day = g.day and p.visitor_key = g.visitor_key and p.part_number = g.part_number
left join blog_pages as b
    on p.day = b.day and p.visitor_key = b.visitor_key and p.part_number = b.part_number
left join sourced as s
    on p.day = s.day and p.visitor_key = s.visitor_key and p.part_number = s.part_number
