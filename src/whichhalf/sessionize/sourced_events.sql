-- Events that bring a source, with its key and the part that they fall into. A referrer counts only
-- where no UTM tag and no click id says more, and never if it is the page's own host or one of
-- ignored_hosts.
-- grain: app, message_id    day: occurred_at
with sourced as (
    select
        e.day, e.app, e.message_id, e.visitor_id, e.visitor_key, e.run, e.occurred_at, e.country,
        e.source, e.medium, e.campaign, e.content, e.term, e.utm_id, e.click_id_kind, e.click_id,
        e.part_number,
        case
            when e.source is not null or e.medium is not null or e.campaign is not null
                or e.utm_id is not null or e.click_id_kind is not null
            then 1 else 0
        end as is_tagged,
        case
            when h.host is null and (e.url_host is null or e.referrer_host <> e.url_host)
            then e.referrer_host
        end as referrer_host
    from chosen_events as e
    left join ignored_hosts as h on e.referrer_host = h.host
    where
        e.source is not null or e.medium is not null or e.campaign is not null
        or e.utm_id is not null or e.click_id_kind is not null or e.referrer_host is not null
)

select
    k.day, k.app, k.message_id, k.visitor_id, k.visitor_key, k.occurred_at, k.country,
    k.source, k.medium, k.campaign, k.content, k.term, k.utm_id, k.click_id_kind, k.click_id,
    k.referrer_host, coalesce(k.part_number, p.part_number) as part_number,
    case
        when k.is_tagged = 1 then md5(concat(
            'visit', :unit, coalesce(k.source, ''), :unit, coalesce(k.medium, ''), :unit,
            coalesce(k.campaign, ''), :unit, coalesce(k.content, ''), :unit, coalesce(k.term, ''),
            :unit, coalesce(k.utm_id, ''), :unit, coalesce(k.click_id_kind, '')
        ))
        else md5(concat('referrer', :unit, k.referrer_host))
    end as source_key
from sourced as k
left join cut_parts as p
    on k.part_number is null and k.day = p.day and k.visitor_key = p.visitor_key
    and k.run = p.run and k.occurred_at >= p.started_at and k.occurred_at <= p.ended_at
where k.is_tagged = 1 or k.referrer_host is not null
