"""Days of events cut where their files are read by this process: one file, one thread."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from whichhalf.engines import Limits, Scan
from whichhalf.errors import EngineError
from whichhalf.sessionize.arrays import CODED, COLUMNS, Day, Rules
from whichhalf.sessionize.cut import Parts, Sources, excluded_visitors, session_parts
from whichhalf.tables import TABLES

EVENT_BYTES = 1000  # of memory while a day is cut: columns, order, and the rows that come of it
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
OUTPUTS = ("session_parts", "touches", "excluded_visitors")


class Cut(NamedTuple):
    """Rows of the three tables, in the columns of the contract; touches: those of visits."""

    session_parts: pa.Table
    touches: pa.Table
    excluded_visitors: pa.Table


def fitting_threads(scan: Scan, limits: Limits) -> int:
    """How many days of events can be cut at once within the limits; 0: not even the largest one."""
    rows: dict[date | None, int] = {}
    for path, day in scan.files:
        with _opened(scan, path) as file:
            rows[day] = rows.get(day, 0) + file.metadata.num_rows
    largest = max(rows.values(), default=0) * EVENT_BYTES
    cores = limits.threads or os.cpu_count() or 1
    return int(min(cores, limits.memory_bytes // max(largest, 1)))


def cut_days(scan: Scan, rules: Rules, *, threads: int) -> Cut:
    """Cut every day of a scan of `events`."""
    files: dict[date, list[str]] = {}
    for path, day in scan.files:
        assert day is not None, "events are partitioned by day"
        files.setdefault(day, []).append(path)
    with ThreadPoolExecutor(threads) as pool:
        cuts = list(pool.map(lambda day: cut_day(read(scan, files[day]), day, rules), files))
    empty = Cut(*(TABLES[name].arrow.empty_table() for name in OUTPUTS))
    return Cut(*(pa.concat_tables(found) for found in zip(empty, *cuts, strict=True)))


def read(scan: Scan, paths: list[str]) -> pa.Table:
    """COLUMNS of the events in some files; those younger than the files are null."""
    schema = TABLES["events"].arrow
    tables = []
    for path in paths:
        with _opened(scan, path) as file:
            held = set(file.schema_arrow.names)
        with _opened(scan, path, [name for name in CODED if name in held]) as file:
            rows = file.read([name for name in COLUMNS if name in held], use_threads=False)
        for name in (name for name in COLUMNS if name not in held):
            kind = _DICTIONARY if name in CODED else schema.field(name).type
            rows = rows.append_column(name, pa.nulls(len(rows), kind))
        tables.append(rows.select(COLUMNS))
    return pa.concat_tables(tables).unify_dictionaries()


@contextmanager
def _opened(scan: Scan, path: str, coded: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    """A file of events. EngineError where it cannot be read, as an engine would say it.

    coded: columns that are read as dictionaries; the file must have them.
    """
    try:
        with pq.ParquetFile(
            path, filesystem=scan.filesystem, read_dictionary=list(coded), pre_buffer=True
        ) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise EngineError(f"Parquet: {path}: {error}") from error


def cut_day(events: pa.Table, day: date, rules: Rules) -> Cut:
    """Cut the events of one UTC day: COLUMNS, any order; those without a visitor are left out."""
    if events["visitor_key"].null_count:
        events = events.filter(events["visitor_key"].is_valid())
    if not len(events):
        return Cut(*(TABLES[name].arrow.empty_table() for name in OUTPUTS))
    of = Day(events.combine_chunks(), rules)
    parts = Parts(of)
    sources = Sources(parts)
    made = (session_parts(parts, sources), sources.touches(), excluded_visitors(of))
    return Cut(*(_table(name, columns, day) for name, columns in zip(OUTPUTS, made, strict=True)))


def _table(name: str, columns: Mapping[str, pa.Array], day: date) -> pa.Table:
    """Rows in the columns of the contract; those that nothing gives are null."""
    schema = TABLES[name].arrow
    count = len(columns["visitor_key"])
    given = {**columns, "day": pa.repeat(pa.scalar(day, pa.date32()), count)}
    return pa.table(
        [given.get(field.name, pa.nulls(count, field.type)) for field in schema], schema=schema
    )
