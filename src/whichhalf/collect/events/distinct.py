"""What was found out of distinct values, given back to every row that has one of them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def flat(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One contiguous array of plain strings (an empty chunked array too)."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(pa.string())


def taken(values: pa.Array | pa.ChunkedArray, found: pa.Table) -> pa.Table:
    """Return for each of `values` the row of `found` whose first column holds it; else nulls.

    found: its first column is distinct, and holds every value that is not null.
    """
    key, *others = found.column_names
    values = flat(values)
    places = pc.index_in(values, found[key].combine_chunks())
    columns = {key: values}
    for name in others:
        column = found[name].combine_chunks()
        is_empty = column.null_count == len(column)  # most tags of most files
        columns[name] = pa.nulls(len(values), column.type) if is_empty else column.take(places)
    return pa.table(columns)
