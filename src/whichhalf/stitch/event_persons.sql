-- Which person each event belongs to now: that of its part for a visitor's event, else of its user.
-- A user of [stitch] ignored_user_ids is nobody, so not among `users`: its server calls are left out.
-- grain: app, message_id    day: occurred_at
with ranked as (
    select
        e.app, e.message_id, e.user_id, p.user_id as part_user_id, p.started_at, e.visitor_id,
        e.visitor_key,
        row_number() over (
            partition by e.app, e.message_id
            order by p.started_at desc, p.part_id desc
        ) as ordinal
    from events as e
    inner join session_parts as p
        on e.day = p.day and e.visitor_key = p.visitor_key
        and (
            p.started_at < e.occurred_at
            or (p.started_at = e.occurred_at and p.part_id <= e.message_id)
        )
)

select
    r.app, r.message_id,
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
select e.app, e.message_id, u.person_id
from events as e
inner join users as u on e.user_id = u.user_id
where e.visitor_key is null
