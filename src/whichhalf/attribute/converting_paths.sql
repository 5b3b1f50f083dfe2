-- Channels that each conversion's person touched before it, in order: what fitted models learn from. A
-- row a touch; begins_path = 1 where a path begins. Direct visits are left out before anything is counted.
-- grain: conversion_kind, position
with steps as (
    select
        c.conversion_kind, c.person_id, c.app, c.conversion_id, c.touched_at, c.touch_id, s.channel
    from rule_credits as c
    inner join sources as s on c.source_key = s.source_key
    where c.model = 'linear' and c.source_key <> 'direct'
)

select
    conversion_kind, person_id, channel,
    case
        when row_number() over (
            partition by conversion_kind, app, conversion_id order by touched_at, touch_id
        ) = 1 then 1 else 0
    end as begins_path
from steps
order by conversion_kind, person_id, app, conversion_id, touched_at, touch_id
