-- Events that [events] in whichhalf.toml gives a kind: install, signup, login or purchase.
-- grain: app, message_id    day: occurred_at
select
    e.day, e.app, e.message_id, k.event_kind, e.occurred_at, e.visitor_id, e.visitor_key,
    case when i.user_id is null then e.user_id end as user_id,
    e.revenue, e.currency, e.country, e.os
from events as e
inner join event_kinds as k on e.name = k.name
left join ignored_users as i on e.user_id = i.user_id
where e.call in ('track', 'page', 'screen')
