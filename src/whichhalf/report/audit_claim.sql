-- Conversions of one kind as we credit them to a network, and as it would count them: after a click on
-- it no older than :click_days, or a view no older than :view_days (-1: never counts).
-- ours: credited to it. too_old: of these, without such a touch. The rest are not ours, but its own:
-- viewed: after views only; not_credited: credited to nobody; duplicates: credited to another network
-- that claims; elsewhere: credited to another that does not.
-- grain: one row
with made as (
    select app, conversion_id, person_id, attributed_at
    from conversions
    where conversion_kind = :kind and converted_at >= :starts_at and converted_at < :ends_at
),

winners as (
    select c.app, c.conversion_id, max(coalesce(s.network, '')) as network
    from credits as c
    inner join sources as s on c.source_key = s.source_key
    where c.model = :model and c.conversion_kind = :kind
        and c.converted_at >= :starts_at and c.converted_at < :ends_at
    group by c.app, c.conversion_id
),

seen as (
    select m.app, m.conversion_id, min(t.is_view) as is_view
    from made as m
    inner join audit_touches as t
        on m.person_id = t.person_id and t.network = :network and t.touched_at <= m.attributed_at
        and date_diff('microsecond', t.touched_at, m.attributed_at)
            <= case when t.is_view = 1 then :view_days else :click_days end * 86400000000
    group by m.app, m.conversion_id
),

judged as (
    select
        case when w.network = :network then 1 else 0 end as is_ours,
        case when s.conversion_id is null then 0 else 1 end as is_seen,
        s.is_view,
        w.network,
        case when n.network is null then 0 else 1 end as is_claimed
    from made as m
    left join winners as w on m.app = w.app and m.conversion_id = w.conversion_id
    left join seen as s on m.app = s.app and m.conversion_id = s.conversion_id
    left join claiming_networks as n on w.network = n.network
)

select
    count(case when is_ours = 1 then 1 end) as ours,
    count(case when is_ours = 1 and is_seen = 0 then 1 end) as too_old,
    count(case when is_ours = 0 and is_seen = 1 and is_view = 1 then 1 end) as viewed,
    count(
        case when is_ours = 0 and is_seen = 1 and is_view = 0 and network is null then 1 end
    ) as not_credited,
    count(case when is_ours = 0 and is_seen = 1 and is_view = 0 and is_claimed = 1 then 1 end)
        as duplicates,
    count(
        case
            when is_ours = 0 and is_seen = 1 and is_view = 0 and is_claimed = 0
                and network is not null
            then 1
        end
    ) as elsewhere
from judged
