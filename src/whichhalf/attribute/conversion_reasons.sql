-- Why models credit a conversion to no touch, by what they can credit: any touch, one with a source, a
-- paid one, what an install inherits. Null: they credit it. out_of_window: touches of the kind, all
-- refused by the rules of time; direct: visits without a source only; organic: everything else.
-- grain: number
with touched as (
    select
        number,
        sum(case when refused is null then 1 else 0 end) as usable,
        sum(case when refused is null and is_direct = 0 then 1 else 0 end) as usable_sourced,
        sum(case when refused is null and is_paid = 1 then 1 else 0 end) as usable_paid,
        sum(is_direct) as direct,
        sum(case when refused <> 'direct' then 1 else 0 end) as refused,
        sum(case when refused is not null and is_direct = 0 then 1 else 0 end) as refused_sourced,
        sum(case when refused is not null and is_paid = 1 then 1 else 0 end) as refused_paid
    from candidates
    group by number
),

clicked as (
    select distinct c.number
    from wanted_conversions as c
    inner join person_installs as i
        on c.person_id = i.person_id and i.installed_at <= c.attributed_at
    inner join person_touches as t
        on c.person_id = t.person_id and t.touch_type in ('click', 'impression')
        and t.touched_at <= i.installed_at
),

inherited as (
    select distinct app, conversion_id, conversion_kind
    from install_credits
)

select
    c.number,
    case
        when t.usable > 0 then null
        when t.refused > 0 then 'out_of_window'
        when t.direct > 0 and t.usable_sourced = 0 then 'direct'
        else 'organic'
    end as reason,
    case
        when t.usable_sourced > 0 then null
        when t.refused_sourced > 0 then 'out_of_window'
        when t.direct > 0 and t.usable_sourced = 0 then 'direct'
        else 'organic'
    end as reason_sourced,
    case
        when t.usable_paid > 0 then null
        when t.refused_paid > 0 then 'out_of_window'
        when t.direct > 0 and t.usable_sourced = 0 then 'direct'
        else 'organic'
    end as reason_paid,
    case
        when i.conversion_id is not null then null
        when k.number is not null then 'out_of_window'
        when t.direct > 0 and t.usable_sourced = 0 then 'direct'
        else 'organic'
    end as reason_install
from wanted_conversions as c
left join touched as t on c.number = t.number
left join clicked as k on c.number = k.number
left join inherited as i
    on c.app = i.app and c.conversion_id = i.conversion_id
    and c.conversion_kind = i.conversion_kind
