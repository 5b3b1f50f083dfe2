-- Spend of :first_on … :last_on under the key of its row; rows that cost only on other days come
-- too, with 0 cost rows. Spend of a campaign seen in one channel only belongs to that channel.
-- grain: network, account_id, campaign_id, ad_set_id, ad_id, part
with campaign_channels as (
    select
        network, account_id, campaign_id, min(channel) as channel,
        count(distinct channel) as channel_count
    from sources
    where match_rule is not null
    group by network, account_id, campaign_id
),

keyed as (
    select
        case when :by in ('network', 'campaign', 'adset', 'ad') then d.network else '' end
            as network,
        case when :by in ('campaign', 'adset', 'ad') then d.account_id else '' end as account_id,
        case when :by in ('campaign', 'adset', 'ad') then d.campaign_id else '' end
            as campaign_id,
        case when :by in ('adset', 'ad') then d.ad_set_id else '' end as ad_set_id,
        case when :by = 'ad' then d.ad_id else '' end as ad_id,
        case
            when :by = 'country' then d.country
            when :by = 'os' then lower(d.os)
            when :by <> 'channel' then ''
            when c.channel_count is null then '(no touches)'
            when c.channel_count > 1 then '(several channels)'
            else c.channel
        end as part,
        d.spend, d.impressions, d.clicks,
        case when d.cost_on >= :first_on and d.cost_on <= :last_on then 1 else 0 end as is_inside
    from cost_days as d
    left join campaign_channels as c
        on d.network = c.network and d.account_id = c.account_id
        and d.campaign_id = c.campaign_id
)

select
    network, account_id, campaign_id, ad_set_id, ad_id, part,
    cast(sum(is_inside) as bigint) as cost_rows,
    cast(sum(case when is_inside = 1 then spend else 0 end) as decimal(28, 6)) as spend,
    cast(sum(case when is_inside = 1 then impressions else 0 end) as bigint) as impressions,
    cast(sum(case when is_inside = 1 then clicks else 0 end) as bigint) as clicks
from keyed
group by network, account_id, campaign_id, ad_set_id, ad_id, part
