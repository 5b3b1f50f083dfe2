"""Arrow rows as Parquet files of a table: a file a day, written on all cores.

Where days are large, twice as fast as streaming them through deltalake's writer. That one does what
is left: small days, whose footers take longer to check than their rows to write; tables in a
bucket; tables that get new columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from whichhalf.lake.files import File, described
from whichhalf.tables import Table
from whichhalf.tables.conform import conform

Ints = np.ndarray[Any, np.dtype[np.int32]]
_FEWEST_ROWS = 10_000  # of a day, on average
_MOST_SLICES = 64  # of a day; more are put together in memory instead
_RARELY_REPEATED = ("timestamp", "json")


def is_large(rows: pa.Table, table: Table) -> bool:
    """Whether its days are worth files that are written here; a row without a day is not."""
    if not table.partitioned or not len(rows) or rows["day"].null_count:
        return False
    return len(pc.unique(rows["day"])) * _FEWEST_ROWS <= len(rows)


@contextmanager
def written(rows: pa.Table, table: Table, folder: Path) -> Iterator[list[File]]:
    """Write rows, all columns of the contract, into the table's folder; give the files, checked.

    What the block does not survive to commit is removed: SchemaError where rows break the contract.
    """
    rows = conform(rows, table).read_all()
    name = uuid4().hex
    files = {f"day={day}/{name}.parquet": part for day, part in _by_day(rows)}
    try:
        with ThreadPoolExecutor(min(len(files), pa.cpu_count())) as pool:
            list(pool.map(lambda path: _write(folder / path, files[path], table), files))
        yield [described(folder, path, table) for path in files]
    except BaseException:
        for path in files:
            (folder / path).unlink(missing_ok=True)
        raise


def _by_day(rows: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    """The rows of each day without the column `day`, in their order.

    Rows mostly come by time: then each day is a few slices, and nothing is copied.
    """
    days = sorted(pc.unique(rows["day"]).to_pylist())
    numbers = rows["day"].cast(pa.int32()).to_numpy()
    rows = rows.drop_columns("day")
    bounds = _bounds(numbers)
    if len(bounds) > _MOST_SLICES * len(days):
        order = np.argsort(numbers, kind="stable")
        numbers, rows = numbers[order], rows.take(pa.array(order))
        bounds = _bounds(numbers)
    slices: dict[int, list[pa.Table]] = {}
    for start, end in pairwise(bounds):
        slices.setdefault(int(numbers[start]), []).append(rows.slice(start, end - start))
    for day in days:
        yield day, pa.concat_tables(slices[(day - date(1970, 1, 1)).days])


def _bounds(numbers: Ints) -> list[int]:
    """Where runs of one number begin, and the end of the last."""
    return [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)]


def _write(path: Path, rows: pa.Table, table: Table) -> None:
    """Write one file: quick to write and read; no dictionary of values that hardly repeat."""
    repeated = [
        column.name
        for column in table.columns
        if column.name != table.grain[-1] and column.type not in _RARELY_REPEATED
    ]
    options: dict[str, Any] = {"store_schema": False, "store_decimal_as_integer": True}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, compression="snappy", use_dictionary=repeated, **options)
