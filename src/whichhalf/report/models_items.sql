-- Every asked conversion under every model, as `measure`: on the touches that share it, or once, whole,
-- with the reason why none does. Reasons are those of report campaigns: credited_items.
-- grain: measure, app, item_id, touch_id
with given as (
    select model, app, conversion_id, touch_id, source_key, credit, value
    from credits
    where conversion_kind = :kind and converted_at >= :starts_at and converted_at < :ends_at
),

refused as (
    select model, app, conversion_id, reason
    from unattributed
    where conversion_kind = :kind and converted_at >= :starts_at and converted_at < :ends_at
)

select
    m.model as measure, a.app, a.conversion_id as item_id, a.person_id, a.product_id, a.country,
    a.os, g.touch_id, g.source_key, coalesce(g.credit, cast(1 as double)) as weight,
    case when g.touch_id is null then a.value else g.value end as value,
    case
        when g.touch_id is null then coalesce(r.reason, 'organic')
        when g.source_key = 'direct' or s.channel = 'Direct' then 'direct'
        when :by = 'channel' then ''
        when coalesce(s.is_paid, false) or s.match_rule is not null then ''
        else 'organic'
    end as reason,
    case when g.touch_id is null and r.reason is null then 1 else 0 end as is_unexplained
from models_asked as a
cross join report_models as m
left join given as g
    on a.app = g.app and a.conversion_id = g.conversion_id and m.model = g.model
left join refused as r
    on a.app = r.app and a.conversion_id = r.conversion_id and m.model = r.model
left join sources as s on g.source_key = s.source_key
