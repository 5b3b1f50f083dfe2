-- The first day on which each campaign spent anything.
-- grain: network, account_id, campaign_id
select network, account_id, campaign_id, min(cost_on) as started_on
from cost_days
where spend > 0
group by network, account_id, campaign_id
