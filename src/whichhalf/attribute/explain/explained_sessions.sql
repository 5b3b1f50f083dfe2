-- Sessions of the wanted persons, a row for each visitor (browser, device) in them, with their source.
-- grain: person_id, session_number, app, visitor_id    day: started_at
with devices as (
    select
        s.person_id, s.session_number, w.app, w.visitor_id, min(w.started_at) as first_at,
        min(w.os) as os, min(w.country) as country
    from part_sessions as s
    inner join wanted_parts as w on s.app = w.app and s.part_id = w.part_id
    group by s.person_id, s.session_number, w.app, w.visitor_id
)

select
    s.person_id, s.session_number, s.session_id, s.app, s.started_at, s.ended_at, s.event_count,
    s.page_count, s.landing_url, s.source_key, coalesce(k.source, k.referrer_host) as source,
    k.medium, k.campaign, coalesce(k.channel, 'Direct') as channel, d.visitor_id, d.os, d.country
from person_sessions as s
inner join devices as d on s.person_id = d.person_id and s.session_number = d.session_number
left join sources as k on s.source_key = k.source_key
order by s.person_id, s.session_number, d.first_at, d.visitor_id, d.app
