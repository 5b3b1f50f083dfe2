-- Each person of an experiment once, from when on what it does counts. A person whose units are in
-- both arms has arm_count 2: nobody knows whether the ad was withheld.
-- grain: experiment, network, campaign_id, person_id
with known as (
    select
        n.experiment, n.network, n.campaign_id, n.arm, n.ends_at,
        greatest(n.due_at, n.starts_at) as counts_from,
        coalesce(
            u.person_id, v.person_id,
            case when n.unit_kind = 'visitor' then concat(n.unit, '@', n.app) else n.unit end
        ) as person_id
    from lift_units as n
    left join users as u on n.unit_kind = 'user' and n.unit = u.user_id
    left join persons as v
        on n.unit_kind = 'visitor' and n.app = v.app and n.unit = v.visitor_id
        and n.due_at >= v.since and n.due_at < v.until
    where n.is_due = 1 and n.arm <> '' and n.unit_kind <> '' and n.due_at < n.ends_at
)

select
    experiment, network, campaign_id, person_id, min(arm) as arm,
    count(distinct arm) as arm_count, min(counts_from) as counts_from, min(ends_at) as ends_at
from known
group by experiment, network, campaign_id, person_id
