-- The conversion that acquired each person: the first install, else the signup; one a person.
-- grain: person_id    day: acquired_at
with ranked as (
    select
        person_id, app, conversion_id, conversion_kind, converted_at, country, os,
        row_number() over (
            partition by person_id
            order by case when conversion_kind = 'install' then 0 else 1 end, converted_at,
                conversion_id, app
        ) as ordinal
    from conversions
    where conversion_kind in ('install', 'signup')
)

select
    person_id, app as acquired_app, conversion_id as acquired_id,
    conversion_kind as acquired_kind, converted_at as acquired_at, country, os
from ranked
where ordinal = 1
