-- What each row brought. Buyers are people, each counted once a row by the greatest of the weights
-- of their purchases there.
-- grain: reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
with people as (
    select
        reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part, person_id,
        sum(case when measure = 'acquired' then weight else 0 end) as acquired,
        sum(case when measure = 'installs' then weight else 0 end) as installs,
        sum(case when measure = 'registrations' then weight else 0 end) as registrations,
        sum(case when measure = 'logins' then weight else 0 end) as logins,
        max(case when measure = 'purchases' then weight else 0 end) as buyers,
        sum(case when measure = 'purchases' then weight else 0 end) as purchases,
        sum(value) as revenue,
        sum(case when measure = 'ad_revenue' then value end) as ad_revenue
    from placed_items
    group by
        reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part, person_id
)

select
    reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part,
    cast(sum(acquired) as double) as acquired,
    cast(sum(installs) as double) as installs,
    cast(sum(registrations) as double) as registrations,
    cast(sum(logins) as double) as logins,
    cast(sum(buyers) as double) as buyers,
    cast(sum(purchases) as double) as purchases,
    cast(sum(revenue) as decimal(28, 6)) as revenue,
    cast(sum(ad_revenue) as decimal(28, 6)) as ad_revenue
from people
group by reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
