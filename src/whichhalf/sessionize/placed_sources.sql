-- Which events of crowded parts, those with several that bring a source, are the first of theirs. place:
-- among all of the part that bring one; place_of_source: among those that bring the same.
-- grain: app, message_id
with crowded as (
    select day, visitor_key, part_number
    from sourced_events
    group by day, visitor_key, part_number
    having count(*) > 1
)

select
    e.app, e.message_id, e.visitor_key,
    row_number() over (
        partition by e.day, e.visitor_key, e.part_number order by e.occurred_at, e.message_id
    ) as place,
    row_number() over (
        partition by e.day, e.visitor_key, e.part_number, e.source_key
        order by e.occurred_at, e.message_id
    ) as place_of_source
from sourced_events as e
inner join crowded as c
    on e.day = c.day and e.visitor_key = c.visitor_key and e.part_number = c.part_number
