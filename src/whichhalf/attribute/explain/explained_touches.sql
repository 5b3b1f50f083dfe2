-- Every touch of the wanted persons once, with where it came from and by which rules. Those that no
-- conversion is judged by come too, with the reason: same_session (another touch of the session stands
-- for it) or excluded_visitor (left out whole).
-- grain: person_id, app, touch_id    day: touched_at
with excluded as (
    select distinct visitor_key
    from excluded_visitors
),

left_out as (
    select
        t.app, coalesce(
            u.person_id, t.user_id, v.person_id,
            case when t.visitor_id is not null then concat(t.visitor_id, '@', t.app) end
        ) as person_id, t.touch_id, t.touch_type, t.touched_at, t.source_key,
        cast(null as bigint) as session_number, t.referrer_host, 'excluded_visitor' as left_out_by
    from wanted_touches as t
    inner join excluded as x on t.visitor_key = x.visitor_key
    left join users as u on t.user_id = u.user_id
    left join persons as v
        on t.visitor_key = v.visitor_key and t.user_id is null
        and t.touched_at >= v.since and t.touched_at < v.until
    union all
    select
        t.app, s.person_id, t.touch_id, t.touch_type, t.touched_at, t.source_key, s.session_number,
        t.referrer_host, 'same_session'
    from wanted_touches as t
    inner join part_sessions as s on t.app = s.app and t.part_id = s.part_id
    left join person_touches as k on t.app = k.app and t.touch_id = k.touch_id
    where k.touch_id is null
),

every as (
    select
        app, person_id, touch_id, touch_type, touched_at, source_key, session_number, referrer_host,
        cast(null as varchar) as left_out_by
    from person_touches
    union all
    select
        app, person_id, touch_id, touch_type, touched_at, source_key, session_number, referrer_host,
        left_out_by
    from left_out
)

select
    e.app, e.person_id, e.touch_id, e.touch_type, e.touched_at, e.source_key, e.session_number,
    e.referrer_host, e.left_out_by, coalesce(t.visitor_id, p.visitor_id) as visitor_id, t.click_id,
    s.source, s.medium, s.campaign, s.content, s.term, s.click_id_kind,
    coalesce(s.channel, 'Direct') as channel, s.channel_rule,
    coalesce(s.is_paid, false) as is_paid, s.paid_rule, s.network, s.account_id, s.campaign_id,
    s.ad_set_id, s.ad_id, s.match_rule, s.rules_version
from every as e
left join wanted_touches as t on e.app = t.app and e.touch_id = t.touch_id
left join wanted_parts as p on e.app = p.app and e.touch_id = p.part_id
left join sources as s on e.source_key = s.source_key
