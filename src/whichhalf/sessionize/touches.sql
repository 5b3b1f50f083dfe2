-- One row per part × distinct source tuple, timed at the first event that carries it; and what others
-- report.
-- grain: app, touch_id    day: touched_at
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
    day, app, touch_id, touch_type, touched_at, part_id, visitor_id, visitor_key, user_id, source_key,
    source, medium, campaign, content, term, utm_id, click_id_kind, click_id, referrer_host,
    network, campaign_id, ad_set_id, ad_id, channel, is_paid, country
from reported_touches
