-- The newest UTC day of each table that says how fresh the data is: read from partitions alone.
-- grain: one row
select
    (select max(day) from session_parts) as parts_on,
    (select max(day) from key_events) as key_events_on,
    (select max(day) from payments) as payments_on,
    (select max(day) from ad_costs) as costs_on
