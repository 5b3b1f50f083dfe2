-- Rows of the campaign report: spend and what it brought, each kept without the other, with names.
-- has_costs = 0: no cost row of any day.
-- grain: reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
with both_sides as (
    select
        '' as reason, 1 as is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part,
        1 as has_costs, cost_rows, spend, impressions, clicks, cast(null as double) as acquired,
        cast(null as double) as installs, cast(null as double) as registrations,
        cast(null as double) as logins, cast(null as double) as buyers,
        cast(null as double) as purchases, cast(null as decimal(28, 6)) as revenue, 0 as is_brought
    from row_costs
    union all
    select
        reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part, 0, 0,
        cast(null as decimal(28, 6)), cast(null as bigint), cast(null as bigint), acquired,
        installs, registrations, logins, buyers, purchases, revenue, 1
    from row_measures
),

summed as (
    select
        reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part,
        max(has_costs) as has_costs, max(cost_rows) as cost_rows, max(is_brought) as is_brought,
        sum(spend) as spend, sum(impressions) as impressions, sum(clicks) as clicks,
        sum(acquired) as acquired, sum(installs) as installs, sum(registrations) as registrations,
        sum(logins) as logins, sum(buyers) as buyers, sum(purchases) as purchases,
        sum(revenue) as revenue
    from both_sides
    group by reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
)

select
    s.reason, s.is_matched, s.network, s.account_id, s.campaign_id, s.ad_set_id, s.ad_id, s.part,
    s.has_costs,
    n.campaign_name, n.purpose, m.ad_set_name, o.ad_name,
    cast(s.spend as decimal(28, 6)) as spend, cast(s.impressions as bigint) as impressions,
    cast(s.clicks as bigint) as clicks,
    s.acquired, s.installs, s.registrations, s.logins, s.buyers, s.purchases,
    cast(s.revenue as decimal(28, 6)) as revenue
from summed as s
left join campaigns as n
    on s.is_matched = 1 and s.network = n.network and s.account_id = n.account_id
    and s.campaign_id = n.campaign_id and n.ad_set_id = '' and n.ad_id = ''
left join campaigns as m
    on s.is_matched = 1 and s.network = m.network and s.account_id = m.account_id
    and s.campaign_id = m.campaign_id and s.ad_set_id = m.ad_set_id and m.ad_set_id <> ''
    and m.ad_id = ''
left join campaigns as o
    on s.is_matched = 1 and s.network = o.network and s.account_id = o.account_id
    and s.campaign_id = o.campaign_id and s.ad_set_id = o.ad_set_id and s.ad_id = o.ad_id
    and o.ad_id <> ''
where s.cost_rows > 0 or s.is_brought = 1
