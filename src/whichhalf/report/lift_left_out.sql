-- Units that are in no arm of the report, by why.
-- grain: experiment
select
    experiment,
    cast(sum(case when arm = '' then 1 else 0 end) as bigint) as unknown_arm,
    cast(sum(case when unit_kind = '' then 1 else 0 end) as bigint) as unknown_kind,
    cast(sum(case when is_due = 0 then 1 else 0 end) as bigint) as not_due
from lift_units
group by experiment
