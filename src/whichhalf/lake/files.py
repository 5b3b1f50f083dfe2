"""Parquet files that an engine wrote: checked against the contract before a commit names them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from whichhalf.engines.base import Engine
from whichhalf.errors import SchemaError
from whichhalf.tables import Table


@dataclass(frozen=True)
class Selected:
    """Rows that an engine can compute: a SELECT, not run yet."""

    engine: Engine
    sql: str

    def reader(self) -> pa.RecordBatchReader:
        """Stream the rows."""
        return self.engine.query(self.sql)


@dataclass(frozen=True)
class Placed:
    """Parquet files that lie in a table's folder already, by paths relative to it.

    Each holds rows of one day, the columns of the contract but `day`, and times in UTC.
    """

    paths: tuple[str, ...]

    def described(self, folder: Path, table: Table) -> list[File]:
        """The files, by their footers. SchemaError where one breaks the contract."""
        return [described(folder, path, table, checks_day=True) for path in self.paths]


@dataclass(frozen=True)
class File:
    """A Parquet file of a table. path: relative to the table's folder. day: None if it has none."""

    path: str
    size: int
    rows: int
    day: str | None

    @property
    def action(self) -> AddAction:
        """What a commit says of it."""
        stats = orjson.dumps({"numRecords": self.rows}).decode()
        values: dict[str, str | None] = {} if self.day is None else {"day": self.day}
        return AddAction(self.path, self.size, values, 0, True, stats)


@contextmanager
def written(rows: Selected, table: Table, folder: Path) -> Iterator[list[File]]:
    """Let the engine write the rows into the table's folder; give its files, checked.

    What the block does not survive to commit is removed: SchemaError where rows break the contract.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = uuid4().hex
    try:
        paths = rows.engine.write(
            rows.sql, table.arrow, str(folder), name=name, by_day=table.partitioned
        )
        files = [described(folder, path, table) for path in paths]
        for empty in (file for file in files if not file.rows):
            (folder / empty.path).unlink()
        yield [file for file in files if file.rows]
    except BaseException:
        for path in folder.rglob(f"*{name}*"):
            path.unlink(missing_ok=True)
        raise


def described(folder: Path, path: str, table: Table, *, checks_day: bool = False) -> File:
    """Return what the footer of a file says. SchemaError where it breaks the contract.

    checks_day: also that all of the clock's times lie in the day that the path names.
    """
    whole = folder / path
    with pq.ParquetFile(whole) as file:
        schema, metadata = file.schema_arrow, file.metadata
        wanted = [field for field in table.arrow if field.name != "day"]
        stored = {field.name: field.type for field in schema}
        if stored != {field.name: field.type for field in wanted}:
            differing = [f.name for f in wanted if stored.get(f.name) != f.type]
            extra = sorted(set(stored) - {field.name for field in wanted})
            raise SchemaError(
                f"{table.name}: columns missing or of another type: {differing or 'none'}; not in"
                f" the contract: {extra or 'none'}. The file is {path}."
            )
        for column in table.columns:
            if column.name != "day" and not column.nullable:
                count = _nulls(file, schema.get_field_index(column.name))
                if count:
                    raise SchemaError(f"{table.name}: {column.name} is null in {count} rows.")
    day = _day(path, table)
    if checks_day and day and (found := clock_days(whole, table)) != (day,):
        raise SchemaError(f"{table.name}: {path} holds rows of {' to '.join(found)}, not of {day}.")
    return File(path, whole.stat().st_size, metadata.num_rows, day)


def clock_days(file: Path, table: Table) -> tuple[str, ...]:
    """First and last UTC date of the table's clock in a file; one where they are the same.

    From the statistics of the footer. SchemaError where it has none.
    """
    with pq.ParquetFile(file) as opened:
        index = opened.schema_arrow.get_field_index(str(table.clock))
        groups = range(opened.metadata.num_row_groups)
        found = [opened.metadata.row_group(group).column(index).statistics for group in groups]
    if not found or any(one is None or not one.has_min_max for one in found):
        raise SchemaError(
            f"{table.name}: the footer of {file} does not say from when to when {table.clock} is."
            " Write it with statistics, or load it without --in-place."
        )
    ends = min(one.min for one in found), max(one.max for one in found)
    return tuple(dict.fromkeys(end.date().isoformat() for end in ends))


def _nulls(file: pq.ParquetFile, index: int) -> int:
    """Nulls of a column: by the statistics of its row groups; counted where there are none."""
    metadata = file.metadata
    counted = 0
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(index).statistics
        if statistics is not None and statistics.has_null_count:
            counted += statistics.null_count
        else:
            name = file.schema_arrow.field(index).name
            counted += file.read_row_group(group, columns=[name]).column(0).null_count
    return counted


def _day(path: str, table: Table) -> str | None:
    """The day that a path names: day=YYYY-MM-DD."""
    if not table.partitioned:
        return None
    named = next((part for part in Path(path).parts if part.startswith("day=")), "")
    try:
        return date.fromisoformat(named.removeprefix("day=")).isoformat()
    except ValueError:
        raise SchemaError(
            f"{table.name}: rows without a day, in {path}. Every row must have one: the UTC date"
            f" of {table.clock}."
        ) from None


def removals(delta: DeltaTable, days: Iterable[str] | None) -> list[RemoveAction]:
    """What takes the active files of some days out of a table; None: all of them."""
    actions = pa.table(delta.get_add_actions(flatten=True))
    wanted = None if days is None else set(days)
    listed = actions.column("path").to_pylist()
    if wanted is None:
        return [RemoveAction(path, True, 0) for path in listed]
    found = zip(listed, actions.column("partition.day").to_pylist(), strict=True)
    return [RemoveAction(path, True, 0) for path, day in found if day.isoformat() in wanted]
