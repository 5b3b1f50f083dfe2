-- The first, last, first paid and last paid touch of each person who signed up: over unlimited lookback,
-- whatever windows the models of `credits` have.
-- grain: person_id, which
with eligible as (
    select
        g.person_id, t.touch_id, t.touched_at, t.source_key, t.referrer_host,
        case when s.is_paid then 1 else 0 end as is_paid,
        row_number() over (
            partition by g.person_id order by t.touched_at, t.touch_id, t.app
        ) as place,
        row_number() over (
            partition by g.person_id order by t.touched_at desc, t.touch_id desc, t.app desc
        ) as place_from_end,
        row_number() over (
            partition by g.person_id, case when s.is_paid then 1 else 0 end
            order by t.touched_at, t.touch_id, t.app
        ) as place_among,
        row_number() over (
            partition by g.person_id, case when s.is_paid then 1 else 0 end
            order by t.touched_at desc, t.touch_id desc, t.app desc
        ) as place_among_from_end
    from signup_sessions as g
    inner join person_touches as t
        on g.person_id = t.person_id and t.touched_at <= g.signed_up_at
    left join sources as s on t.source_key = s.source_key
)

select person_id, 'first' as which, touch_id, touched_at, source_key, referrer_host
from eligible
where place = 1
union all
select person_id, 'last', touch_id, touched_at, source_key, referrer_host
from eligible
where place_from_end = 1
union all
select person_id, 'first_paid', touch_id, touched_at, source_key, referrer_host
from eligible
where is_paid = 1 and place_among = 1
union all
select person_id, 'last_paid', touch_id, touched_at, source_key, referrer_host
from eligible
where is_paid = 1 and place_among_from_end = 1
