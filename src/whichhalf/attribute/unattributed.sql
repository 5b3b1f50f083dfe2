-- Conversions that a model credits to no touch, with the reason: out_of_window (touches of the kind that
-- the model credits, all refused by the rules of time), direct (visits without a source only), organic
-- (everything else).
-- grain: app, conversion_id, conversion_kind, model    day: converted_at
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
),

judged as (
    select
        c.number, m.model,
        case
            when m.credits = 'installs' and i.conversion_id is not null then null
            when m.credits = 'touches' and t.usable > 0 then null
            when m.credits = 'sourced' and t.usable_sourced > 0 then null
            when m.credits = 'paid' and t.usable_paid > 0 then null
            when m.credits = 'installs' and k.number is not null then 'out_of_window'
            when m.credits = 'touches' and t.refused > 0 then 'out_of_window'
            when m.credits = 'sourced' and t.refused_sourced > 0 then 'out_of_window'
            when m.credits = 'paid' and t.refused_paid > 0 then 'out_of_window'
            when t.direct > 0 and t.usable_sourced = 0 then 'direct'
            else 'organic'
        end as reason
    from wanted_conversions as c
    cross join models as m
    left join touched as t on c.number = t.number
    left join clicked as k on c.number = k.number
    left join inherited as i
        on c.app = i.app and c.conversion_id = i.conversion_id
        and c.conversion_kind = i.conversion_kind
)

select
    c.day, c.app, c.conversion_id, c.conversion_kind, j.model, c.person_id, c.converted_at, j.reason,
    c.value
from judged as j
inner join wanted_conversions as c on j.number = c.number
where j.reason is not null
