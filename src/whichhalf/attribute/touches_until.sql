-- Touches of the wanted visitors, and those outside of sessions that name a wanted user, until the moment
-- that each is read to.
-- grain: app, touch_id    day: touched_at
select
    t.app, t.touch_id, t.touch_type, t.touched_at, t.part_id, t.visitor_id, t.visitor_key,
    t.user_id, t.source_key, t.source, t.medium, t.campaign, t.content, t.term, t.utm_id,
    t.click_id_kind, t.click_id, t.referrer_host, t.network, t.campaign_id, t.ad_set_id,
    t.ad_id, t.channel, t.is_paid, t.country, t.day
from touches as t
inner join wanted_visitors as w on t.visitor_key = w.visitor_key and t.touched_at <= w.until_at
union all
select
    t.app, t.touch_id, t.touch_type, t.touched_at, t.part_id, t.visitor_id, t.visitor_key,
    t.user_id, t.source_key, t.source, t.medium, t.campaign, t.content, t.term, t.utm_id,
    t.click_id_kind, t.click_id, t.referrer_host, t.network, t.campaign_id, t.ad_set_id,
    t.ad_id, t.channel, t.is_paid, t.country, t.day
from touches as t
inner join wanted_users as u on t.user_id = u.user_id and t.touched_at <= u.until_at
left join wanted_visitors as w on t.visitor_key = w.visitor_key and t.touched_at <= w.until_at
where t.part_id is null and w.visitor_key is null
