-- The first event of each part that brings a source, for each source, with its key. place: among all of
-- the part that bring one. A referrer counts only where no UTM tag and no click id says more, and never
-- if it is the page's own host or one of ignored_hosts.
-- grain: app, message_id    day: occurred_at
with sourced as (
    select
        e.day, e.app, e.message_id, e.visitor_id, e.visitor_key, e.run, e.occurred_at, e.country,
        e.source, e.medium, e.campaign, e.content, e.term, e.utm_id, e.click_id_kind, e.click_id,
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
),

keyed as (
    select
        day, app, message_id, visitor_id, visitor_key, run, occurred_at, country,
        source, medium, campaign, content, term, utm_id, click_id_kind, click_id, referrer_host,
        case
            when is_tagged = 1 then md5(concat(
                'visit', :unit, coalesce(source, ''), :unit, coalesce(medium, ''), :unit,
                coalesce(campaign, ''), :unit, coalesce(content, ''), :unit, coalesce(term, ''),
                :unit, coalesce(utm_id, ''), :unit, coalesce(click_id_kind, '')
            ))
            else md5(concat('referrer', :unit, referrer_host))
        end as source_key
    from sourced
    where is_tagged = 1 or referrer_host is not null
),

-- Only what orders them is carried through the windows.
placed as (
    select
        k.message_id, k.visitor_key, p.part_number, p.user_id,
        row_number() over (
            partition by k.day, k.visitor_key, p.part_number order by k.occurred_at, k.message_id
        ) as place,
        row_number() over (
            partition by k.day, k.visitor_key, p.part_number, k.source_key
            order by k.occurred_at, k.message_id
        ) as place_of_source
    from keyed as k
    inner join cut_parts as p
        on k.day = p.day and k.visitor_key = p.visitor_key and k.run = p.run
        and k.occurred_at >= p.started_at and k.occurred_at <= p.ended_at
)

select
    k.day, k.app, k.message_id, k.visitor_id, k.visitor_key, k.occurred_at, k.country,
    k.source, k.medium, k.campaign, k.content, k.term, k.utm_id, k.click_id_kind, k.click_id,
    k.referrer_host, k.source_key, p.part_number, p.user_id, p.place
from keyed as k
inner join placed as p on k.visitor_key = p.visitor_key and k.message_id = p.message_id
where p.place_of_source = 1
