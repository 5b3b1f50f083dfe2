"""Put the rows of several files into a table at once, where that is the same as one by one.

A commit costs the same for a day's file as for a year's. So files that say nothing about each other
are merged in one go; one that does begins the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.store import (
    LONG_TABLES,
    RENAMED,
    REPORTED,
    RETRIED,
    Stored,
    days_in_reach,
    store,
)
from whichhalf.engines import Engine
from whichhalf.lake import Lake
from whichhalf.tables import Table

Ints = np.ndarray[Any, np.dtype[np.int64]]
_MOST = 2**62  # codes of several columns are joined as long as they fit 64 bits


def store_parts(
    lake: Lake, engine: Engine, table: Table, parts: Sequence[pa.Table], dedupe_days: int
) -> Stored:
    """Merge the rows of files into a table as if by one `store` a file, in their order.

    Rows and counts are those; only the commits are fewer. The caller holds the run lock.
    """
    total = Stored(0, 0, 0)
    for group in _groups(lake, table, [part for part in parts if part.num_rows], dedupe_days):
        one = store(lake, engine, table, pa.concat_tables(group), dedupe_days)
        total = Stored(
            total.loaded + one.loaded,
            total.duplicates + one.duplicates,
            total.replaced + one.replaced,
        )
    return total


def _groups(
    lake: Lake, table: Table, parts: Sequence[pa.Table], dedupe_days: int
) -> Iterator[Sequence[pa.Table]]:
    """Runs of files that can be stored at once, as long as they can be.

    What is yielded must be stored before the next is asked for, as it may bear on that.
    """
    if len(parts) < 2 or table.name in RETRIED:  # retries may meet in one call
        if parts:
            yield parts
        return
    latest, days = _latest_met(table, parts), _days(table, parts)
    start = 0
    while start < len(parts):
        present = lake.days(table) if table.name in LONG_TABLES else []
        reach = [days_in_reach(table, one, present, dedupe_days) for one in days[start:]]
        ends = (
            number
            for number in range(start + 1, len(parts))
            if latest[number] >= start or reach[number - start] != reach[0]
        )
        end = next(ends, len(parts))
        yield parts[start:end]
        start = end


def _days(table: Table, parts: Sequence[pa.Table]) -> list[list[date]]:
    """The days of each file, where they say which stored days are searched.

    Of a long table only the days around are: together, files would find keys that each alone is
    too far from.
    """
    if table.name not in LONG_TABLES:
        return [[]] * len(parts)
    return [pc.unique(part[str(table.clock)].cast(pa.date32())).to_pylist() for part in parts]


def _latest_met(table: Table, parts: Sequence[pa.Table]) -> Ints:
    """Of each file the last one before it that it says something about; -1 where there is none.

    That is one with the same key; or, of costs, another report of the same day, or the same ad,
    which may have another name by now.
    """
    rows = pa.concat_tables(parts)
    part_of = np.repeat(np.arange(len(parts)), [part.num_rows for part in parts])
    latest = _latest(_codes(rows, table.grain), part_of, len(parts))
    if table.name in REPORTED:
        subject, report = REPORTED[table.name]
        several = _of_several_reports(_codes(rows, subject), _codes(rows, (report,)))
        reported = _latest(_codes(rows, subject)[several], part_of[several], len(parts))
        latest = np.maximum(latest, reported)
    if table.name in RENAMED:
        met_by, ids = RENAMED[table.name]
        codes = _codes(rows, dict.fromkeys([*met_by, *(key for key, _name in ids)]))
        named = np.ones(len(codes), bool)
        for name in met_by:  # what has no id is met by no name
            named &= rows[name].is_valid().to_numpy()
        latest = np.maximum(latest, _latest(codes[named], part_of[named], len(parts)))
    return latest


def _latest(codes: Ints, part_of: Ints, count: int) -> Ints:
    """Of each of `count` files the last one before it that shares a code with it, else -1."""
    latest = np.full(count, -1)
    pairs = np.unique(np.unique(codes, return_inverse=True)[1].ravel() * count + part_of)
    code, part = pairs // count, pairs % count
    shared = np.flatnonzero(code[1:] == code[:-1])
    np.maximum.at(latest, part[shared + 1], part[shared])
    return latest


def _of_several_reports(subjects: Ints, reports: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether a row's subject is that of rows of another report too."""
    subjects = np.unique(subjects, return_inverse=True)[1].ravel()
    kinds = int(reports.max(initial=0)) + 1
    pairs = np.unique(subjects * kinds + reports)
    counts = np.bincount(pairs // kinds, minlength=int(subjects.max(initial=0)) + 1)
    return np.asarray(counts[subjects] > 1)


def _codes(rows: pa.Table, names: Sequence[str] | dict[str, None]) -> Ints:
    """A number a row: the same where all the columns are the same, null being null."""
    codes, room = np.zeros(rows.num_rows, np.int64), 1
    for name in names:
        column = rows[name].combine_chunks()
        coded = pc.dictionary_encode(column, null_encoding="encode")
        coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
        size = max(len(coded.dictionary), 1)
        if room * size >= _MOST:
            distinct, codes = np.unique(codes, return_inverse=True)
            codes, room = codes.ravel(), len(distinct)
        codes, room = codes * size + coded.indices.to_numpy(), room * size
    return codes
