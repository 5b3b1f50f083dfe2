-- What people did that counts, each with the person that it belongs to now. An install is the row of
-- `installs`, else the first install event of the visitor; a signup is the person's first. Conversions that
-- others made are only what they say: a purchase among them is no first_purchase besides.
-- grain: app, conversion_id, conversion_kind    day: converted_at
with candidates as (
    select
        app, install_id as conversion_id, 'install' as conversion_kind, visitor_id, visitor_key,
        user_id, first_open_at as converted_at, first_open_at as attributed_at,
        cast(null as varchar) as refers_to, cast(0 as decimal(18, 6)) as value,
        cast(null as varchar) as product_id, cast(1 as bigint) as quantity, country, os,
        'installs' as source_table,
        case when coalesce(is_reinstall, false) then 0 else 1 end as is_counted
    from installs
    union all
    select
        k.app, k.message_id, k.event_kind, k.visitor_id, k.visitor_key, k.user_id, k.occurred_at,
        k.occurred_at, cast(null as varchar),
        case
            when k.event_kind = 'purchase' then coalesce(
                cast(cast(k.revenue as decimal(18, 6)) * r.rate as decimal(18, 6)),
                cast(0 as decimal(18, 6))
            )
            else cast(0 as decimal(18, 6))
        end,
        cast(null as varchar), cast(1 as bigint), k.country, k.os, 'events', 1
    from key_events as k
    left join rates as r on k.currency = r.currency and cast(k.occurred_at as date) = r.rate_on
    where k.event_kind in ('install', 'signup')
        or (k.event_kind = 'purchase' and :purchases_from = 'events')
    union all
    select
        app, payment_id,
        case
            when payment_kind in ('charge', 'subscription') then 'purchase' else payment_kind
        end,
        visitor_id, visitor_key, user_id, paid_at, attributed_at, charge_id, value, product_id,
        quantity, cast(null as varchar), cast(null as varchar), 'payments', 1
    from valued_payments
    where :purchases_from = 'payments' or payment_kind = 'ad_revenue'
    union all
    select
        c.app, c.conversion_id, c.conversion_kind, c.visitor_id, c.visitor_key, c.user_id,
        c.converted_at, c.converted_at, cast(null as varchar),
        coalesce(
            cast(cast(c.amount as decimal(18, 6)) * r.rate as decimal(18, 6)),
            cast(0 as decimal(18, 6))
        ),
        cast(null as varchar), cast(1 as bigint), c.country, c.os, 'loaded_conversions', 1
    from loaded_conversions as c
    left join rates as r on c.currency = r.currency and cast(c.converted_at as date) = r.rate_on
),

resolved as (
    select
        c.app, c.conversion_id, c.conversion_kind, c.visitor_id, c.visitor_key, c.user_id,
        c.converted_at, c.attributed_at, c.refers_to, c.value, c.product_id, c.quantity,
        c.country, c.os, c.source_table, c.is_counted,
        coalesce(
            u.person_id, c.user_id, p.person_id,
            case when c.visitor_id is not null then concat(c.visitor_id, '@', c.app) end,
            concat('?:', c.conversion_id, '@', c.app)
        ) as person_id
    from candidates as c
    left join users as u on c.user_id = u.user_id
    left join persons as p
        on c.visitor_key = p.visitor_key and c.user_id is null
        and c.converted_at >= p.since and c.converted_at < p.until
),

ranked as (
    select
        app, conversion_id, conversion_kind, visitor_id, visitor_key, user_id, converted_at,
        attributed_at, refers_to, value, product_id, quantity, country, os, source_table, person_id,
        is_counted,
        row_number() over (
            partition by
                person_id, conversion_kind,
                case
                    when conversion_kind = 'purchase' and source_table = 'loaded_conversions' then 1
                    else 0
                end
            order by converted_at, conversion_id, app
        ) as nth_of_person,
        row_number() over (
            partition by app, conversion_kind, coalesce(visitor_id, person_id), source_table
            order by converted_at, conversion_id
        ) as nth_of_visitor,
        sum(case when source_table = 'installs' and conversion_kind = 'install' then 1 else 0 end)
            over (partition by app, coalesce(visitor_id, person_id)) as installs_of_visitor
    from resolved
),

kept as (
    select
        app, conversion_id, conversion_kind, visitor_id, visitor_key, user_id, converted_at,
        attributed_at, refers_to, value, product_id, quantity, country, os, source_table, person_id,
        nth_of_person
    from ranked
    where is_counted = 1
        and (
            conversion_kind not in ('install', 'signup')
            or (conversion_kind = 'signup' and nth_of_person = 1)
            or (conversion_kind = 'install' and source_table <> 'events')
            or (
                conversion_kind = 'install' and source_table = 'events' and nth_of_visitor = 1
                and installs_of_visitor = 0
            )
        )
),

all_kinds as (
    select
        app, conversion_id, conversion_kind, visitor_id, visitor_key, user_id, converted_at,
        attributed_at, refers_to, value, product_id, quantity, country, os, source_table, person_id
    from kept
    union all
    select
        app, conversion_id, 'first_purchase', visitor_id, visitor_key, user_id, converted_at,
        attributed_at, refers_to, value, product_id, quantity, country, os, source_table, person_id
    from kept
    where conversion_kind = 'purchase' and nth_of_person = 1
        and source_table <> 'loaded_conversions'
)

select
    cast(converted_at as date) as day, app, conversion_id, conversion_kind, person_id, visitor_id,
    visitor_key, user_id, converted_at, attributed_at, refers_to, value, product_id, quantity,
    country, os, source_table
from all_kinds
