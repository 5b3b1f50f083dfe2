-- Spend of campaigns that a touch names, by id or name, and of those that none does.
-- grain: network
with touched as (
    select distinct network, account_id, campaign_id
    from sources
    where match_rule is not null
)

select
    c.network,
    cast(sum(c.spend) as decimal(28, 6)) as spend,
    cast(sum(
        case when t.campaign_id is null then cast(0 as decimal(18, 6)) else c.spend end
    ) as decimal(28, 6)) as matched,
    cast(sum(
        case when t.campaign_id is null then c.spend else cast(0 as decimal(18, 6)) end
    ) as decimal(28, 6)) as unmatched
from cost_days as c
left join touched as t
    on c.network = t.network and c.account_id = t.account_id and c.campaign_id = t.campaign_id
where c.cost_on >= :first_on and c.cost_on <= :last_on
group by c.network
