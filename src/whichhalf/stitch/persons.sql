-- Which person a visitor belongs to, from when on: a row for each change of the user that it carries.
-- The first row holds from the beginning, so that what came before the first log-in belongs to it.
-- grain: visitor_key, since
with closed as (
    select visitor_key
    from standing_cuts
    where cut_kind = 'visitor' and user_id is null
),

cut_off as (
    select visitor_key, user_id
    from standing_cuts
    where cut_kind = 'visitor' and user_id is not null
),

-- A visitor is no longer told by a user that it is cut off from; by none, where it is cut off from all.
seen as (
    select e.app, e.visitor_id, e.visitor_key, e.user_id, e.first_at, e.message_id, e.call
    from identity_edges as e
    left join cut_off as c on e.visitor_key = c.visitor_key and e.user_id = c.user_id
    left join closed as w on e.visitor_key = w.visitor_key
    where e.edge_kind = 'seen' and c.visitor_key is null and w.visitor_key is null
),

links as (
    select app, visitor_id, visitor_key, user_id, first_at, message_id, call
    from seen
    union all
    select app, visitor_id, visitor_key, user_id, first_at, message_id, call
    from alias_links
),

ordered as (
    select
        app, visitor_id, visitor_key, user_id, first_at, message_id, call,
        lag(user_id) over (partition by visitor_key order by first_at, message_id, user_id) as previous_user_id
    from links
),

changes as (
    select
        app, visitor_id, visitor_key, user_id, first_at, call,
        row_number() over (partition by visitor_key order by first_at, message_id, user_id) as ordinal,
        lead(first_at) over (partition by visitor_key order by first_at, message_id, user_id) as next_at
    from ordered
    where previous_user_id is null or previous_user_id <> user_id
)

select
    c.app, c.visitor_id, c.visitor_key,
    case when c.ordinal = 1 then timestamp '1970-01-01 00:00:00' else c.first_at end as since,
    coalesce(c.next_at, timestamp '9999-12-31 00:00:00') as until,
    c.user_id, u.person_id, c.call as by_call
from changes as c
inner join users as u on c.user_id = u.user_id
where c.next_at is null or c.next_at > c.first_at or c.ordinal = 1
