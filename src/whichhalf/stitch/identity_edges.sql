-- Who was seen with whom on a day. `seen`: the visitor begins to carry the user (its first event with
-- a user id that day, and each change); `user`: a server call, a payment or another row without a
-- visitor knows the user; `alias`: the user had an earlier id.
-- grain: edge_kind, app, visitor_key, user_id, previous_id, message_id    day: first_at
with carried as (
    select
        day, app, visitor_id, visitor_key, user_id, occurred_at as first_at, message_id, call,
        lag(user_id) over (
            partition by day, visitor_key order by occurred_at, message_id
        ) as previous_user_id
    from events
    where visitor_key is not null and user_id is not null
),

named as (
    select day, app, user_id, occurred_at as first_at, message_id, call
    from events
    where visitor_key is null and user_id is not null
    union all
    select day, app, user_id, paid_at, payment_id, 'payment'
    from payments
    where user_id is not null
    union all
    select day, app, user_id, converted_at, conversion_id, 'conversion'
    from loaded_conversions
    where user_id is not null
    union all
    select day, app, user_id, first_open_at, install_id, 'install'
    from installs
    where visitor_key is null and user_id is not null
    union all
    select day, app, user_id, touched_at, touch_id, 'click'
    from clicks
    where visitor_key is null and user_id is not null
),

servers as (
    select
        day, app, user_id, first_at, message_id, call,
        row_number() over (
            partition by day, app, user_id order by first_at, message_id, call
        ) as ordinal
    from named
),

edges as (
    select day, 'seen' as edge_kind, app, visitor_id, visitor_key, user_id,
        cast(null as varchar) as previous_id, first_at, message_id, call
    from carried
    where previous_user_id is null or previous_user_id <> user_id
    union all
    select day, 'user', app, cast(null as varchar), cast(null as bigint), user_id,
        cast(null as varchar), first_at, message_id, call
    from servers
    where ordinal = 1
    union all
    select day, 'alias', app, cast(null as varchar), cast(null as bigint), user_id, previous_id,
        occurred_at, message_id, call
    from events
    where call = 'alias' and user_id is not null and previous_id is not null
    union all
    select day, 'seen', app, visitor_id, visitor_key, user_id, cast(null as varchar),
        first_open_at, install_id, 'install'
    from installs
    where visitor_key is not null and user_id is not null
    union all
    select day, 'seen', app, visitor_id, visitor_key, user_id, cast(null as varchar), touched_at,
        touch_id, 'click'
    from clicks
    where visitor_key is not null and user_id is not null
)

select
    e.day, e.edge_kind, e.app, e.visitor_id, e.visitor_key, e.user_id, e.previous_id, e.first_at,
    e.message_id, e.call
from edges as e
left join ignored_users as i on e.user_id = i.user_id
where i.user_id is null
