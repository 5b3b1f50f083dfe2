-- What the people of each arm did from the first ad that was due to the end: whether they signed up,
-- and what they paid in the reporting currency, refunds and chargebacks deducted.
-- grain: experiment, network, campaign_id, arm
with outcomes as (
    select
        p.experiment, p.network, p.campaign_id, p.arm, p.person_id,
        max(case when c.conversion_kind = 'signup' then 1 else 0 end) as signed_up,
        max(case when c.conversion_kind = 'purchase' then 1 else 0 end) as bought,
        sum(
            case
                when c.conversion_kind in ('purchase', 'ad_revenue', 'refund', 'chargeback')
                    then c.value
                else cast(0 as decimal(18, 6))
            end
        ) as paid
    from lift_people as p
    left join conversions as c
        on p.person_id = c.person_id and c.converted_at >= p.counts_from
        and c.converted_at < p.ends_at
    where p.arm_count = 1
    group by p.experiment, p.network, p.campaign_id, p.arm, p.person_id
)

select
    experiment, network, campaign_id, arm, count(*) as people,
    cast(sum(signed_up) as bigint) as signups, cast(sum(bought) as bigint) as buyers,
    cast(sum(paid) as decimal(28, 6)) as paid,
    sum(cast(paid as double) * cast(paid as double)) as squares
from outcomes
group by experiment, network, campaign_id, arm
