-- Of each person who signed up: the first session, and the last that began at or before the signup.
-- grain: person_id, role    day: signed_up_at
select
    g.day, g.person_id, 'first' as role, s.session_id, s.session_number, s.started_at, s.ended_at,
    s.event_count, s.page_count, s.landing_url, s.source_key, g.signed_up_at
from signup_sessions as g
inner join person_sessions as s
    on g.person_id = s.person_id and g.first_number = s.session_number
union all
select
    g.day, g.person_id, 'signup', s.session_id, s.session_number, s.started_at, s.ended_at,
    s.event_count, s.page_count, s.landing_url, s.source_key, g.signed_up_at
from signup_sessions as g
inner join person_sessions as s
    on g.person_id = s.person_id and g.signup_number = s.session_number
