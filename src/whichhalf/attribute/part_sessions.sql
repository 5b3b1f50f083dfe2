-- Which session of its person each part falls into. Parts are coalesced over the running maximum of
-- their ends: the end of the part before alone would cut a session that a longer one still holds open.
-- A gap of exactly :session_gap_minutes stays in the session. is_alone: 1 where the session has no other.
-- grain: app, part_id    day: started_at
with open_parts as (
    select
        app, part_id, person_id, started_at,
        max(ended_at) over (
            partition by person_id order by started_at, part_id, app
            rows between unbounded preceding and 1 preceding
        ) as open_until
    from person_parts
),

cut as (
    select
        app, part_id, person_id, started_at,
        case
            when open_until is null
                or started_at > open_until + interval :session_gap_minutes minute
            then 1 else 0
        end as begins
    from open_parts
)

select
    app, part_id, person_id, started_at,
    cast(sum(begins) over (
        partition by person_id order by started_at, part_id, app
        rows between unbounded preceding and current row
    ) as bigint) as session_number,
    case
        when begins = 1 and coalesce(
            lead(begins) over (partition by person_id order by started_at, part_id, app), 1
        ) = 1
        then 1 else 0
    end as is_alone
from cut
