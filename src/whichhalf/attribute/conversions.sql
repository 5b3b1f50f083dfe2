-- What people did that counts, and why models credit it to no touch.
-- grain: app, conversion_id, conversion_kind    day: converted_at
select
    c.day, c.app, c.conversion_id, c.conversion_kind, c.person_id, c.visitor_id, c.visitor_key,
    c.user_id, c.converted_at, c.attributed_at, c.refers_to, c.value, c.product_id, c.quantity,
    c.country, c.os, c.source_table, r.reason, r.reason_sourced, r.reason_paid, r.reason_install
from wanted_conversions as c
inner join conversion_reasons as r on c.number = r.number
