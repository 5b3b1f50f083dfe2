-- Conversions that are credited anew, with their days: those that differ from before, as they were and as
-- they are, and those of a changed history; a person's later ones inherit from an install, and may begin
-- where one before ended.
-- grain: app, conversion_id, conversion_kind, person_id, day    day: converted_at
with moved as (
    -- There on one side only: another value, product or refund changes no other conversion's credit.
    select person_id, conversion_kind, converted_at
    from differing_conversions
    group by app, conversion_id, conversion_kind, person_id, converted_at
    having count(*) = 1
),

installs_of_persons as (
    select person_id, min(converted_at) as changed_from
    from moved
    where conversion_kind = 'install'
    group by person_id
),

-- Until when a change of its history is one of a conversion: the instant that its touches count to; of a
-- signup the end of its session, too, which is stored and goes on.
reached as (
    select
        app, conversion_id, conversion_kind, person_id, day, visitor_key, attributed_at as reaches_to
    from new_conversions
    union all
    select
        c.app, c.conversion_id, c.conversion_kind, c.person_id, c.day, c.visitor_key,
        s.ended_at + interval :session_gap_minutes minute
    from new_conversions as c
    inner join old_useful_sessions as s on c.person_id = s.person_id and s.role = 'signup'
    where c.conversion_kind = 'signup'
),

next_of_cycles as (
    select m.person_id, m.conversion_kind, m.converted_at, min(c.converted_at) as next_at
    from moved as m
    inner join new_conversions as c
        on m.person_id = c.person_id and m.conversion_kind = c.conversion_kind
        and m.converted_at < c.converted_at
    where :restart_cycles
    group by m.person_id, m.conversion_kind, m.converted_at
)

select app, conversion_id, conversion_kind, person_id, day
from differing_conversions
union
select c.app, c.conversion_id, c.conversion_kind, c.person_id, c.day
from new_conversions as c
inner join installs_of_persons as i
    on c.person_id = i.person_id and c.attributed_at >= i.changed_from
union
select c.app, c.conversion_id, c.conversion_kind, c.person_id, c.day
from new_conversions as c
inner join next_of_cycles as n
    on c.person_id = n.person_id and c.attributed_at = n.next_at
    and n.conversion_kind = case
        when c.conversion_kind in ('refund', 'chargeback') then 'purchase' else c.conversion_kind
    end
union
select c.app, c.conversion_id, c.conversion_kind, c.person_id, c.day
from reached as c
inner join changed_visitors as v
    on c.visitor_key = v.visitor_key and c.reaches_to >= v.changed_from
union
select c.app, c.conversion_id, c.conversion_kind, c.person_id, c.day
from reached as c
inner join changed_persons as p
    on c.person_id = p.person_id and c.reaches_to >= p.changed_from
