-- For each campaign of campaign_windows: its spend on the days first_on … last_on, the people whom
-- it acquired in [starts_at, ends_at) under :model, by weight, and what they paid before ends_at.
-- A refund counts where the charge that it returns counts.
-- grain: network, account_id, campaign_id
with costs as (
    select
        w.network, w.account_id, w.campaign_id, sum(d.spend) as spend
    from campaign_windows as w
    inner join cost_days as d
        on w.network = d.network and w.account_id = d.account_id
        and w.campaign_id = d.campaign_id and d.cost_on >= w.first_on and d.cost_on <= w.last_on
    group by w.network, w.account_id, w.campaign_id
),

acquired as (
    select
        w.network, w.account_id, w.campaign_id, w.ends_at, a.person_id, a.acquired_at,
        sum(c.credit) as weight
    from acquisitions as a
    inner join credits as c
        on a.acquired_app = c.app and a.acquired_id = c.conversion_id
        and a.acquired_kind = c.conversion_kind and c.model = :model
    inner join sources as s on c.source_key = s.source_key and s.match_rule is not null
    inner join campaign_windows as w
        on s.network = w.network and s.account_id = w.account_id
        and s.campaign_id = w.campaign_id and a.acquired_at >= w.starts_at
        and a.acquired_at < w.ends_at
    group by
        w.network, w.account_id, w.campaign_id, w.ends_at, a.person_id, a.acquired_at
),

paid as (
    select
        a.network, a.account_id, a.campaign_id, a.person_id, a.weight,
        max(case when c.conversion_kind = 'purchase' then 1 else 0 end) as is_buyer,
        sum(case
            when a.weight = 1 then c.value
            else cast(cast(c.value as double) * a.weight as decimal(18, 6))
        end) as revenue
    from acquired as a
    inner join conversions as c
        on a.person_id = c.person_id and c.attributed_at >= a.acquired_at
        and c.attributed_at < a.ends_at
    where c.conversion_kind in ('purchase', 'ad_revenue', 'refund', 'chargeback')
    group by a.network, a.account_id, a.campaign_id, a.person_id, a.weight
),

people_of_campaign as (
    select network, account_id, campaign_id, sum(weight) as acquired
    from acquired
    group by network, account_id, campaign_id
),

paid_to_campaign as (
    select
        network, account_id, campaign_id, sum(weight * is_buyer) as buyers,
        sum(revenue) as revenue
    from paid
    group by network, account_id, campaign_id
)

select
    w.network, w.account_id, w.campaign_id, w.first_on as started_on, n.campaign_name,
    cast(coalesce(c.spend, 0) as decimal(28, 6)) as spend,
    cast(coalesce(p.acquired, 0) as double) as acquired,
    cast(coalesce(b.buyers, 0) as double) as buyers,
    cast(coalesce(b.revenue, 0) as decimal(28, 6)) as revenue
from campaign_windows as w
left join costs as c
    on w.network = c.network and w.account_id = c.account_id and w.campaign_id = c.campaign_id
left join people_of_campaign as p
    on w.network = p.network and w.account_id = p.account_id and w.campaign_id = p.campaign_id
left join paid_to_campaign as b
    on w.network = b.network and w.account_id = b.account_id and w.campaign_id = b.campaign_id
left join campaigns as n
    on w.network = n.network and w.account_id = n.account_id and w.campaign_id = n.campaign_id
    and n.ad_set_id = '' and n.ad_id = ''
