-- Instants of the newest event (part of a session, or key event) and of the newest payment.
-- grain: one row
select
    (
        select max(newest_at)
        from (
            select max(ended_at) as newest_at from session_parts
            union all
            select max(occurred_at) from key_events
        ) as events_of_kinds
    ) as event_at,
    (select max(paid_at) from payments) as payment_at
