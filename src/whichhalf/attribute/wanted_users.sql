-- User ids of the wanted persons, each with the moment until which its history is read.
-- grain: user_id
with found as (
    select u.user_id, w.until_at
    from users as u
    inner join wanted_persons as w on u.person_id = w.person_id
    union all
    select c.user_id, w.until_at
    from wanted_conversions as c
    inner join wanted_persons as w on c.person_id = w.person_id
    where c.user_id is not null
)

select user_id, max(until_at) as until_at
from found
group by user_id
