-- Who converts on the wanted days, and until when their history is read: a day after the last of these
-- conversions. What begins later changes none of them, but may belong to a session that goes on: see
-- unfinished_persons.
-- grain: person_id
select person_id, max(attributed_at) + interval 1 day as until_at
from wanted_conversions
group by person_id
