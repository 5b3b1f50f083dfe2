-- Events of the visitors that carried several users on a day, numbered by user: a new run begins at each
-- event whose user id differs from the last one that the visitor carried that day. Few visitors are
-- shared, so only theirs are ordered one by one; all events of anybody else are run 0.
-- grain: app, message_id    day: occurred_at
with shared as (
    select day, visitor_key
    from visit_stretches
    group by day, visitor_key
    having min(least_user_id) <> max(greatest_user_id)
),

visits as (
    select
        e.day, e.app, e.message_id, e.visitor_id, e.visitor_key, e.call, e.occurred_at, e.url,
        e.url_host, e.url_path, e.country, e.os,
        e.source, e.medium, e.campaign, e.content, e.term, e.utm_id, e.click_id_kind, e.click_id,
        e.referrer_host,
        case when i.user_id is null then e.user_id end as user_id
    from events as e
    inner join shared as s on e.day = s.day and e.visitor_key = s.visitor_key
    left join ignored_users as i on e.user_id = i.user_id
),

changes as (
    select message_id, visitor_key
    from (
        select
            message_id, visitor_key, user_id,
            lag(user_id) over (
                partition by day, visitor_key order by occurred_at, message_id
            ) as previous_user_id
        from visits
        where user_id is not null
    ) as carried
    where previous_user_id <> user_id
)

select
    v.day, v.app, v.message_id, v.visitor_id, v.visitor_key, v.call, v.occurred_at, v.url,
    v.url_host, v.url_path, v.country, v.os,
    v.source, v.medium, v.campaign, v.content, v.term, v.utm_id, v.click_id_kind, v.click_id,
    v.referrer_host, v.user_id,
    cast(1 + count(c.message_id) over (
        partition by v.day, v.visitor_key order by v.occurred_at, v.message_id
        rows between unbounded preceding and current row
    ) as bigint) as run
from visits as v
left join changes as c on v.message_id = c.message_id and v.visitor_key = c.visitor_key
