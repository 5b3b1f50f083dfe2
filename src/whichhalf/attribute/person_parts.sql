-- Session parts with the person that each belongs to now: that of its user id; else that of the user
-- whom the visitor last carried at or before its start, else of the next one; else its own. Excluded
-- visitors are left out whole, whichever day they were excluded for.
-- grain: app, part_id    day: started_at
with excluded as (
    select distinct visitor_key
    from excluded_visitors
)

select
    p.day, p.app, p.part_id, p.visitor_key, p.started_at, p.ended_at, p.event_count, p.page_count,
    p.first_page_at, p.first_page_id, p.first_page_url, p.first_blog_at, p.first_blog_id,
    p.first_blog_url, p.first_sourced_at, p.first_sourced_id, p.first_sourced_key, p.country, p.os,
    coalesce(
        u.person_id, p.user_id, v.person_id, concat(p.visitor_id, '@', p.app)
    ) as person_id
from wanted_parts as p
left join excluded as x on p.visitor_key = x.visitor_key
left join users as u on p.user_id = u.user_id
left join persons as v
    on p.visitor_key = v.visitor_key and p.user_id is null
    and p.started_at >= v.since and p.started_at < v.until
where x.visitor_key is null
