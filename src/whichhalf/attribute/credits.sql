-- Which touch gets the credit of a conversion, under each single-touch model. A touch is eligible up to
-- and including the instant of the conversion (for a refund: of its charge). Ties go by touch id.
-- install_last_touch: the last click at most :click_lookback_days before the install; what the person
-- does later inherits the credit of the latest install before it.
-- grain: app, conversion_id, conversion_kind, model, touch_id    day: converted_at
with eligible as (
    select
        c.day, c.app, c.conversion_id, c.conversion_kind, c.person_id, c.converted_at,
        c.attributed_at, c.value, t.touch_id, t.touch_type, t.touched_at, t.source_key,
        coalesce(s.is_paid, false) as is_paid
    from wanted_conversions as c
    inner join person_touches as t
        on c.person_id = t.person_id and t.touched_at <= c.attributed_at
    left join sources as s on t.source_key = s.source_key
),

modelled as (
    select
        'first' as model, day, app, conversion_id, conversion_kind, person_id, converted_at, value,
        touch_id, touched_at, source_key,
        row_number() over (
            partition by app, conversion_id, conversion_kind order by touched_at, touch_id
        ) as ordinal
    from eligible
    union all
    select
        'last', day, app, conversion_id, conversion_kind, person_id, converted_at, value,
        touch_id, touched_at, source_key,
        row_number() over (
            partition by app, conversion_id, conversion_kind order by touched_at desc, touch_id desc
        )
    from eligible
    union all
    select
        'first_paid', day, app, conversion_id, conversion_kind, person_id, converted_at, value,
        touch_id, touched_at, source_key,
        row_number() over (
            partition by app, conversion_id, conversion_kind order by touched_at, touch_id
        )
    from eligible
    where is_paid
    union all
    select
        'last_paid', day, app, conversion_id, conversion_kind, person_id, converted_at, value,
        touch_id, touched_at, source_key,
        row_number() over (
            partition by app, conversion_id, conversion_kind order by touched_at desc, touch_id desc
        )
    from eligible
    where is_paid
),

install_clicks as (
    select
        i.app, i.install_id, i.person_id, i.installed_at, t.touch_id, t.touched_at, t.source_key,
        row_number() over (
            partition by i.app, i.install_id order by t.touched_at desc, t.touch_id desc
        ) as ordinal
    from person_installs as i
    inner join person_touches as t
        on i.person_id = t.person_id and t.touch_type = 'click'
        and t.touched_at <= i.installed_at
        and t.touched_at >= i.installed_at - interval :click_lookback_days day
),

latest_installs as (
    select
        c.app, c.conversion_id, c.conversion_kind, i.app as install_app, i.install_id,
        row_number() over (
            partition by c.app, c.conversion_id, c.conversion_kind
            order by i.installed_at desc, i.install_id desc
        ) as ordinal
    from wanted_conversions as c
    inner join person_installs as i
        on c.person_id = i.person_id and i.installed_at <= c.attributed_at
        and (c.conversion_kind <> 'install' or c.conversion_id = i.install_id)
)

select
    day, app, conversion_id, conversion_kind, model, touch_id, source_key, touched_at, person_id,
    converted_at, cast(1 as double) as credit, value
from modelled
where ordinal = 1
union all
select
    c.day, c.app, c.conversion_id, c.conversion_kind, 'install_last_touch', k.touch_id, k.source_key,
    k.touched_at, c.person_id, c.converted_at, cast(1 as double), c.value
from wanted_conversions as c
inner join latest_installs as l
    on c.app = l.app and c.conversion_id = l.conversion_id
    and c.conversion_kind = l.conversion_kind and l.ordinal = 1
inner join install_clicks as k
    on l.install_app = k.app and l.install_id = k.install_id and k.ordinal = 1
