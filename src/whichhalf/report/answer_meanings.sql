-- What look-ups on answers say of :attribute; empty cells say nothing.
-- grain: lookup, lookup_key
select lookup, lookup_key, attribute_value
from lookups
where dimension = 'answer' and attribute = :attribute and attribute_value is not null
