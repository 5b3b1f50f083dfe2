-- Visitors of the wanted persons, each with the moment until which its history is read. One that is cut off
-- from a user, and so not in persons, may have carried it even so.
-- grain: visitor_key
with found as (
    select p.visitor_key, w.until_at
    from persons as p
    inner join wanted_persons as w on p.person_id = w.person_id
    union all
    select c.visitor_key, w.until_at
    from wanted_conversions as c
    inner join wanted_persons as w on c.person_id = w.person_id
    where c.visitor_key is not null
    union all
    select s.visitor_key, w.until_at
    from session_parts as s
    inner join wanted_users as w on s.user_id = w.user_id
    union all
    select t.visitor_key, w.until_at
    from touches as t
    inner join wanted_users as w on t.user_id = w.user_id
    where t.visitor_key is not null
)

select visitor_key, max(until_at) as until_at
from found
group by visitor_key
