-- Payments under their highest version, signed and in the reporting currency, against the conversions
-- made of them. A refund takes the rate of the day to which its conversion is attributed, its charge's.
-- grain: conversion_kind
with versions as (
    select
        app, payment_id, paid_at, payment_kind, amount, currency,
        row_number() over (partition by app, payment_id order by version desc, paid_at desc) as ordinal
    from payments
),

made as (
    select app, conversion_id, conversion_kind, converted_at, attributed_at, value
    from conversions
    where source_table = 'payments' and conversion_kind <> 'first_purchase'
),

priced as (
    select
        case
            when p.payment_kind in ('charge', 'subscription') then 'purchase' else p.payment_kind
        end as conversion_kind,
        p.paid_at,
        cast(
            case
                when p.payment_kind in ('refund', 'chargeback') then -p.amount else p.amount
            end * r.rate as decimal(18, 6)
        ) as value
    from versions as p
    left join made as c on p.app = c.app and p.payment_id = c.conversion_id
    left join rates as r
        on p.currency = r.currency
        and cast(coalesce(c.attributed_at, p.paid_at) as date) = r.rate_on
    where p.ordinal = 1
        and p.payment_kind in ('charge', 'subscription', 'ad_revenue', 'refund', 'chargeback')
),

sides as (
    select conversion_kind, 1 as payments, 0 as conversions, value as paid, cast(0 as decimal(18, 6)) as value
    from priced
    where paid_at >= :starts_at and paid_at < :ends_at
    union all
    select conversion_kind, 0, 1, cast(0 as decimal(18, 6)), value
    from made
    where converted_at >= :starts_at and converted_at < :ends_at
)

select
    conversion_kind,
    cast(sum(payments) as bigint) as payments,
    cast(sum(conversions) as bigint) as conversions,
    cast(coalesce(sum(paid), 0) as decimal(28, 6)) as paid,
    cast(coalesce(sum(value), 0) as decimal(28, 6)) as value
from sides
group by conversion_kind
