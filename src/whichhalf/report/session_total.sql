-- The same over all sessions: a person is one visitor, wherever they came from.
-- grain: one row
select
    count(*) as sessions, count(distinct person_id) as visitors,
    cast(coalesce(sum(signed_up), 0) as bigint) as signups,
    cast(coalesce(sum(page_count), 0) as bigint) as pages
from session_items
