-- Signups from :starts_at on, before :ends_at, with what the report counts.
-- grain: person_id    day: signed_up_at
select
    person_id, part, sessions_before,
    case when signed_up_in_first_session then 1 else 0 end as in_first,
    first_at, signed_up_at
from signup_parts
where signed_up_at >= :starts_at and signed_up_at < :ends_at
