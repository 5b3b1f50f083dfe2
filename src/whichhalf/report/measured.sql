-- What was ever measured in this project, on any day: 1, else 0 (null: the table is empty).
-- grain: one row
select
    max(case when conversion_kind = 'install' then 1 else 0 end) as installs,
    max(case when conversion_kind = 'signup' then 1 else 0 end) as registrations,
    max(case when conversion_kind = 'purchase' then 1 else 0 end) as purchases,
    max(
        case
            when conversion_kind in ('purchase', 'ad_revenue', 'refund', 'chargeback') then 1
            else 0
        end
    ) as revenue
from conversions
