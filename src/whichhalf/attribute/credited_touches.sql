-- Every touch that may take credit, of each wanted conversion, in order: ties in time go by touch id. The
-- touch that an install hands on stands here too, where no other model may credit it (is_usable = 0).
-- grain: number, touch_id    day: converted_at
with handed_on as (
    select c.number, i.touch_id, i.touched_at
    from install_credits as i
    inner join wanted_conversions as c
        on i.app = c.app and i.conversion_id = c.conversion_id
        and i.conversion_kind = c.conversion_kind
)

select
    k.number, k.touch_id, k.source_key, k.touched_at, k.channel, k.is_paid, k.is_direct,
    case when k.refused is null then 1 else 0 end as is_usable,
    case when h.number is null then 0 else 1 end as is_handed_on
from candidates as k
left join handed_on as h
    on k.number = h.number and k.touch_id = h.touch_id and k.touched_at = h.touched_at
where k.refused is null or h.number is not null
order by k.number, k.touched_at, k.touch_id, k.app
