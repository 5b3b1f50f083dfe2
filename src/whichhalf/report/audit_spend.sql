-- Spend as the networks report it, converted row by row at the rate of the account's day, against the
-- days of the reports. All of the history: a row may lie in two days of the reports.
-- grain: network
with sides as (
    select
        a.network, cast(a.spend * r.rate as decimal(18, 6)) as reported, a.clicks as reported_clicks,
        cast(0 as decimal(18, 6)) as spend, cast(0 as bigint) as clicks
    from ad_costs as a
    left join rates as r on a.currency = r.currency and a.local_on = r.rate_on
    union all
    select network, cast(0 as decimal(18, 6)), cast(0 as bigint), spend, clicks
    from cost_days
)

select
    network,
    cast(coalesce(sum(reported), 0) as decimal(28, 6)) as reported,
    cast(coalesce(sum(spend), 0) as decimal(28, 6)) as spend,
    cast(sum(reported_clicks) as bigint) as reported_clicks,
    cast(sum(clicks) as bigint) as clicks
from sides
group by network
