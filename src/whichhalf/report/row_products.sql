-- Purchases of each row by product; empty product: the payment names none that is known.
-- grain: reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part, product_id
select
    i.reason, i.is_matched, i.network, i.account_id, i.campaign_id, i.ad_set_id, i.ad_id, i.part,
    coalesce(p.product_id, '') as product_id, cast(sum(i.weight) as double) as purchases
from placed_items as i
left join products as p on i.product_id = p.product_id
where i.measure = 'purchases'
group by
    i.reason, i.is_matched, i.network, i.account_id, i.campaign_id, i.ad_set_id, i.ad_id, i.part,
    coalesce(p.product_id, '')
