-- One row per part of a visitor's day: events with no gap over the limit and one user at most.
-- grain: app, part_id    day: started_at
with others as (
    select visitor_key, message_id, url
    from chosen_events
    where part_number is not null and call in ('page', 'screen')
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
inner join chosen_events as f on p.visitor_key = f.visitor_key and p.part_id = f.message_id
left join others as g
    on p.visitor_key = g.visitor_key and p.first_page_id = g.message_id
    and p.first_page_id <> p.part_id
left join others as b on p.visitor_key = b.visitor_key and p.first_blog_id = b.message_id
left join sourced as s
    on p.day = s.day and p.visitor_key = s.visitor_key and p.part_number = s.part_number
