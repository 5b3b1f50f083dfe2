-- Conversions that a model credits to no touch, with the reason: out_of_window (a click older than the
-- lookback), direct (visits without a source only), organic (everything else).
-- grain: app, conversion_id, conversion_kind, model    day: converted_at
with models as (
    select 'first' as model
    union all select 'last'
    union all select 'first_paid'
    union all select 'last_paid'
    union all select 'install_last_touch'
),

touched as (
    select
        c.app, c.conversion_id, c.conversion_kind,
        count(case when t.source_key <> 'direct' then 1 end) as sourced_touches,
        count(t.touch_id) as touches
    from wanted_conversions as c
    inner join person_touches as t
        on c.person_id = t.person_id and t.touched_at <= c.attributed_at
    group by c.app, c.conversion_id, c.conversion_kind
),

clicked as (
    select distinct c.app, c.conversion_id, c.conversion_kind
    from wanted_conversions as c
    inner join person_installs as i
        on c.person_id = i.person_id and i.installed_at <= c.attributed_at
    inner join person_touches as t
        on c.person_id = t.person_id and t.touch_type = 'click'
        and t.touched_at <= i.installed_at
)

select
    c.day, c.app, c.conversion_id, c.conversion_kind, m.model, c.person_id, c.converted_at,
    case
        when m.model = 'install_last_touch' and k.conversion_id is not null then 'out_of_window'
        when t.touches > 0 and t.sourced_touches = 0 then 'direct'
        else 'organic'
    end as reason,
    c.value
from wanted_conversions as c
cross join models as m
left join new_credits as d
    on c.app = d.app and c.conversion_id = d.conversion_id
    and c.conversion_kind = d.conversion_kind and m.model = d.model
left join touched as t
    on c.app = t.app and c.conversion_id = t.conversion_id
    and c.conversion_kind = t.conversion_kind
left join clicked as k
    on c.app = k.app and c.conversion_id = k.conversion_id
    and c.conversion_kind = k.conversion_kind
where d.conversion_id is null
