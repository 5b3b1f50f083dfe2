-- Every touch of the person of each conversion, judged: may it take credit under the rules of
-- [attribute], or why not. The first refusal that fits is given; null: it may.
-- Windows are inclusive at both ends, to the microsecond. A refund is judged as of its charge.
-- grain: number, app, touch_id
with cycles as (
    select
        person_id, conversion_kind, converted_at,
        lag(converted_at) over (
            partition by person_id, conversion_kind order by converted_at
        ) as cycle_from
    from (
        select distinct person_id, conversion_kind, converted_at
        from new_conversions
        where :restart_cycles
    ) as times
)

select
    c.number, t.app, t.touch_id, t.touch_type, t.touched_at, t.source_key, t.session_number,
    coalesce(s.channel, 'Direct') as channel,
    case when s.is_paid then 1 else 0 end as is_paid,
    case when t.source_key = 'direct' then 1 else 0 end as is_direct,
    l.lookback_days, l.lookback_rule, y.cycle_from,
    case
        when t.touched_at > c.attributed_at then 'after_conversion'
        when t.touched_at = c.attributed_at and :strict_before then 'at_conversion'
        when v.session_number is not null then 'converting_session'
        when t.touched_at <= y.cycle_from then 'earlier_cycle'
        when t.source_key = 'direct' and not :count_direct then 'direct'
        when date_diff('microsecond', t.touched_at, c.attributed_at)
            > l.lookback_days * 86400000000 then 'out_of_window'
    end as refused
from wanted_conversions as c
inner join person_touches as t
    on c.person_id = t.person_id and (t.touched_at <= c.attributed_at or :with_later)
left join sources as s on t.source_key = s.source_key
left join lookbacks as l
    on c.credited_kind = l.conversion_kind and t.touch_type = l.touch_type
    and coalesce(s.channel, 'Direct') = l.channel
left join cycles as y
    on c.person_id = y.person_id and c.credited_kind = y.conversion_kind
    and c.attributed_at = y.converted_at
left join person_sessions as v
    on t.person_id = v.person_id and t.session_number = v.session_number
    and c.attributed_at >= v.started_at
    and c.attributed_at <= v.ended_at + interval :session_gap_minutes minute
    and not :count_converting_session
