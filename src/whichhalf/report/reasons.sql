-- Reasons that were ever found for a conversion without credit under :model.
-- grain: reason
select distinct reason
from unattributed
where model = :model
