-- For each signup: how many sessions began at or before it, the first one and the one of the signup.
-- grain: person_id    day: signed_up_at
select
    c.day, c.app, c.person_id, c.conversion_id, c.converted_at as signed_up_at,
    count(s.session_id) as sessions_before,
    min(s.session_number) as first_number,
    max(s.session_number) as signup_number,
    min(case when s.session_number = 1 then s.ended_at end) as first_ended_at
from wanted_conversions as c
left join person_sessions as s
    on c.person_id = s.person_id and s.started_at <= c.converted_at
where c.conversion_kind = 'signup'
group by c.day, c.app, c.person_id, c.conversion_id, c.converted_at
