-- Events of UTC days, and where they went: into parts of sessions, into parts of visitors that are left
-- out as too heavy, or into none, as a server's call names no visitor.
-- grain: one row
with parts as (
    select p.event_count, case when x.visitor_key is null then 0 else 1 end as is_excluded
    from session_parts as p
    left join (
        select distinct visitor_key
        from excluded_visitors
    ) as x on p.visitor_key = x.visitor_key
    where p.day >= :first_on and p.day <= :last_on
)

select
    (select count(*) from events where day >= :first_on and day <= :last_on) as events,
    (
        select count(*)
        from events
        where day >= :first_on and day <= :last_on and visitor_key is null
    ) as server_calls,
    (
        select cast(coalesce(sum(event_count), 0) as bigint) from parts where is_excluded = 0
    ) as in_sessions,
    (
        select cast(coalesce(sum(event_count), 0) as bigint) from parts where is_excluded = 1
    ) as excluded
