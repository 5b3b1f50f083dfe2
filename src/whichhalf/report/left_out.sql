-- Visitors left out of all sessions as too heavy to be people, and their events of a period.
-- grain: none, one row
select
    count(distinct p.visitor_key) as visitor_count,
    cast(coalesce(sum(p.event_count), 0) as bigint) as event_count
from session_parts as p
inner join (
    select distinct visitor_key
    from excluded_visitors
) as x on p.visitor_key = x.visitor_key
where p.started_at >= :starts_at and p.started_at < :ends_at
