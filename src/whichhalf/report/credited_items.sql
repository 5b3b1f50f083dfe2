-- Every item on the touches that share its credit under :model, by weight; an item without credit
-- once, with weight 1 and the reason. Money that a split leaves over goes to the largest credit,
-- ties by touch id, so that Σ value stays to the last digit.
-- grain: measure, app, item_id, touch_id
with shared as (
    select
        i.measure, i.app, i.item_id, i.person_id, i.acquired_app, i.acquired_id, i.acquired_kind,
        i.product_id, i.value, i.country, i.os, i.is_own, c.touch_id, c.source_key,
        c.value as credited_value, coalesce(c.credit, cast(1 as double)) as weight,
        row_number() over (
            partition by i.measure, i.app, i.item_id
            order by coalesce(c.credit, cast(1 as double)) desc, coalesce(c.touch_id, '')
        ) as ordinal
    from items as i
    left join credits as c
        on i.acquired_app = c.app and i.acquired_id = c.conversion_id
        and i.acquired_kind = c.conversion_kind and c.model = :model
),

portions as (
    select
        measure, app, item_id, person_id, acquired_app, acquired_id, acquired_kind, product_id,
        value, country, os, is_own, touch_id, source_key, credited_value, weight, ordinal,
        case
            when ordinal = 1 then cast(0 as decimal(18, 6))
            else cast(cast(value as double) * weight as decimal(18, 6))
        end as portion
    from shared
),

split as (
    select
        measure, app, item_id, person_id, acquired_app, acquired_id, acquired_kind, product_id,
        country, os, touch_id, source_key, weight,
        cast(case
            when is_own = 1 and touch_id is not null then credited_value
            when ordinal = 1
                then value - sum(portion) over (partition by measure, app, item_id)
            else portion
        end as decimal(18, 6)) as value
    from portions
)

select
    p.measure, p.app, p.item_id, p.person_id, p.product_id, p.country, p.os, p.touch_id,
    p.source_key, p.weight, p.value,
    case
        when p.touch_id is null then coalesce(u.reason, 'organic')
        when p.source_key = 'direct' or s.channel = 'Direct' then 'direct'
        when :by = 'channel' then ''
        when coalesce(s.is_paid, false) or s.match_rule is not null then ''
        else 'organic'
    end as reason,
    case when p.touch_id is null and u.reason is null then 1 else 0 end as is_unexplained
from split as p
left join unattributed as u
    on p.acquired_app = u.app and p.acquired_id = u.conversion_id
    and p.acquired_kind = u.conversion_kind and u.model = :model
left join sources as s on p.source_key = s.source_key
