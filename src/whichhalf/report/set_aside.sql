-- Rows of costs and payments that could not be read truly, and so are in no report.
-- grain: table_name
select table_name, count(*) as row_count
from quarantine
where table_name in ('ad_costs', 'payments')
group by table_name
