-- Spend on what was withheld, over the days of the row. No row: no cost is known.
-- grain: experiment, network, campaign_id
select
    r.experiment, r.network, r.campaign_id, cast(sum(d.spend) as decimal(28, 6)) as spend
from lift_rows as r
inner join cost_days as d
    on r.network = d.network and (r.campaign_id = '' or r.campaign_id = d.campaign_id)
    and d.cost_on >= r.first_on and d.cost_on <= r.last_on
group by r.experiment, r.network, r.campaign_id
