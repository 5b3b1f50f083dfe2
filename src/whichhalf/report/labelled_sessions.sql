-- Sessions under the label of their value; :missing where there is none.
-- grain: session_id, app
select
    i.session_id, i.app, i.person_id, i.page_count, i.signed_up,
    coalesce(l.label, :missing) as part
from own_items as i
left join part_labels as l on i.part = l.part
