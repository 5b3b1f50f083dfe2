"""One commit of one table: its rows are written by the lake, or by the engine that has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Schema,
    WriterProperties,
    write_deltalake,
)
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from whichhalf.errors import SchemaError, UsageError
from whichhalf.lake import day_files
from whichhalf.lake.files import File, Placed, Selected, removals, written
from whichhalf.lake.place import Place
from whichhalf.tables import Table
from whichhalf.tables.conform import conform

# Old versions of the log go when `whichhalf lake vacuum` says so, and no earlier.
KEEP_LOGS = PostCommitHookProperties(cleanup_expired_logs=False)
Rows: TypeAlias = Selected | Placed | pa.RecordBatchReader | pa.Table


@dataclass(frozen=True)
class Commit:
    """What a commit does: adds rows; `replaces` says which days go first (None: all there is).

    metadata: keys and texts that the log keeps with the commit. check: raises where the run lock
    was lost; asked again when the rows are written, before the log names them.
    """

    table: Table
    place: Place
    delta: DeltaTable | None
    replaces: tuple[date, ...] | None
    metadata: Mapping[str, str]
    check: Callable[[Table], None]

    @property
    def properties(self) -> CommitProperties:
        """Without retries: a commit of anybody else in between is a conflict, never below ours."""
        return CommitProperties(custom_metadata=dict(self.metadata), max_commit_retries=0)

    @property
    def partition_by(self) -> list[str] | None:
        """Partition columns of the table."""
        return ["day"] if self.table.partitioned else None

    def run(self, rows: Rows) -> int:
        """Write the rows and commit them; return how many. DeltaError where the log refuses."""
        if isinstance(rows, Placed):
            return self.of_files(rows.described(self._folder(), self.table))
        folder = self.place.folder if self._has_columns() else None
        if folder and isinstance(rows, Selected) and rows.engine.flags.writes_files:
            with written(rows, self.table, folder) as files:
                return self.of_files(files)
        if folder and isinstance(rows, pa.Table) and day_files.is_large(rows, self.table):
            with day_files.written(rows, self.table, folder) as files:
                return self.of_files(files)
        return self._of_rows(rows.reader() if isinstance(rows, Selected) else rows)

    def _folder(self) -> Path:
        """Where files must lie to be taken as they are."""
        if self.place.folder is None:
            raise UsageError(
                f"{self.table.name}: files are taken in place only where the lake is a folder of"
                f" this machine, and it is at {self.place.uri}. Load them without --in-place."
            )
        return self.place.folder

    def _has_columns(self) -> bool:
        """Whether a table that is there has the columns of the contract: no schema to change."""
        if self.delta is None:
            return True
        return {field.name for field in self.delta.schema().fields} == set(self.table.by_name)

    def of_files(self, files: list[File]) -> int:
        """Commit files that lie in the table's folder; return their rows.

        SchemaError where one is of a day that is not replaced.
        """
        self._check_days(files)
        self.check(self.table)
        adds = [file.action for file in files]
        schema = Schema.from_arrow(self.table.arrow)
        if self.delta is None:
            create_table_with_add_actions(
                self.place.uri, schema, adds, partition_by=self.partition_by,
                commit_properties=self.properties, post_commithook_properties=KEEP_LOGS,
            )  # fmt: skip
        else:
            # An explicit list of removals in one commit; none for an append.
            days = None if self.replaces is None else [day.isoformat() for day in self.replaces]
            gone = [] if days == [] else removals(self.delta, days)
            self.of_actions([*adds, *gone])
        return sum(file.rows for file in files)

    def of_actions(self, actions: Sequence[AddAction | RemoveAction]) -> None:
        """Commit to a table that is there: an explicit list, whatever is added and removed."""
        assert self.delta is not None
        self.delta.create_write_transaction(
            list(actions), "append", self.delta.schema(), self.partition_by,
            commit_properties=self.properties, post_commithook_properties=KEEP_LOGS,
        )  # fmt: skip

    def _check_days(self, files: list[File]) -> None:
        if not self.replaces:
            return
        wanted = {day.isoformat() for day in self.replaces}
        strange = sorted({file.day for file in files if file.day} - wanted)
        if strange:
            raise SchemaError(
                f"{self.table.name}: rows of {', '.join(strange)}, which the commit does not"
                f" replace. It replaces {min(wanted)} to {max(wanted)}."
            )

    def _of_rows(self, rows: pa.RecordBatchReader | pa.Table) -> int:
        """Stream the rows through deltalake's writer."""
        options: dict[str, Any] = {"mode": "overwrite"}
        if self.replaces == ():
            options = {"mode": "append", "schema_mode": "merge"}
        elif self.replaces is None:
            options["schema_mode"] = "overwrite"
        else:
            options["predicate"] = _days_predicate(self.replaces)
        faults: list[SchemaError] = []
        counted = _Counted(conform(rows, self.table, faults), lambda: self.check(self.table))
        try:
            write_deltalake(
                self.place.uri if self.delta is None else self.delta,
                counted.reader,
                partition_by=self.partition_by,
                storage_options=dict(self.place.options) or None,
                commit_properties=self.properties,
                post_commithook_properties=KEEP_LOGS,
                writer_properties=parquet_properties(self.table),
                **options,
            )
        except Exception:
            if faults:  # the rows broke the contract; Delta only says that its input failed
                raise faults[0] from None
            raise
        return counted.rows


class _Counted:
    """A stream of batches that counts its rows while they pass. at_end: called after the last."""

    def __init__(self, reader: pa.RecordBatchReader, at_end: Callable[[], None]) -> None:
        self.rows = 0
        self._at_end = at_end
        self.reader = pa.RecordBatchReader.from_batches(reader.schema, self._count(reader))

    def _count(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        for batch in reader:
            self.rows += batch.num_rows
            yield batch
        self._at_end()


def parquet_properties(table: Table) -> WriterProperties:
    """How files are written: fast to write and read; no dictionary of values that hardly repeat."""
    rare = [table.grain[-1], *(c.name for c in table.columns if c.type == "timestamp")]
    plain = ColumnProperties(dictionary_enabled=False)
    return WriterProperties(compression="SNAPPY", column_properties=dict.fromkeys(rare, plain))


def _days_predicate(days: tuple[date, ...]) -> str:
    """SQL predicate for a set of days: one range for each run of consecutive days."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1][1] = day
        else:
            runs.append([day, day])
    return " or ".join(f"(day >= '{first}' and day <= '{last}')" for first, last in runs)
