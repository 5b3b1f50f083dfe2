-- What stands in quarantine, and why.
-- grain: table_name, reason
select table_name, reason, count(*) as row_count
from quarantine
group by table_name, reason
