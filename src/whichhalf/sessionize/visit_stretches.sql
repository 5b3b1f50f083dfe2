-- What each visitor did in each stretch of a day: as long as :session_gap_minutes, counted from midnight.
-- No two events of a stretch are further apart than that, so no part can begin inside one by a gap:
-- parts are cut between stretches, of which there are few, and no event is ever sorted.
-- grain: day, visitor_key, stretch
select
    e.day, e.visitor_key,
    date_diff('microsecond', cast(e.day as timestamp), e.occurred_at)
        // (cast(60000000 as bigint) * :session_gap_minutes) as stretch,
    min(e.occurred_at) as started_at,
    max(e.occurred_at) as ended_at,
    count(*) as event_count,
    count(case when e.call in ('page', 'screen') then 1 end) as page_count,
    min(case when e.call in ('page', 'screen') then e.occurred_at end) as first_page_at,
    min(case when e.call = 'page' and b.url_path is not null then e.occurred_at end) as first_blog_at,
    min(case when i.user_id is null then e.user_id end) as least_user_id,
    max(case when i.user_id is null then e.user_id end) as greatest_user_id
from events as e
left join ignored_users as i on e.user_id = i.user_id
left join blog_paths as b on e.url_path = b.url_path
where e.visitor_key is not null
group by
    e.day, e.visitor_key,
    date_diff('microsecond', cast(e.day as timestamp), e.occurred_at)
        // (cast(60000000 as bigint) * :session_gap_minutes)
