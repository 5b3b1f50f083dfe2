-- Conversions that a model credits to no touch, with the reason: see conversion_reasons.
-- grain: app, conversion_id, conversion_kind, model    day: converted_at
with judged as (
    select
        r.number, m.model,
        case
            when m.credits = 'touches' then r.reason
            when m.credits = 'sourced' then r.reason_sourced
            when m.credits = 'paid' then r.reason_paid
            else r.reason_install
        end as reason
    from conversion_reasons as r
    cross join models as m
)

select
    c.day, c.app, c.conversion_id, c.conversion_kind, j.model, c.person_id, c.converted_at, j.reason,
    c.value
from judged as j
inner join wanted_conversions as c on j.number = c.number
where j.reason is not null
