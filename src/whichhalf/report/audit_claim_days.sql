-- Days that the claims of each network cover, and the zones of its accounts as their costs say.
-- grain: network
select
    p.network,
    min(p.local_on) as first_on,
    max(p.local_on) as last_on,
    count(distinct a.time_zone) as zones,
    min(a.time_zone) as time_zone
from platform_results as p
left join (
    select distinct network, account_id, time_zone
    from ad_costs
) as a on p.network = a.network and p.account_id = a.account_id
where p.local_on >= :first_on and p.local_on <= :last_on
group by p.network
