-- One row per part × distinct source tuple, timed at the first event that carries it; and every
-- click, impression and loaded touch of the day. The click that an install's referrer tells of is
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
    e.day, e.app, e.message_id as touch_id,
    case when e.source is null and e.medium is null and e.campaign is null and e.utm_id is null
        and e.click_id_kind is null
        then 'referrer' else 'visit' end as touch_type,
    e.occurred_at as touched_at, p.part_id, e.visitor_id, e.visitor_key, p.user_id,
    e.source_key, e.source, e.medium, e.campaign, e.content, e.term, e.utm_id, e.click_id_kind,
    e.click_id, e.referrer_host,
    cast(null as varchar) as network, cast(null as varchar) as campaign_id,
    cast(null as varchar) as ad_set_id, cast(null as varchar) as ad_id,
    cast(null as varchar) as channel, cast(null as boolean) as is_paid, e.country
from sourced_events as e
inner join part_events as p
    on e.day = p.day and e.visitor_key = p.visitor_key and e.part_number = p.part_number
left join placed_sources as s on e.visitor_key = s.visitor_key and e.message_id = s.message_id
where s.place_of_source is null or s.place_of_source = 1
union all
select
    day, app, touch_id, touch_type, touched_at, cast(null as varchar), visitor_id, visitor_key,
    user_id,
    case when is_direct = 1 then 'direct' else md5(concat(
        touch_type, :unit, coalesce(network, ''), :unit, coalesce(campaign_id, ''), :unit,
        coalesce(ad_set_id, ''), :unit, coalesce(ad_id, ''), :unit,
        coalesce(source, ''), :unit, coalesce(medium, ''), :unit, coalesce(campaign, ''), :unit,
        coalesce(content, ''), :unit, coalesce(term, ''), :unit, coalesce(utm_id, ''), :unit,
        coalesce(click_id_kind, ''), :unit, coalesce(referrer_host, ''), :unit,
        coalesce(channel, ''), :unit,
        case when is_paid then 'paid' when is_paid = false then 'unpaid' else '' end
    )) end,
    source, medium, campaign, content, term, utm_id, click_id_kind, click_id, referrer_host,
    network, campaign_id, ad_set_id, ad_id, channel, is_paid, country
from reported
