-- Visitors (browsers, devices) of the wanted persons: whom each belonged to from when to when, which call
-- tied it, and what the sessions of that person on it hold. since null: from the beginning; until null:
-- to this day.
-- grain: app, visitor_id, since, person_id
with seen as (
    select
        w.app, w.visitor_id, w.visitor_key, p.person_id,
        min(p.started_at) as first_seen_at, max(p.ended_at) as last_seen_at,
        count(p.part_id) as parts, cast(sum(p.event_count) as bigint) as events
    from person_parts as p
    inner join wanted_parts as w on p.app = w.app and p.part_id = w.part_id
    group by w.app, w.visitor_id, w.visitor_key, p.person_id
),

links as (
    select visitor_key, user_id, first_at, message_id, call
    from identity_edges
    where edge_kind = 'seen'
    union all
    select v.visitor_key, e.user_id, e.first_at, e.message_id, e.call
    from identity_edges as e
    inner join persons as v
        on e.app = v.app and e.user_id = v.user_id and v.visitor_id = concat('a:', e.previous_id)
    where e.edge_kind = 'alias'
),

tied as (
    select
        visitor_key, user_id, first_at, message_id, call,
        row_number() over (
            partition by visitor_key, user_id, call order by first_at, message_id
        ) as of_call,
        row_number() over (
            partition by visitor_key, user_id, call, first_at order by message_id
        ) as of_instant
    from links
),

known as (
    select
        v.app, v.visitor_id, v.visitor_key, v.user_id, v.person_id, v.by_call,
        case when v.since > timestamp '1970-01-01 00:00:00' then v.since end as since,
        case when v.until < timestamp '9999-12-31 00:00:00' then v.until end as until,
        t.first_at as tied_at, t.message_id as tied_by
    from persons as v
    left join tied as t
        on v.visitor_key = t.visitor_key and v.user_id = t.user_id and v.by_call = t.call
        and t.of_instant = 1
        and (
            t.first_at = v.since
            or (v.since = timestamp '1970-01-01 00:00:00' and t.of_call = 1)
        )
)

select
    coalesce(k.app, s.app) as app, coalesce(k.visitor_id, s.visitor_id) as visitor_id,
    coalesce(k.visitor_key, s.visitor_key) as visitor_key,
    coalesce(k.person_id, s.person_id) as person_id, k.user_id, k.since, k.until, k.by_call,
    k.tied_at, k.tied_by, s.first_seen_at, s.last_seen_at, s.parts, s.events
from known as k
full outer join seen as s
    on k.visitor_key = s.visitor_key and k.person_id = s.person_id
