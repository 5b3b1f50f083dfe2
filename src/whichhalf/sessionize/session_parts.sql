-- One row per part of a visitor's day: events with no gap over the limit and one user at most.
-- The boundary rows of numbered_events carry all counts; what a part keeps a "first" of is the row
-- whose running count is one above the count before the part.
-- grain: app, part_id    day: started_at
with last_events as (
    select day, visitor_key, max(position) as position, max(occurred_at) as ended_at, max(pages) as pages
    from numbered_events
    group by day, visitor_key
),

boundaries as (
    select
        day, app, message_id, visitor_id, visitor_key, occurred_at, country, os, position,
        pages - is_page as pages_before,
        blogs - is_blog as blogs_before,
        sourced - case when source_key is null then 0 else 1 end as sourced_before,
        users - case when user_id is null then 0 else 1 end as users_before,
        lead(previous_at) over (partition by day, visitor_key order by position) as ended_at,
        lead(position) over (partition by day, visitor_key order by position) as next_position,
        lead(pages - is_page) over (partition by day, visitor_key order by position) as pages_after
    from numbered_events
    where begins_part = 1
),

bounded as (
    select
        b.day, b.app, b.message_id, b.visitor_id, b.visitor_key, b.occurred_at, b.country, b.os,
        b.position, b.pages_before, b.blogs_before, b.sourced_before, b.users_before,
        coalesce(b.ended_at, l.ended_at) as ended_at,
        coalesce(b.next_position, l.position + 1) as next_position,
        coalesce(b.pages_after, l.pages) as pages_after
    from boundaries as b
    inner join last_events as l on b.day = l.day and b.visitor_key = l.visitor_key
)

select
    b.day,
    b.app,
    b.message_id as part_id,
    b.visitor_id,
    b.visitor_key,
    u.user_id,
    b.occurred_at as started_at,
    b.ended_at,
    cast(b.next_position - b.position as bigint) as event_count,
    cast(b.pages_after - b.pages_before as bigint) as page_count,
    p.occurred_at as first_page_at,
    p.message_id as first_page_id,
    p.url as first_page_url,
    g.occurred_at as first_blog_at,
    g.message_id as first_blog_id,
    g.url as first_blog_url,
    s.occurred_at as first_sourced_at,
    s.message_id as first_sourced_id,
    s.source_key as first_sourced_key,
    b.country,
    b.os
from bounded as b
left join numbered_events as u
    on b.day = u.day and b.visitor_key = u.visitor_key and u.user_id is not null
    and u.users = b.users_before + 1 and u.position < b.next_position
left join numbered_events as p
    on b.day = p.day and b.visitor_key = p.visitor_key and p.is_page = 1
    and p.pages = b.pages_before + 1 and p.position < b.next_position
left join numbered_events as g
    on b.day = g.day and b.visitor_key = g.visitor_key and g.is_blog = 1
    and g.blogs = b.blogs_before + 1 and g.position < b.next_position
left join numbered_events as s
    on b.day = s.day and b.visitor_key = s.visitor_key and s.source_key is not null
    and s.sourced = b.sourced_before + 1 and s.position < b.next_position
