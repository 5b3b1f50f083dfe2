-- Events of visitors in order, each with its position in the visitor's day, running counts of what a
-- part keeps a "first" of, and whether a part begins at it: after a gap of more than
-- :session_gap_minutes (a gap of exactly that stays), or where the user id differs from the last one
-- that the visitor carried that day. One sort serves every window here.
-- grain: app, message_id    day: occurred_at
with user_changes as (
    select message_id, visitor_key
    from (
        select
            message_id, visitor_key, user_id,
            lag(user_id) over (
                partition by day, visitor_key order by occurred_at, message_id
            ) as previous_user_id
        from usable_events
        where visitor_key is not null and user_id is not null
    ) as carried
    where previous_user_id is not null and previous_user_id <> user_id
),

flagged as (
    select
        e.day, e.app, e.message_id, e.visitor_id, e.visitor_key, e.user_id, e.occurred_at,
        e.url, e.source_key, e.country, e.os,
        case when e.call in ('page', 'screen') then 1 else 0 end as is_page,
        case when e.call = 'page' and b.url_path is not null then 1 else 0 end as is_blog,
        case when c.message_id is null then 0 else 1 end as changes_user
    from usable_events as e
    left join user_changes as c
        on e.message_id = c.message_id and e.visitor_key = c.visitor_key
    left join blog_paths as b on e.url_path = b.url_path
    where e.visitor_key is not null
),

ordered as (
    select
        day, app, message_id, visitor_id, visitor_key, user_id, occurred_at, url, source_key,
        country, os, is_page, is_blog, changes_user,
        row_number() over (
            partition by day, visitor_key order by occurred_at, message_id
        ) as position,
        lag(occurred_at) over (
            partition by day, visitor_key order by occurred_at, message_id
        ) as previous_at,
        sum(is_page) over (
            partition by day, visitor_key order by occurred_at, message_id
            rows between unbounded preceding and current row
        ) as pages,
        sum(is_blog) over (
            partition by day, visitor_key order by occurred_at, message_id
            rows between unbounded preceding and current row
        ) as blogs,
        count(source_key) over (
            partition by day, visitor_key order by occurred_at, message_id
            rows between unbounded preceding and current row
        ) as sourced,
        count(user_id) over (
            partition by day, visitor_key order by occurred_at, message_id
            rows between unbounded preceding and current row
        ) as users
    from flagged
)

select
    day, app, message_id, visitor_id, visitor_key, user_id, occurred_at, url, source_key,
    country, os, is_page, is_blog, position, previous_at, pages, blogs, sourced, users,
    case
        when previous_at is null or changes_user = 1
            or occurred_at > previous_at + interval :session_gap_minutes minute
        then 1 else 0
    end as begins_part
from ordered
