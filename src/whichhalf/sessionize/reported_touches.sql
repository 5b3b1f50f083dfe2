-- Every click, impression and loaded touch of the day. The click that an install's referrer tells of is
-- left out where the click itself, with the same click id, was seen that day. A loaded touch is direct
-- where it says so, and where it is a visit that says nothing; what it says of channel and payment is
-- part of its source tuple.
-- grain: app, touch_id    day: touched_at
with known_clicks as (
    select distinct day, app, click_id
    from clicks
    where click_id is not null and not startswith(touch_id, 'install:')
),

reported as (
    select
        c.day, c.app, c.touch_id, 'click' as touch_type, c.touched_at, c.visitor_id, c.visitor_key,
        c.user_id, c.source, c.medium, c.campaign, c.content, c.term, c.utm_id, c.click_id_kind,
        c.click_id, c.referrer_host, c.network, c.campaign_id, c.ad_set_id, c.ad_id,
        cast(null as varchar) as channel, cast(null as boolean) as is_paid, c.country,
        0 as is_direct
    from clicks as c
    left join known_clicks as k
        on c.day = k.day and c.app = k.app and c.click_id = k.click_id
        and startswith(c.touch_id, 'install:')
    where k.click_id is null
    union all
    select
        day, app, touch_id, 'impression', touched_at, visitor_id, visitor_key, user_id,
        source, medium, campaign, content, term, utm_id, click_id_kind, click_id, referrer_host,
        network, campaign_id, ad_set_id, ad_id, cast(null as varchar), cast(null as boolean), country,
        0
    from impressions
    union all
    select
        day, app, touch_id, touch_type, touched_at, visitor_id, visitor_key, user_id,
        source, medium, campaign, content, term, utm_id, click_id_kind, click_id, referrer_host,
        network, campaign_id, ad_set_id, ad_id, channel, is_paid, country,
        case
            when coalesce(is_paid, false) then 0
            when lower(channel) = 'direct' then 1
            when touch_type = 'visit' and coalesce(
                channel, source, medium, campaign, content, term, utm_id, click_id_kind,
                referrer_host, network, campaign_id, ad_set_id, ad_id
            ) is null then 1
            else 0
        end
    from loaded_touches
)

select
    day, app, touch_id, touch_type, touched_at, cast(null as varchar) as part_id, visitor_id, visitor_key,
    user_id,
    case when is_direct = 1 then 'direct' else md5(concat(
        touch_type, :unit, coalesce(network, ''), :unit, coalesce(campaign_id, ''), :unit,
        coalesce(ad_set_id, ''), :unit, coalesce(ad_id, ''), :unit,
        coalesce(source, ''), :unit, coalesce(medium, ''), :unit, coalesce(campaign, ''), :unit,
        coalesce(content, ''), :unit, coalesce(term, ''), :unit, coalesce(utm_id, ''), :unit,
        coalesce(click_id_kind, ''), :unit, coalesce(referrer_host, ''), :unit,
        coalesce(channel, ''), :unit,
        case when is_paid then 'paid' when is_paid = false then 'unpaid' else '' end
    )) end as source_key,
    source, medium, campaign, content, term, utm_id, click_id_kind, click_id, referrer_host,
    network, campaign_id, ad_set_id, ad_id, channel, is_paid, country
from reported
