-- Every known user and the person that it is: itself, unless an alias merged it with a lesser id.
-- grain: user_id
select k.user_id, coalesce(m.person_id, k.user_id) as person_id
from (select distinct user_id from identity_edges) as k
left join merged_users as m on k.user_id = m.user_id
