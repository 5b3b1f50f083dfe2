-- Parts of a visitor's day, counted: stretches are joined unless more than :session_gap_minutes lie
-- between the last event of one and the first of the next (a gap of exactly that stays), or the user is
-- another. A stretch without events is as long as the gap: only neighbours can be joined.
-- grain: day, visitor_key, part_number
with stretches as (
    select
        t.day, t.visitor_key, cast(0 as bigint) as run, t.stretch, t.started_at, t.ended_at,
        t.event_count, t.page_count, t.first_page_at, t.first_blog_at, t.greatest_user_id as user_id
    from visit_stretches as t
    left join (select distinct day, visitor_key from shared_events) as s
        on t.day = s.day and t.visitor_key = s.visitor_key
    where s.visitor_key is null
    union all
    -- One stretch an event: those of a run are joined as any others.
    select
        e.day, e.visitor_key, e.run,
        row_number() over (
            partition by e.day, e.visitor_key, e.run order by e.occurred_at, e.message_id
        ),
        e.occurred_at, e.occurred_at, 1,
        case when e.call in ('page', 'screen') then 1 else 0 end,
        case when e.call in ('page', 'screen') then e.occurred_at end,
        case when e.call = 'page' and b.url_path is not null then e.occurred_at end,
        e.user_id
    from shared_events as e
    left join blog_paths as b on e.url_path = b.url_path
),

linked as (
    select
        s.day, s.visitor_key, s.run, s.stretch, s.started_at, s.ended_at, s.event_count,
        s.page_count, s.first_page_at, s.first_blog_at, s.user_id,
        case
            when s.started_at <= b.ended_at + interval :session_gap_minutes minute then 0 else 1
        end as begins
    from stretches as s
    left join stretches as b
        on s.day = b.day and s.visitor_key = b.visitor_key and s.run = b.run
        and s.stretch = b.stretch + 1
),

numbered as (
    select
        day, visitor_key, run, started_at, ended_at, event_count, page_count, first_page_at,
        first_blog_at, user_id,
        sum(begins) over (
            partition by day, visitor_key order by run, stretch
            rows between unbounded preceding and current row
        ) as part_number
    from linked
)

select
    day, visitor_key, run, cast(part_number as bigint) as part_number,
    min(started_at) as started_at,
    max(ended_at) as ended_at,
    cast(sum(event_count) as bigint) as event_count,
    cast(sum(page_count) as bigint) as page_count,
    min(first_page_at) as first_page_at,
    min(first_blog_at) as first_blog_at,
    max(user_id) as user_id
from numbered
group by day, visitor_key, run, part_number
