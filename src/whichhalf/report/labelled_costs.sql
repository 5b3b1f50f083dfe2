-- Spend under the label of its row.
-- grain: part
with labelled as (
    select
        coalesce(l.label, :missing) as label, c.cost_rows, c.spend, c.impressions, c.clicks
    from own_costs as c
    left join row_labels as l
        on l.is_matched = 1 and c.network = l.network and c.account_id = l.account_id
        and c.campaign_id = l.campaign_id and c.ad_set_id = l.ad_set_id and c.ad_id = l.ad_id
        and c.part = l.part
)

select
    '' as network, '' as account_id, '' as campaign_id, '' as ad_set_id, '' as ad_id,
    label as part,
    cast(sum(cost_rows) as bigint) as cost_rows,
    cast(sum(spend) as decimal(28, 6)) as spend,
    cast(sum(impressions) as bigint) as impressions,
    cast(sum(clicks) as bigint) as clicks
from labelled
group by label
