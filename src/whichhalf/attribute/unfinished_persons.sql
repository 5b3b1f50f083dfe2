-- Wanted persons with a session that begins before their last conversion and is still open a day after it:
-- it may go on with parts that were not read.
-- grain: person_id
select distinct s.person_id
from person_sessions as s
inner join wanted_persons as w
    on s.person_id = w.person_id and s.started_at + interval 1 day <= w.until_at
    and s.ended_at + interval :session_gap_minutes minute >= w.until_at
