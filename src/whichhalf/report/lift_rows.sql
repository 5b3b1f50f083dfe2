-- What a row of the report is: what was withheld in an experiment, over which days and instants.
-- grain: experiment, network, campaign_id
select
    n.experiment, n.network, n.campaign_id, w.first_on, w.last_on, w.starts_at, w.ends_at
from (select distinct experiment, network, campaign_id from lift_units) as n
inner join lift_windows as w on n.experiment = w.experiment
