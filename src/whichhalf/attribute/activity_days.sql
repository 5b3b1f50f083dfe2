-- What a person did on a UTC day: parts of sessions begun, events in them, key events by kind.
-- grain: app, person_id, active_on
with parts as (
    select
        app, person_id, cast(started_at as date) as active_on, cast(1 as bigint) as sessions,
        event_count as events, cast(0 as bigint) as logins, cast(0 as bigint) as signups,
        cast(0 as bigint) as purchases
    from person_parts
),

key_days as (
    select
        k.app,
        coalesce(
            u.person_id, k.user_id, v.person_id,
            case when k.visitor_id is not null then concat(k.visitor_id, '@', k.app) end
        ) as person_id,
        cast(k.occurred_at as date) as active_on,
        cast(0 as bigint) as sessions,
        cast(0 as bigint) as events,
        cast(case when k.event_kind = 'login' then 1 else 0 end as bigint) as logins,
        cast(case when k.event_kind = 'signup' then 1 else 0 end as bigint) as signups,
        cast(case when k.event_kind = 'purchase' then 1 else 0 end as bigint) as purchases
    from key_events as k
    left join users as u on k.user_id = u.user_id
    left join persons as v
        on k.visitor_key = v.visitor_key and k.user_id is null
        and k.occurred_at >= v.since and k.occurred_at < v.until
),

both_kinds as (
    select app, person_id, active_on, sessions, events, logins, signups, purchases from parts
    union all
    select app, person_id, active_on, sessions, events, logins, signups, purchases from key_days
)

select
    app, person_id, active_on, cast(sum(sessions) as bigint) as sessions,
    cast(sum(events) as bigint) as events, cast(sum(logins) as bigint) as logins,
    cast(sum(signups) as bigint) as signups, cast(sum(purchases) as bigint) as purchases
from both_kinds
where person_id is not null
group by app, person_id, active_on
