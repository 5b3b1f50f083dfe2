-- Client and server calls as the stages see them: ids of nobody are no ids, and every event that
-- brings a source has its key. A referrer counts only where no UTM tag and no click id says more,
-- and never if it is the page's own host or one of :ignored_hosts.
-- grain: app, message_id    day: occurred_at
with sourced as (
    select
        e.day, e.app, e.message_id, e.visitor_id, e.visitor_key, e.call, e.name, e.occurred_at,
        e.url, e.url_host, e.url_path, e.country, e.os,
        e.source, e.medium, e.campaign, e.content, e.term, e.utm_id, e.click_id_kind, e.click_id,
        case when i.user_id is null then e.user_id end as user_id,
        case
            when e.source is not null or e.medium is not null or e.campaign is not null
                or e.utm_id is not null or e.click_id_kind is not null
            then 1 else 0
        end as is_tagged,
        case
            when h.host is null and (e.url_host is null or e.referrer_host <> e.url_host)
            then e.referrer_host
        end as referrer_host
    from events as e
    left join ignored_users as i on e.user_id = i.user_id
    left join ignored_hosts as h on e.referrer_host = h.host
)
select
    day, app, message_id, visitor_id, visitor_key, user_id, call, name, occurred_at,
    url, url_host, url_path, country, os,
    source, medium, campaign, content, term, utm_id, click_id_kind, click_id, referrer_host,
    case
        when is_tagged = 1 then md5(concat(
            'visit', :unit, coalesce(source, ''), :unit, coalesce(medium, ''), :unit,
            coalesce(campaign, ''), :unit, coalesce(content, ''), :unit, coalesce(term, ''), :unit,
            coalesce(utm_id, ''), :unit, coalesce(click_id_kind, '')
        ))
        when referrer_host is not null then md5(concat('referrer', :unit, referrer_host))
    end as source_key
from sourced
