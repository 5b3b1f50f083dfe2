-- Events that parts and touches are made of: those at an instant that is the first of its part, of its
-- pages or of its pages of the blog, and those that may bring a source. part_number: of the part that
-- the instant is of; null for the others. run: see shared_events.
-- grain: app, message_id    day: occurred_at
with instants as (
    select visitor_key, run, part_number, started_at as occurred_at
    from cut_parts
    union all
    select visitor_key, run, part_number, first_page_at
    from cut_parts
    where first_page_at > started_at
    union all
    select visitor_key, run, part_number, first_blog_at
    from cut_parts
    where first_blog_at > started_at and first_blog_at <> first_page_at
),

plain_instants as (
    select i.visitor_key, i.occurred_at, i.part_number
    from instants as i
    where i.run = 0
)

select
    e.day, e.app, e.message_id, e.visitor_id, e.visitor_key, cast(0 as bigint) as run, e.call,
    e.occurred_at, e.url, e.url_host, e.url_path, e.country, e.os,
    e.source, e.medium, e.campaign, e.content, e.term, e.utm_id, e.click_id_kind, e.click_id,
    e.referrer_host, i.part_number
from events as e
left join plain_instants as i on e.visitor_key = i.visitor_key and e.occurred_at = i.occurred_at
left join (select distinct day, visitor_key from shared_events) as s
    on e.day = s.day and e.visitor_key = s.visitor_key
where
    e.visitor_key is not null and s.visitor_key is null
    and (
        i.part_number is not null
        or e.source is not null or e.medium is not null or e.campaign is not null
        or e.utm_id is not null or e.click_id_kind is not null or e.referrer_host is not null
    )
union all
select
    e.day, e.app, e.message_id, e.visitor_id, e.visitor_key, e.run, e.call,
    e.occurred_at, e.url, e.url_host, e.url_path, e.country, e.os,
    e.source, e.medium, e.campaign, e.content, e.term, e.utm_id, e.click_id_kind, e.click_id,
    e.referrer_host, i.part_number
from shared_events as e
left join instants as i
    on e.visitor_key = i.visitor_key and e.occurred_at = i.occurred_at and e.run = i.run
