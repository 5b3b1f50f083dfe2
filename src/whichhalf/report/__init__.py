"""Reports as data: one query object for every way of looking at them."""
