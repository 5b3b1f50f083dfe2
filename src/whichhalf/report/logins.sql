-- Logins from :starts_at on, before :ends_at, with the person that each belongs to now.
-- grain: app, login_id    day: occurred_at
select
    k.app, k.message_id as login_id, k.occurred_at,
    coalesce(u.person_id, k.user_id, v.person_id,
    case when k.visitor_id is not null then concat(k.visitor_id, '@', k.app) end) as person_id
from key_events as k
left join users as u on k.user_id = u.user_id
left join persons as v
    on k.visitor_key = v.visitor_key and k.user_id is null
    and k.occurred_at >= v.since and k.occurred_at < v.until
where k.event_kind = 'login' and k.occurred_at >= :starts_at and k.occurred_at < :ends_at
    and coalesce(k.user_id, k.visitor_id) is not null
