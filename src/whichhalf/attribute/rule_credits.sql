-- Credits of the models that are rules, a row a model: touch_credits has a column for each. A model that
-- gives all to one touch gives it the whole value.
-- grain: app, conversion_id, conversion_kind, model, touch_id    day: converted_at
select
    day, app, conversion_id, conversion_kind, 'first' as model, touch_id, source_key, touched_at,
    person_id, converted_at, first_credit as credit, value
from touch_credits
where first_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'last', touch_id, source_key, touched_at,
    person_id, converted_at, last_credit, value
from touch_credits
where last_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'first_non_direct', touch_id, source_key, touched_at,
    person_id, converted_at, first_non_direct_credit, value
from touch_credits
where first_non_direct_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'last_non_direct', touch_id, source_key, touched_at,
    person_id, converted_at, last_non_direct_credit, value
from touch_credits
where last_non_direct_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'first_paid', touch_id, source_key, touched_at,
    person_id, converted_at, first_paid_credit, value
from touch_credits
where first_paid_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'last_paid', touch_id, source_key, touched_at,
    person_id, converted_at, last_paid_credit, value
from touch_credits
where last_paid_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'linear', touch_id, source_key, touched_at,
    person_id, converted_at, linear_credit, linear_value
from touch_credits
where linear_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'position', touch_id, source_key, touched_at,
    person_id, converted_at, position_credit, position_value
from touch_credits
where position_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'time_decay', touch_id, source_key, touched_at,
    person_id, converted_at, time_decay_credit, time_decay_value
from touch_credits
where time_decay_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'shapley', touch_id, source_key, touched_at,
    person_id, converted_at, shapley_credit, shapley_value
from touch_credits
where shapley_credit is not null
union all
select
    day, app, conversion_id, conversion_kind, 'install_last_touch', touch_id, source_key, touched_at,
    person_id, converted_at, install_last_touch_credit, value
from touch_credits
where install_last_touch_credit is not null
