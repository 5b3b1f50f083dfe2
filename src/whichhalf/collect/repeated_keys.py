"""Rows of one file with one key: the last holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def settle_keys(
    rows: pa.Table, grain: tuple[str, ...]
) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], list[int], dict[int, tuple[str, str]]]:
    """Return (mask of the rows that hold, rows equal to the one that holds, rows that differ).

    Of several rows with one key the last holds, as files are written in the order in which things
    were corrected. The third part is row → (reason, detail), for quarantine.
    """
    if any(pc.count_distinct(rows[name]).as_py() == rows.num_rows for name in grain):
        return np.ones(rows.num_rows, bool), [], {}
    number = np.arange(rows.num_rows)
    keyed = rows.select(grain).append_column("row", pa.array(number))
    last = keyed.group_by(list(grain)).aggregate([("row", "max")])["row_max"].to_numpy()
    holds = np.zeros(rows.num_rows, bool)
    holds[last] = True
    if holds.all():
        return holds, [], {}
    key_of = _rows_of(rows.select(grain))
    earlier = np.flatnonzero(~holds)
    keys = dict.fromkeys(key_of(earlier))
    # Only the holders of repeated keys are looked at closely.
    holder = {key: row for row, key in zip(last, key_of(last), strict=True) if key in keys}
    later = [int(holder[key]) for key in key_of(earlier)]
    content_of = _rows_of(rows)
    same = [a == b for a, b in zip(content_of(earlier), content_of(later), strict=True)]
    shown = " and ".join(grain)
    differing = {
        int(row): ("repeated_key", f"a later row of the file has the same {shown}, and differs")
        for row, equal in zip(earlier, same, strict=True)
        if not equal
    }
    return holds, [int(r) for r, equal in zip(earlier, same, strict=True) if equal], differing


def _rows_of(table: pa.Table) -> Any:
    """A function from row numbers to the tuples of their cells."""

    def rows_of(numbers: Any) -> list[tuple[Any, ...]]:
        taken = table.take(pa.array(numbers, pa.int64()))
        return list(zip(*(column.to_pylist() for column in taken.columns), strict=True))

    return rows_of
