-- Payments under their highest version, in the reporting currency. A refund or chargeback belongs to
-- the charge that it names, else to the latest charge of that user and currency before it that covers
-- it; it takes that charge's rate and instant, else its own. Fees and taxes are no revenue.
-- grain: app, payment_id    day: paid_at
with versions as (
    select
        app, payment_id, user_id, visitor_id, visitor_key, paid_at, payment_kind, amount, currency,
        product_id, quantity, refunded_payment_id,
        row_number() over (partition by app, payment_id order by version desc, paid_at desc) as ordinal
    from payments
),

current_payments as (
    select
        app, payment_id, user_id, visitor_id, visitor_key, paid_at, payment_kind, amount, currency,
        product_id, quantity, refunded_payment_id
    from versions
    where ordinal = 1
),

charges as (
    select app, payment_id, user_id, paid_at, amount, currency, product_id
    from current_payments
    where payment_kind in ('charge', 'subscription')
),

guessed as (
    select
        r.app, r.payment_id, c.payment_id as charge_id,
        row_number() over (
            partition by r.app, r.payment_id order by c.paid_at desc, c.payment_id desc
        ) as ordinal
    from current_payments as r
    left join charges as n on r.app = n.app and r.refunded_payment_id = n.payment_id
    inner join charges as c
        on r.app = c.app and r.user_id = c.user_id and r.currency = c.currency
        and c.paid_at <= r.paid_at and c.amount >= r.amount
    where r.payment_kind in ('refund', 'chargeback') and n.payment_id is null
),

returned as (
    select
        p.app, p.payment_id, p.user_id, p.visitor_id, p.visitor_key, p.paid_at, p.payment_kind,
        p.amount, p.currency, p.quantity,
        coalesce(c.product_id, p.product_id) as product_id,
        c.payment_id as charge_id,
        coalesce(c.paid_at, p.paid_at) as attributed_at
    from current_payments as p
    left join guessed as g
        on p.app = g.app and p.payment_id = g.payment_id and g.ordinal = 1
    left join charges as c
        on p.app = c.app and p.payment_kind in ('refund', 'chargeback')
        and coalesce(g.charge_id, p.refunded_payment_id) = c.payment_id
    where p.payment_kind in ('charge', 'subscription', 'ad_revenue', 'refund', 'chargeback')
)

select
    p.app, p.payment_id, p.user_id, p.visitor_id, p.visitor_key, p.paid_at, p.payment_kind,
    p.quantity, p.product_id, p.charge_id, p.attributed_at,
    p.currency,
    cast(
        case
            when p.payment_kind in ('refund', 'chargeback') then -p.amount else p.amount
        end * r.rate as decimal(18, 6)
    ) as value
from returned as p
left join rates as r on p.currency = r.currency and cast(p.attributed_at as date) = r.rate_on
