-- Items whose credit is not known, by measure: a login of somebody who was never acquired, or a
-- conversion that the model neither credits nor explains. They stand under "organic".
-- grain: measure
select measure, count(*) as item_count
from credited_items
where is_unexplained = 1
group by measure
