-- Cuts that stand: of each pair of ids the latest decision, where it is to cut. Of two at one instant
-- the one to cut wins.
-- grain: cut_kind, app, visitor_id, other_user_id, user_id
with ranked as (
    select
        cut_kind, app, visitor_id, visitor_key, other_user_id, user_id, is_cut,
        row_number() over (
            partition by
                cut_kind, coalesce(app, ''), coalesce(visitor_id, ''), coalesce(other_user_id, ''),
                coalesce(user_id, '')
            order by decided_at desc, case when is_cut then 0 else 1 end
        ) as ordinal
    from cut_edges
)

select cut_kind, app, visitor_id, visitor_key, other_user_id, user_id
from ranked
where ordinal = 1 and is_cut
