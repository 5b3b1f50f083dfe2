-- One wide row per person who signed up: sessions before, first pages, and the first, last, first paid
-- and last paid touch, over unlimited lookback.
-- grain: person_id    day: signed_up_at
with pages as (
    select
        g.person_id, p.first_page_url, p.first_blog_url,
        row_number() over (
            partition by g.person_id
            order by coalesce(p.first_page_at, timestamp '9999-12-31 00:00:00'),
                coalesce(p.first_page_id, p.part_id)
        ) as nth_page,
        row_number() over (
            partition by g.person_id
            order by
                coalesce(
                    case when p.first_blog_at <= g.signed_up_at then p.first_blog_at end,
                    timestamp '9999-12-31 00:00:00'
                ),
                coalesce(p.first_blog_id, p.part_id)
        ) as nth_blog,
        case when p.first_blog_at <= g.signed_up_at then 1 else 0 end as has_blog
    from signup_sessions as g
    inner join person_parts as p on g.person_id = p.person_id
),

first_pages as (
    select
        person_id,
        max(case when nth_page = 1 then first_page_url end) as first_page_url,
        max(case when nth_blog = 1 and has_blog = 1 then first_blog_url end) as first_blog_url
    from pages
    group by person_id
),

referrers as (
    select person_id, touch_id, min(referrer_host) as referrer_host
    from person_touches
    group by person_id, touch_id
)

-- The referring host of a tagged touch is no part of its source tuple: it is read off the touch.
select
    g.day,
    g.person_id,
    g.app,
    g.conversion_id,
    g.signed_up_at,
    g.sessions_before,
    coalesce(
        g.sessions_before = 1
        and g.signed_up_at <= g.first_ended_at + interval :session_gap_minutes minute,
        false
    ) as signed_up_in_first_session,
    f.first_page_url,
    f.first_blog_url,
    first_credit.touch_id as first_touch_id,
    first_credit.touched_at as first_at,
    coalesce(first_tuple.source, first_tuple.referrer_host) as first_source,
    first_tuple.medium as first_medium,
    first_tuple.campaign as first_campaign,
    first_seen.referrer_host as first_referrer,
    first_tuple.channel as first_channel,
    last_credit.touch_id as last_touch_id,
    last_credit.touched_at as last_at,
    coalesce(last_tuple.source, last_tuple.referrer_host) as last_source,
    last_tuple.medium as last_medium,
    last_tuple.campaign as last_campaign,
    last_seen.referrer_host as last_referrer,
    last_tuple.channel as last_channel,
    first_paid_credit.touch_id as first_paid_touch_id,
    first_paid_credit.touched_at as first_paid_at,
    coalesce(first_paid_tuple.source, first_paid_tuple.referrer_host) as first_paid_source,
    first_paid_tuple.medium as first_paid_medium,
    first_paid_tuple.campaign as first_paid_campaign,
    first_paid_seen.referrer_host as first_paid_referrer,
    first_paid_tuple.channel as first_paid_channel,
    last_paid_credit.touch_id as last_paid_touch_id,
    last_paid_credit.touched_at as last_paid_at,
    coalesce(last_paid_tuple.source, last_paid_tuple.referrer_host) as last_paid_source,
    last_paid_tuple.medium as last_paid_medium,
    last_paid_tuple.campaign as last_paid_campaign,
    last_paid_seen.referrer_host as last_paid_referrer,
    last_paid_tuple.channel as last_paid_channel
from signup_sessions as g
left join first_pages as f on g.person_id = f.person_id
left join new_credits as first_credit
    on g.app = first_credit.app and g.conversion_id = first_credit.conversion_id
    and first_credit.conversion_kind = 'signup' and first_credit.model = 'first'
left join sources as first_tuple on first_credit.source_key = first_tuple.source_key
left join referrers as first_seen
    on first_credit.person_id = first_seen.person_id and first_credit.touch_id = first_seen.touch_id
left join new_credits as last_credit
    on g.app = last_credit.app and g.conversion_id = last_credit.conversion_id
    and last_credit.conversion_kind = 'signup' and last_credit.model = 'last'
left join sources as last_tuple on last_credit.source_key = last_tuple.source_key
left join referrers as last_seen
    on last_credit.person_id = last_seen.person_id and last_credit.touch_id = last_seen.touch_id
left join new_credits as first_paid_credit
    on g.app = first_paid_credit.app and g.conversion_id = first_paid_credit.conversion_id
    and first_paid_credit.conversion_kind = 'signup' and first_paid_credit.model = 'first_paid'
left join sources as first_paid_tuple on first_paid_credit.source_key = first_paid_tuple.source_key
left join referrers as first_paid_seen
    on first_paid_credit.person_id = first_paid_seen.person_id and first_paid_credit.touch_id = first_paid_seen.touch_id
left join new_credits as last_paid_credit
    on g.app = last_paid_credit.app and g.conversion_id = last_paid_credit.conversion_id
    and last_paid_credit.conversion_kind = 'signup' and last_paid_credit.model = 'last_paid'
left join sources as last_paid_tuple on last_paid_credit.source_key = last_paid_tuple.source_key
left join referrers as last_paid_seen
    on last_paid_credit.person_id = last_paid_seen.person_id and last_paid_credit.touch_id = last_paid_seen.touch_id
