-- Paid touches of the networks that claim, with the person of each.
-- grain: network, touch_id    day: touched_at
select
    t.touch_id, t.touched_at, s.network,
    case when t.touch_type = 'impression' then 1 else 0 end as is_view,
    coalesce(
        p.person_id, u.person_id, t.user_id, v.person_id,
        case when t.visitor_id is not null then concat(t.visitor_id, '@', t.app) end
    ) as person_id
from touches as t
inner join sources as s on t.source_key = s.source_key and s.is_paid
inner join claiming_networks as n on s.network = n.network
left join person_parts as p on t.app = p.app and t.part_id = p.part_id
left join users as u on t.user_id = u.user_id
left join persons as v
    on t.visitor_key = v.visitor_key and t.user_id is null
    and t.touched_at >= v.since and t.touched_at < v.until
left join (
    select distinct visitor_key
    from excluded_visitors
) as x on t.visitor_key = x.visitor_key
where x.visitor_key is null
