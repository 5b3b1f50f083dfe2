-- Sessions, people, signups and pages of each value.
-- grain: part
select
    part, count(*) as sessions, count(distinct person_id) as visitors,
    cast(sum(signed_up) as bigint) as signups, cast(sum(page_count) as bigint) as pages
from session_items
group by part
