-- Touches of persons: of each session the first of each source tuple, or what :session_touches says;
-- clicks and impressions, which are in no session, each for itself; and one direct touch at the start of
-- each session that gives none. Excluded visitors are left out whole, their clicks too.
-- grain: person_id, touch_id    day: touched_at
with excluded as (
    select distinct visitor_key
    from excluded_visitors
),

in_sessions as (
    select
        t.app, t.touch_id, t.touch_type, t.touched_at, t.source_key, t.referrer_host, s.person_id,
        s.session_number,
        row_number() over (
            partition by
                s.person_id, s.session_number,
                case when :session_touches = 'each' then t.source_key else '' end
            order by t.touched_at, t.touch_id
        ) as ordinal
    from wanted_touches as t
    inner join part_sessions as s on t.app = s.app and t.part_id = s.part_id
),

-- The first event of a session is that of its first part, whose id it gives to both.
chosen as (
    select
        t.app, t.touch_id, t.touch_type, t.touched_at, t.source_key, t.referrer_host, t.person_id,
        t.session_number
    from in_sessions as t
    inner join person_sessions as s
        on t.person_id = s.person_id and t.session_number = s.session_number
    where t.ordinal = 1 and (:session_touches <> 'first_event' or t.touch_id = s.session_id)
),

outside as (
    select
        t.app, t.touch_id, t.touch_type, t.touched_at, t.source_key, t.referrer_host,
        coalesce(
            u.person_id, t.user_id, v.person_id,
            case when t.visitor_id is not null then concat(t.visitor_id, '@', t.app) end
        ) as person_id
    from wanted_touches as t
    left join users as u on t.user_id = u.user_id
    left join persons as v
        on t.visitor_key = v.visitor_key and t.user_id is null
        and t.touched_at >= v.since and t.touched_at < v.until
    left join excluded as x on t.visitor_key = x.visitor_key
    where t.part_id is null and x.visitor_key is null
),

sourced_sessions as (
    select distinct person_id, session_number
    from chosen
)

select
    app, person_id, touch_id, touch_type, touched_at, source_key, session_number, referrer_host
from chosen
union all
select
    app, person_id, touch_id, touch_type, touched_at, source_key, cast(null as bigint),
    referrer_host
from outside
where person_id is not null
union all
select
    s.app, s.person_id, s.session_id, 'visit', s.started_at, 'direct', s.session_number,
    cast(null as varchar)
from person_sessions as s
left join sourced_sessions as k
    on s.person_id = k.person_id and s.session_number = k.session_number
where k.person_id is null
