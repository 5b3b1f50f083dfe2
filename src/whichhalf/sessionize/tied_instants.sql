-- Instants of parts at which several of their events happened, with the ids of those that count: of
-- several events at one instant the least id is first.
-- grain: day, visitor_key, part_number, occurred_at
with crowded as (
    select day, visitor_key, part_number, occurred_at
    from chosen_events
    where part_number is not null
    group by day, visitor_key, part_number, occurred_at
    having count(*) > 1
)

select
    e.day, e.visitor_key, e.part_number, e.occurred_at,
    min(e.message_id) as first_id,
    min(case when e.call in ('page', 'screen') then e.message_id end) as first_page_id,
    min(case when e.call = 'page' and b.url_path is not null then e.message_id end) as first_blog_id
from chosen_events as e
inner join crowded as c
    on e.day = c.day and e.visitor_key = c.visitor_key and e.part_number = c.part_number
    and e.occurred_at = c.occurred_at
left join blog_paths as b on e.url_path = b.url_path
group by e.day, e.visitor_key, e.part_number, e.occurred_at
