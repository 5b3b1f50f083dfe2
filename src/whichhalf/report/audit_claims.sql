-- What each network claims, on the account's own days. results_missing: rows without a count.
-- grain: network, action, attribution_window
select
    network, action, attribution_window,
    sum(results) as results,
    sum(case when results is null then 1 else 0 end) as results_missing
from platform_results
where local_on >= :first_on and local_on <= :last_on
group by network, action, attribution_window
