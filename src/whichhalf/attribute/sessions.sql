-- Sessions of every person, numbered; in the one of the signup signed_up is true.
-- grain: session_id, app    day: started_at
select
    s.session_id, s.app, s.person_id, s.session_number, s.started_at, s.ended_at, s.event_count,
    s.page_count, s.landing_url, s.source_key,
    case when u.session_id is null then false else true end as signed_up
from person_sessions as s
left join useful_sessions as u
    on s.person_id = u.person_id and s.session_id = u.session_id and u.role = 'signup'
