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
    inner join part_sessions as s
        on p.app = s.app and p.part_id = s.part_id and s.session_number <= g.signup_number
),

first_pages as (
    select
        person_id,
        max(case when nth_page = 1 then first_page_url end) as first_page_url,
        max(case when nth_blog = 1 and has_blog = 1 then first_blog_url end) as first_blog_url
    from pages
    group by person_id
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
    first_touch.touch_id as first_touch_id,
    first_touch.touched_at as first_at,
    coalesce(first_tuple.source, first_tuple.referrer_host) as first_source,
    first_tuple.medium as first_medium,
    first_tuple.campaign as first_campaign,
    first_touch.referrer_host as first_referrer,
    first_tuple.channel as first_channel,
    last_touch.touch_id as last_touch_id,
    last_touch.touched_at as last_at,
    coalesce(last_tuple.source, last_tuple.referrer_host) as last_source,
    last_tuple.medium as last_medium,
    last_tuple.campaign as last_campaign,
    last_touch.referrer_host as last_referrer,
    last_tuple.channel as last_channel,
    first_paid_touch.touch_id as first_paid_touch_id,
    first_paid_touch.touched_at as first_paid_at,
    coalesce(first_paid_tuple.source, first_paid_tuple.referrer_host) as first_paid_source,
    first_paid_tuple.medium as first_paid_medium,
    first_paid_tuple.campaign as first_paid_campaign,
    first_paid_touch.referrer_host as first_paid_referrer,
    first_paid_tuple.channel as first_paid_channel,
    last_paid_touch.touch_id as last_paid_touch_id,
    last_paid_touch.touched_at as last_paid_at,
    coalesce(last_paid_tuple.source, last_paid_tuple.referrer_host) as last_paid_source,
    last_paid_tuple.medium as last_paid_medium,
    last_paid_tuple.campaign as last_paid_campaign,
    last_paid_touch.referrer_host as last_paid_referrer,
    last_paid_tuple.channel as last_paid_channel
from signup_sessions as g
left join first_pages as f on g.person_id = f.person_id
left join signup_touches as first_touch
    on g.person_id = first_touch.person_id and first_touch.which = 'first'
left join sources as first_tuple on first_touch.source_key = first_tuple.source_key
left join signup_touches as last_touch
    on g.person_id = last_touch.person_id and last_touch.which = 'last'
left join sources as last_tuple on last_touch.source_key = last_tuple.source_key
left join signup_touches as first_paid_touch
    on g.person_id = first_paid_touch.person_id and first_paid_touch.which = 'first_paid'
left join sources as first_paid_tuple on first_paid_touch.source_key = first_paid_tuple.source_key
left join signup_touches as last_paid_touch
    on g.person_id = last_paid_touch.person_id and last_paid_touch.which = 'last_paid'
left join sources as last_paid_tuple on last_paid_touch.source_key = last_paid_tuple.source_key
