-- The newest cost row of each length in hours.
-- grain: hours
select hours, max(starts_at) as newest_at
from ad_costs
group by hours
