-- Every key of a row that something was spent on or credited to, with the latest names.
-- grain: is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
with keys as (
    select is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
    from own_items
    where reason = ''
    union
    select 1, network, account_id, campaign_id, ad_set_id, ad_id, part
    from own_costs
)

select
    k.is_matched, k.network, k.account_id, k.campaign_id, k.ad_set_id, k.ad_id, k.part,
    n.campaign_name, m.ad_set_name, o.ad_name
from keys as k
left join campaigns as n
    on k.is_matched = 1 and k.network = n.network and k.account_id = n.account_id
    and k.campaign_id = n.campaign_id and n.ad_set_id = '' and n.ad_id = ''
left join campaigns as m
    on k.is_matched = 1 and k.network = m.network and k.account_id = m.account_id
    and k.campaign_id = m.campaign_id and k.ad_set_id = m.ad_set_id and m.ad_set_id <> ''
    and m.ad_id = ''
left join campaigns as o
    on k.is_matched = 1 and k.network = o.network and k.account_id = o.account_id
    and k.campaign_id = o.campaign_id and k.ad_set_id = o.ad_set_id and k.ad_id = o.ad_id
    and o.ad_id <> ''
