-- Instants of the newest event (part of a session, or key event) and of the newest payment, each
-- sought in the newest day of its table only.
-- grain: one row
select
    (
        select max(newest_at)
        from (
            select max(ended_at) as newest_at from session_parts where day = :parts_on
            union all
            select max(occurred_at) from key_events where day = :key_events_on
        ) as events_of_kinds
    ) as event_at,
    (select max(paid_at) from payments where day = :payments_on) as payment_at
