"""The peers of attribution_scale, in SQL: what a good engineer writes by hand."""

BARE_SORT = """
create table s as
select visitor_id as anonymous_id, occurred_at as "timestamp"
from read_parquet({files})
order by anonymous_id, "timestamp"
"""

# Sessions of persons by two windows over the merged stream, the touches by arg_min and arg_max.
# Simpler than what whichhalf does: a visitor has one user for ever, ties fall as they may.
USUAL_QUERY = """
create table signups as
with users as (
    select visitor_id, max(user_id) as user_id
    from read_parquet({files})
    where user_id is not null
    group by visitor_id
),

merged as (
    select
        coalesce(u.user_id, e.visitor_id) as person, e.occurred_at, e.message_id, e.call, e.name,
        e.url,
        coalesce(e.source, e.referrer_host) as source, e.medium, e.campaign
    from read_parquet({files}) as e
    left join users as u on e.visitor_id = u.visitor_id
),

flagged as (
    select
        *,
        case
            when occurred_at - lag(occurred_at) over (
                partition by person order by occurred_at, message_id
            ) <= interval 20 minute then 0 else 1
        end as begins
    from merged
),

numbered as (
    select
        *,
        sum(begins) over (
            partition by person order by occurred_at, message_id
            rows between unbounded preceding and current row
        ) as session
    from flagged
),

sessions as (
    select
        person, session, min(occurred_at) as started_at, max(occurred_at) as ended_at,
        count(*) as events,
        arg_min(url, occurred_at) filter (call = 'page') as landing,
        arg_min(source, occurred_at) filter (source is not null) as source,
        arg_min(medium, occurred_at) filter (source is not null) as medium,
        arg_min(campaign, occurred_at) filter (source is not null) as campaign
    from numbered
    group by person, session
),

signed_up as (
    select person, min(occurred_at) as signed_up_at
    from merged
    where name = 'Signed Up'
    group by person
)

select
    s.person, s.signed_up_at, count(*) as sessions_before,
    arg_min(t.landing, t.started_at) as first_page,
    arg_min(t.source, t.started_at) as first_source,
    arg_min(t.campaign, t.started_at) as first_campaign,
    arg_max(t.source, t.started_at) as last_source,
    arg_max(t.campaign, t.started_at) as last_campaign,
    arg_min(t.source, t.started_at) filter (t.medium in ('cpc', 'paid_social')) as first_paid,
    arg_max(t.source, t.started_at) filter (t.medium in ('cpc', 'paid_social')) as last_paid
from signed_up as s
inner join sessions as t on s.person = t.person and t.started_at <= s.signed_up_at
group by s.person, s.signed_up_at
"""
