-- Spend per day of the report's zone. A row of an account's local day that lies in two such days is
-- split by minutes; the parts are differences of one running total, so they sum to the row exactly.
-- Money is converted before it is split, once a row, at the rate of the account's local day.
-- grain: network, account_id, campaign_id, ad_set_id, ad_id, country, os, cost_on
with priced as (
    select
        a.network, a.account_id,
        coalesce(a.campaign_id, a.campaign_name, '') as campaign_id,
        coalesce(a.ad_set_id, a.ad_set_name, '') as ad_set_id,
        coalesce(a.ad_id, a.ad_name, '') as ad_id,
        a.country, a.os, a.currency, a.starts_at, a.impressions, a.clicks,
        case
            when a.hours = 1 then a.starts_at + interval 1 hour
            when a.hours = 23 then a.starts_at + interval 23 hour
            when a.hours = 25 then a.starts_at + interval 25 hour
            else a.starts_at + interval 24 hour
        end as ends_at,
        a.spend,
        cast(a.spend * r.rate as decimal(18, 6)) as converted
    from ad_costs as a
    left join rates as r on a.currency = r.currency and a.local_on = r.rate_on
),

overlapping as (
    select
        p.network, p.account_id, p.campaign_id, p.ad_set_id, p.ad_id, p.country, p.os, p.currency,
        d.report_on, p.impressions, p.clicks,
        cast(p.spend * 1000000 as bigint) as micros,
        cast(p.converted * 1000000 as bigint) as converted_micros,
        date_diff('minute', p.starts_at, p.ends_at) as minutes,
        date_diff('minute', p.starts_at, greatest(p.starts_at, d.starts_at)) as minutes_before,
        date_diff('minute', p.starts_at, least(p.ends_at, d.ends_at)) as minutes_after
    from priced as p
    inner join report_days as d on p.starts_at < d.ends_at and p.ends_at > d.starts_at
)

select
    report_on as cost_on, network, account_id, campaign_id, ad_set_id, ad_id, country, os,
    currency as account_currency,
    cast(cast(sum(
        (micros * minutes_after) // minutes - (micros * minutes_before) // minutes
    ) as decimal(28, 6)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)) as account_spend,
    cast(cast(sum(
        (converted_micros * minutes_after) // minutes
        - (converted_micros * minutes_before) // minutes
    ) as decimal(28, 6)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6)) as spend,
    cast(sum(
        (impressions * minutes_after) // minutes - (impressions * minutes_before) // minutes
    ) as bigint) as impressions,
    cast(sum((clicks * minutes_after) // minutes - (clicks * minutes_before) // minutes) as bigint)
        as clicks
from overlapping
group by report_on, network, account_id, campaign_id, ad_set_id, ad_id, country, os, currency
