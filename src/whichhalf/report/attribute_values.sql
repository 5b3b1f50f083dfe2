-- What one column of a look-up says of each key.
-- grain: lookup_key
select lookup_key, attribute_value
from lookups
where lookup = :lookup and dimension = :dimension and attribute = :attribute
