-- The wanted conversions, numbered: a whole number joins faster than their three ids.
-- credited_kind: the kind by whose rules its touches count; refunds and chargebacks follow the purchase.
-- grain: number    day: converted_at
select
    row_number() over (order by c.app, c.conversion_id, c.conversion_kind) as number,
    case
        when c.conversion_kind in ('refund', 'chargeback') then 'purchase' else c.conversion_kind
    end as credited_kind,
    c.day, c.app, c.conversion_id, c.conversion_kind, c.person_id, c.visitor_id, c.visitor_key,
    c.user_id, c.converted_at, c.attributed_at, c.refers_to, c.value, c.product_id, c.quantity,
    c.country, c.os, c.source_table
from new_conversions as c
inner join wanted_keys as w
    on c.app = w.app and c.conversion_id = w.conversion_id
    and c.conversion_kind = w.conversion_kind
