-- Which session of its person each part falls into. Parts are coalesced over the running maximum of
-- their ends: the end of the part before alone would cut a session that a longer one still holds open.
-- A gap of exactly :session_gap_minutes stays in the session.
-- grain: app, part_id    day: started_at
with open_parts as (
    select
        app, part_id, person_id, started_at,
        max(ended_at) over (
            partition by person_id order by started_at, part_id, app
            rows between unbounded preceding and 1 preceding
        ) as open_until
    from person_parts
)

select
    app, part_id, person_id, started_at,
    cast(sum(
        case
            when open_until is null
                or started_at > open_until + interval :session_gap_minutes minute
            then 1 else 0
        end
    ) over (
        partition by person_id order by started_at, part_id, app
        rows between unbounded preceding and current row
    ) as bigint) as session_number
from open_parts
