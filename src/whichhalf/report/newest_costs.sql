-- The newest cost row of each length in hours; a row of a day may end after an hour that begins
-- later, so :since is the day before the newest.
-- grain: hours
select hours, max(starts_at) as newest_at
from ad_costs
where day >= :since
group by hours
