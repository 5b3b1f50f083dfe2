-- Units of the experiments that run within the period, in our words: arm treated or hold-out, unit
-- kind visitor, user or person; '' for any other. is_due: whether an ad was due, where that is logged.
-- grain: app, experiment, unit
with worded as (
    select
        e.app, e.experiment, e.unit, coalesce(e.network, '') as network,
        case when :by = 'campaign' then coalesce(e.campaign_id, '') else '' end as campaign_id,
        lower(trim(e.arm)) as arm, lower(trim(e.unit_kind)) as unit_kind,
        case
            when w.is_logged = 0 or e.is_exposed then 1
            when e.is_exposed is null and e.exposed_at is not null then 1
            else 0
        end as is_due,
        coalesce(e.exposed_at, w.starts_at) as due_at, w.starts_at, w.ends_at
    from experiments as e
    inner join lift_windows as w on e.experiment = w.experiment
)

select
    app, experiment, network, campaign_id, is_due, due_at, starts_at, ends_at,
    case
        when arm in ('treated', 'treatment', 'test') then 'treated'
        when arm in ('hold-out', 'holdout', 'hold_out', 'control') then 'hold-out'
        else ''
    end as arm,
    case
        when unit_kind in ('visitor', 'user', 'person') then unit_kind
        when unit_kind is not null then ''
        when startswith(unit, 'u:') then 'user'
        when startswith(unit, 'a:') or startswith(unit, 'd:') then 'visitor'
        else ''
    end as unit_kind,
    case
        when unit_kind = 'user' and not startswith(unit, 'u:') then concat('u:', unit)
        when unit_kind = 'visitor' and not (startswith(unit, 'a:') or startswith(unit, 'd:'))
            then concat('a:', unit)
        else unit
    end as unit
from worded
