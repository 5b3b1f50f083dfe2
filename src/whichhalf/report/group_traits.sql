-- What `group` calls said of each company: every distinct set of traits, with the last call that
-- said it, ties by message id, then app.
-- grain: group_id, properties
with ranked as (
    select
        group_id, properties, occurred_at, message_id, app,
        row_number() over (
            partition by group_id, properties order by occurred_at desc, message_id desc, app desc
        ) as ordinal
    from events
    where call = 'group' and group_id is not null and properties is not null
)

select group_id, properties
from ranked
where ordinal = 1
order by occurred_at, message_id, app, group_id
