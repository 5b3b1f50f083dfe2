-- Channels touched by persons who never converted, in order, for each kind of conversion: the paths that
-- ended in nothing. Direct visits are left out, as in converting_paths, and a part of a session gives
-- what :session_touches lets a session give.
-- grain: conversion_kind, position
with kinds as (
    select distinct conversion_kind
    from rule_credits
    where model = 'linear'
),

converted as (
    select distinct conversion_kind, person_id
    from rule_credits
    union
    select distinct conversion_kind, person_id
    from unattributed
),

touched as (
    select
        t.app, t.touch_id, t.touched_at, t.part_id, s.channel,
        row_number() over (
            partition by t.app, t.part_id order by t.touched_at, t.touch_id
        ) as nth_of_part,
        coalesce(
            u.person_id, t.user_id, v.person_id,
            case when t.visitor_id is not null then concat(t.visitor_id, '@', t.app) end
        ) as person_id
    from touches as t
    inner join sources as s on t.source_key = s.source_key
    left join users as u on t.user_id = u.user_id
    left join persons as v
        on t.visitor_key = v.visitor_key and t.user_id is null
        and t.touched_at >= v.since and t.touched_at < v.until
    left join (select distinct visitor_key from excluded_visitors) as x
        on t.visitor_key = x.visitor_key
    where x.visitor_key is null and t.source_key <> 'direct'
)

select
    k.conversion_kind, t.person_id, t.channel,
    case
        when row_number() over (
            partition by k.conversion_kind, t.person_id order by t.touched_at, t.touch_id, t.app
        ) = 1 then 1 else 0
    end as begins_path
from touched as t
cross join kinds as k
left join converted as c
    on k.conversion_kind = c.conversion_kind and t.person_id = c.person_id
where c.person_id is null and t.person_id is not null
    and (
        t.part_id is null or :session_touches = 'each'
        or (t.nth_of_part = 1 and (:session_touches = 'first_source' or t.touch_id = t.part_id))
    )
order by k.conversion_kind, t.person_id, t.touched_at, t.touch_id, t.app
