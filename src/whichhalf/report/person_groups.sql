-- The company of each person: that of its latest `group` call, ties by message id, then app. A call
-- belongs to the person of its part, else of its user, as in event_persons: identities that merge
-- later take their companies with them.
-- grain: person_id
with calls as (
    select day, app, message_id, visitor_id, visitor_key, user_id, occurred_at, group_id
    from events
    where call = 'group' and group_id is not null
),

ranked as (
    select
        c.app, c.message_id, c.occurred_at, c.group_id, c.visitor_id, c.visitor_key,
        p.user_id as part_user_id, p.started_at,
        row_number() over (
            partition by c.app, c.message_id
            order by p.started_at desc, p.part_id desc
        ) as ordinal
    from calls as c
    inner join session_parts as p
        on c.day = p.day and c.visitor_key = p.visitor_key
        and (
            p.started_at < c.occurred_at
            or (p.started_at = c.occurred_at and p.part_id <= c.message_id)
        )
),

of_persons as (
    select
        r.app, r.message_id, r.occurred_at, r.group_id,
        coalesce(
            u.person_id, r.part_user_id, v.person_id,
            case when r.visitor_id is not null then concat(r.visitor_id, '@', r.app) end
        ) as person_id
    from ranked as r
    left join users as u on r.part_user_id = u.user_id
    left join persons as v
        on r.visitor_key = v.visitor_key and r.part_user_id is null
        and r.started_at >= v.since and r.started_at < v.until
    where r.ordinal = 1
    union all
    select c.app, c.message_id, c.occurred_at, c.group_id, u.person_id
    from calls as c
    inner join users as u on c.user_id = u.user_id
    where c.visitor_key is null
),

latest as (
    select
        person_id, group_id, occurred_at, message_id,
        row_number() over (
            partition by person_id order by occurred_at desc, message_id desc, app desc
        ) as ordinal
    from of_persons
)

select person_id, group_id, occurred_at as grouped_at, message_id
from latest
where ordinal = 1
