-- Model install_last_touch: the last click at most :install_click_lookback_days before the install, else the last
-- impression at most :install_impression_lookback_days before it (0: never); what the person does later inherits the
-- credit of the latest install before it.
-- grain: app, conversion_id, conversion_kind, model, touch_id    day: converted_at
with install_touches as (
    -- A click goes before an impression: so does its name.
    select
        i.app, i.install_id, t.touch_id, t.touched_at, t.source_key,
        row_number() over (
            partition by i.app, i.install_id
            order by t.touch_type, t.touched_at desc, t.touch_id desc, t.app
        ) as ordinal
    from person_installs as i
    inner join person_touches as t
        on i.person_id = t.person_id and t.touched_at <= i.installed_at
        and (
            (
                t.touch_type = 'click'
                and t.touched_at >= i.installed_at - interval :install_click_lookback_days day
            )
            or (
                t.touch_type = 'impression' and :install_impression_lookback_days > 0
                and t.touched_at >= i.installed_at - interval :install_impression_lookback_days day
            )
        )
),

latest_installs as (
    select
        c.number, i.app as install_app, i.install_id,
        row_number() over (
            partition by c.number order by i.installed_at desc, i.install_id desc, i.app
        ) as ordinal
    from wanted_conversions as c
    inner join person_installs as i
        on c.person_id = i.person_id and i.installed_at <= c.attributed_at
        and (c.conversion_kind <> 'install' or c.conversion_id = i.install_id)
)

select
    c.day, c.app, c.conversion_id, c.conversion_kind, 'install_last_touch' as model, k.touch_id,
    k.source_key, k.touched_at, c.person_id, c.converted_at, cast(1 as double) as credit, c.value
from wanted_conversions as c
inner join latest_installs as l on c.number = l.number and l.ordinal = 1
inner join install_touches as k
    on l.install_app = k.app and l.install_id = k.install_id and k.ordinal = 1
