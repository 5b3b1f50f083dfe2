-- Every campaign, ad set and ad seen in costs or loaded, a row for each level, under its latest name.
-- Where a source gives no id, the name stands for it.
-- grain: network, account_id, campaign_id, ad_set_id, ad_id
with seen as (
    select
        network, account_id, coalesce(campaign_id, campaign_name, '') as campaign_id, campaign_name,
        coalesce(ad_set_id, ad_set_name, '') as ad_set_id, ad_set_name,
        coalesce(ad_id, ad_name, '') as ad_id, ad_name, objective, local_on, 0 as is_loaded,
        cast(null as varchar) as purpose, cast(null as varchar) as pricing_model
    from ad_costs
    union all
    select
        network, account_id, coalesce(campaign_id, campaign_name, ''), campaign_name,
        coalesce(ad_set_id, ad_set_name, ''), ad_set_name, coalesce(ad_id, ad_name, ''), ad_name,
        objective, cast(null as date), 1, purpose, pricing_model
    from loaded_campaigns
),

levels as (
    select
        network, account_id, campaign_id, campaign_name, '' as ad_set_id,
        cast(null as varchar) as ad_set_name, '' as ad_id, cast(null as varchar) as ad_name,
        objective, purpose, pricing_model, local_on, is_loaded
    from seen
    where campaign_id <> ''
    union all
    select
        network, account_id, campaign_id, campaign_name, ad_set_id, ad_set_name, '',
        cast(null as varchar), objective, purpose, pricing_model, local_on, is_loaded
    from seen
    where ad_set_id <> ''
    union all
    select
        network, account_id, campaign_id, campaign_name, ad_set_id, ad_set_name, ad_id, ad_name,
        objective, purpose, pricing_model, local_on, is_loaded
    from seen
    where ad_id <> ''
),

ranked as (
    select
        network, account_id, campaign_id, campaign_name, ad_set_id, ad_set_name, ad_id, ad_name,
        objective, purpose, pricing_model, local_on,
        row_number() over (
            partition by network, account_id, campaign_id, ad_set_id, ad_id
            order by is_loaded desc, coalesce(local_on, date '1970-01-01') desc,
                coalesce(campaign_name, ''), coalesce(ad_set_name, ''), coalesce(ad_name, '')
        ) as ordinal
    from levels
)

select
    network, account_id, campaign_id,
    coalesce(max(case when ordinal = 1 then campaign_name end), campaign_id) as campaign_name,
    ad_set_id,
    max(case when ordinal = 1 then ad_set_name end) as ad_set_name,
    ad_id,
    max(case when ordinal = 1 then ad_name end) as ad_name,
    max(objective) as objective,
    max(purpose) as purpose,
    max(pricing_model) as pricing_model,
    min(local_on) as first_cost_on,
    max(local_on) as last_cost_on
from ranked
group by network, account_id, campaign_id, ad_set_id, ad_id
