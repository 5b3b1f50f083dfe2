-- Sessions of persons: parts coalesced, numbered. What a session is "first" in comes by (time, id)
-- among its parts, not from the part that began first. Most sessions are one part, and not ranked.
-- grain: session_id, app    day: started_at
with ranked as (
    select
        p.app, p.part_id, s.person_id, s.session_number, p.started_at, p.ended_at, p.event_count,
        p.page_count, p.first_page_url, p.first_sourced_key,
        row_number() over (
            partition by s.person_id, s.session_number order by p.started_at, p.part_id, p.app
        ) as nth,
        row_number() over (
            partition by s.person_id, s.session_number
            order by coalesce(p.first_page_at, timestamp '9999-12-31 00:00:00'),
                coalesce(p.first_page_id, p.part_id), p.app
        ) as nth_page,
        row_number() over (
            partition by s.person_id, s.session_number
            order by coalesce(p.first_sourced_at, timestamp '9999-12-31 00:00:00'),
                coalesce(p.first_sourced_id, p.part_id), p.app
        ) as nth_sourced
    from person_parts as p
    inner join part_sessions as s on p.app = s.app and p.part_id = s.part_id
    where s.is_alone = 0
)

select
    max(case when nth = 1 then part_id end) as session_id,
    max(case when nth = 1 then app end) as app,
    person_id,
    session_number,
    min(started_at) as started_at,
    max(ended_at) as ended_at,
    cast(sum(event_count) as bigint) as event_count,
    cast(sum(page_count) as bigint) as page_count,
    max(case when nth_page = 1 then first_page_url end) as landing_url,
    coalesce(max(case when nth_sourced = 1 then first_sourced_key end), 'direct') as source_key
from ranked
group by person_id, session_number
union all
select
    p.part_id, p.app, s.person_id, s.session_number, p.started_at, p.ended_at, p.event_count,
    p.page_count, p.first_page_url, coalesce(p.first_sourced_key, 'direct')
from person_parts as p
inner join part_sessions as s on p.app = s.app and p.part_id = s.part_id
where s.is_alone = 1
