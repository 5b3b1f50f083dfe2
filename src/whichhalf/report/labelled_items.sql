-- Credited items under the label of their row; what no touch is credited with keeps its reason.
-- grain: measure, app, item_id, touch_id
select
    i.measure, i.person_id, i.product_id, i.weight, i.value, i.reason,
    1 as is_matched, '' as network, '' as account_id, '' as campaign_id, '' as ad_set_id,
    '' as ad_id,
    case when i.reason <> '' then '' else coalesce(l.label, :missing) end as part
from own_items as i
left join row_labels as l
    on i.is_matched = l.is_matched and i.network = l.network and i.account_id = l.account_id
    and i.campaign_id = l.campaign_id and i.ad_set_id = l.ad_set_id and i.ad_id = l.ad_id
    and i.part = l.part
