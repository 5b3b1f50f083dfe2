-- What each model credits to each row.
-- grain: model, reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
select
    measure as model, reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part,
    cast(sum(weight) as double) as conversions, cast(sum(value) as decimal(28, 6)) as value
from placed_items
group by
    measure, reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
