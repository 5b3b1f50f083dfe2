-- Paid sources without a campaign, and what their touches brought.
-- grain: one row
select
    count(distinct p.source_key) as source_count,
    cast(coalesce(sum(p.value), 0) as decimal(28, 6)) as revenue
from credited_items as p
inner join sources as s on p.source_key = s.source_key
where p.reason = '' and s.is_paid and s.match_rule is null
