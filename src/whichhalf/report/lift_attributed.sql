-- What each model credits to the touches of what was withheld, over the days of the row: signups,
-- and revenue in the reporting currency, refunds and chargebacks deducted.
-- grain: experiment, network, campaign_id, model
select
    r.experiment, r.network, r.campaign_id, c.model,
    sum(case when c.conversion_kind = 'signup' then c.credit else 0 end) as signups,
    cast(
        sum(
            case
                when c.conversion_kind in ('purchase', 'ad_revenue', 'refund', 'chargeback')
                    then c.value
                else cast(0 as decimal(18, 6))
            end
        ) as decimal(28, 6)
    ) as revenue
from lift_rows as r
inner join sources as s
    on r.network = s.network and (r.campaign_id = '' or r.campaign_id = s.campaign_id)
inner join credits as c
    on s.source_key = c.source_key and c.converted_at >= r.starts_at
    and c.converted_at < r.ends_at
group by r.experiment, r.network, r.campaign_id, c.model
