-- What a decision about a cut changes: users and visitors that belong to somebody else then, persons
-- before and after of all whom it touches, conversions that move, and those that are credited anew.
-- grain: the one row
with moved_users as (
    select o.user_id, o.person_id as old_person_id, n.person_id as new_person_id
    from old_users as o
    inner join users as n on o.user_id = n.user_id
    where o.person_id <> n.person_id
),

moved_rows as (
    select o.visitor_key, o.visitor_id, o.app, o.person_id
    from old_persons as o
    left join new_persons as n
        on o.visitor_key = n.visitor_key and o.since = n.since and o.until = n.until
        and o.person_id = n.person_id
    where n.visitor_key is null
    union all
    select n.visitor_key, n.visitor_id, n.app, n.person_id
    from new_persons as n
    left join old_persons as o
        on o.visitor_key = n.visitor_key and o.since = n.since and o.until = n.until
        and o.person_id = n.person_id
    where o.visitor_key is null
),

-- A visitor that belongs to no user is its own person.
alone_before as (
    select distinct m.visitor_key, concat(m.visitor_id, '@', m.app) as person_id
    from moved_rows as m
    left join old_persons as o on m.visitor_key = o.visitor_key
    where o.visitor_key is null
),

alone_after as (
    select distinct m.visitor_key, concat(m.visitor_id, '@', m.app) as person_id
    from moved_rows as m
    left join new_persons as n on m.visitor_key = n.visitor_key
    where n.visitor_key is null
),

touched as (
    select old_person_id as person_id from moved_users
    union
    select new_person_id from moved_users
    union
    select person_id from moved_rows
    union
    select person_id from alone_before
    union
    select person_id from alone_after
),

before as (
    select o.person_id from old_users as o inner join touched as t on o.person_id = t.person_id
    union
    select person_id from alone_before
),

after as (
    select n.person_id from users as n inner join touched as t on n.person_id = t.person_id
    union
    select person_id from alone_after
),

resolved as (
    select
        c.person_id as old_person_id,
        coalesce(
            u.person_id, c.user_id, p.person_id,
            case when c.visitor_id is not null then concat(c.visitor_id, '@', c.app) end, c.person_id
        ) as new_person_id
    from conversions as c
    left join users as u on c.user_id = u.user_id
    left join new_persons as p
        on c.visitor_key = p.visitor_key and c.user_id is null
        and c.converted_at >= p.since and c.converted_at < p.until
),

counted as (
    select
        sum(case when r.old_person_id <> r.new_person_id then 1 else 0 end) as conversions_moved,
        sum(case when o.person_id is not null or n.person_id is not null then 1 else 0 end)
            as conversions_touched
    from resolved as r
    left join touched as o on r.old_person_id = o.person_id
    left join touched as n on r.new_person_id = n.person_id
)

select
    (select count(*) from moved_users) as users_moved,
    (select count(distinct visitor_key) from moved_rows) as visitors_moved,
    (select count(*) from before) as persons_before,
    (select count(*) from after) as persons_after,
    cast(coalesce(k.conversions_moved, 0) as bigint) as conversions_moved,
    cast(coalesce(k.conversions_touched, 0) as bigint) as conversions_touched
from counted as k
