"""The lake commits: whole days replaced at once, with the fingerprint of what they came from.

Every table is a Delta Lake table. Each commit carries, in its own metadata, the state of every day:
the version of its last change of data and the fingerprint of the inputs that made it. So rows and
their provenance change in one atomic step, and readers of an older version are never blocked.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from whichhalf.engines.base import Scan
from whichhalf.errors import LakeError
from whichhalf.lake.commits import Commit, Rows
from whichhalf.provenance import EMPTY, WHOLE, Stamp, State
from whichhalf.tables import Kind, Table

STATE_KEY = "whichhalf.state"
COMMITS_TO_SEARCH = 50  # commits of other tools (compaction) that may lie above our last one


@dataclass(frozen=True)
class Written:
    """What a commit wrote: its version, and how many rows."""

    version: int
    rows: int


class Lake:
    """The Delta tables under one folder, by the contract of tables.py."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._newest: dict[str, DeltaTable | None] = {}
        self._states: dict[str, State] = {}

    def path(self, table: Table) -> Path:
        """Folder of a table."""
        return self.root / table.name

    def open(self, table: Table, version: int | None = None) -> DeltaTable | None:
        """The Delta table, or None where nothing was ever written.

        The newest version is read from storage once and kept until this lake commits or `refresh`
        is called: whoever writes holds the run lock, so nobody else does.
        """
        if version is None and table.name in self._newest:
            return self._newest[table.name]
        try:
            delta = DeltaTable(str(self.path(table)), version=version)
        except TableNotFoundError:
            delta = None
        except DeltaError as error:
            raise LakeError(
                f"{table.name}: version {version} cannot be read: {error}. It may have been"
                " vacuumed; `whichhalf run --full` rebuilds derived tables."
            ) from error
        if version is None:
            self._newest[table.name] = delta
        return delta

    def refresh(self) -> None:
        """Forget what was read: others may have committed since."""
        self._newest.clear()
        self._states.clear()

    def version(self, table: Table) -> int | None:
        """Newest version, or None where nothing was ever written."""
        delta = self.open(table)
        return None if delta is None else int(delta.version())

    def state(self, table: Table) -> State:
        """State of a table as it is now.

        A derived table whose stored columns are not the contract's counts as never written: its
        days are all stale, and the first commit replaces it whole.
        """
        if table.name not in self._states:
            self._states[table.name] = self._read_state(table)
        return self._states[table.name]

    def _read_state(self, table: Table) -> State:
        delta = self.open(table)
        if delta is None:
            return EMPTY
        stored = [field.name for field in delta.schema().fields]
        if table.kind is Kind.DERIVED and sorted(stored) != sorted(table.by_name):
            return EMPTY
        for commit in self._commits(delta):
            if STATE_KEY in commit:
                return State.read(commit[STATE_KEY])
        return State({}, {}, is_uniform=False)

    def _commits(self, delta: DeltaTable) -> list[dict[str, Any]]:
        """The last commits of a table at its newest version, newest first."""
        commits: list[dict[str, Any]] = delta.history(COMMITS_TO_SEARCH)
        return commits

    def days(self, table: Table) -> list[date]:
        """Days that hold rows, in order."""
        delta = self.open(table)
        if delta is None:
            return []
        return sorted({date.fromisoformat(part["day"]) for part in delta.partitions()})

    def scan(self, table: Table, version: int | None = None, days: Iterable[date] = ()) -> Scan:
        """What an engine needs to read a version, all of it or some days."""
        delta = self.open(table, version)
        if delta is None:
            return self.nothing(table)
        wanted = set(days)
        actions = pa.table(delta.get_add_actions(flatten=True))
        paths = actions.column("path").to_pylist()
        if not table.partitioned:
            files = [(str(self.path(table) / path), None) for path in paths]
        else:
            found = zip(paths, actions.column("partition.day").to_pylist(), strict=True)
            files = [
                (str(self.path(table) / path), day)
                for path, day in found
                if not wanted or day in wanted
            ]
        stored = frozenset(field.name for field in delta.schema().fields)
        uniform = self.state(table).is_uniform
        return Scan(
            delta.table_uri,
            int(delta.version()),
            table.arrow,
            tuple(sorted(files)),
            stored,
            uniform,
        )

    def sizes(self, table: Table) -> dict[date, int]:
        """Bytes of the active files of each day."""
        delta = self.open(table)
        if delta is None or not table.partitioned:
            return {}
        actions = pa.table(delta.get_add_actions(flatten=True))
        days = actions.column("partition.day").to_pylist()
        sizes: dict[date, int] = {}
        for day, size in zip(days, actions.column("size_bytes").to_pylist(), strict=True):
            sizes[day] = sizes.get(day, 0) + size
        return sizes

    def nothing(self, table: Table) -> Scan:
        """A scan without rows."""
        return Scan(str(self.path(table)), None, table.arrow, ())

    def replace_days(
        self,
        table: Table,
        rows: Rows,
        fingerprints: Mapping[date, str],
        consumed: Mapping[str, int] | None = None,
    ) -> Written:
        """Replace whole days by `rows` in one commit; a day without rows becomes empty.

        fingerprints: every day that is replaced, with what it was made from; rows of other days
        are refused. consumed: see State.
        """
        state = self.state(table)
        stamps = {day.isoformat(): print_ for day, print_ in fingerprints.items()}
        if not stamps and self.open(table) is not None:
            rows = table.arrow.empty_table()
        whole = self.open(table) is None or not state.days or set(state.days) <= set(stamps)
        replaces = None if whole and stamps else tuple(fingerprints)
        return self._commit(table, rows, replaces, state, stamps, consumed)

    def replace(self, table: Table, rows: Rows, fingerprint: str = "") -> Written:
        """Replace a table without partitions."""
        return self._commit(table, rows, None, EMPTY, {WHOLE: fingerprint})

    def append(self, table: Table, rows: Rows, days: Iterable[date] = ()) -> Written:
        """Add rows. days: the days that they belong to, for the stamps."""
        names = [day.isoformat() for day in days] if table.partitioned else [WHOLE]
        stamps = dict.fromkeys(names, "")
        return self._commit(table, rows, (), self.state(table), stamps)

    def drop(self, table: Table) -> None:
        """Remove a table with all its versions."""
        shutil.rmtree(self.path(table), ignore_errors=True)
        self.refresh()

    def _commit(
        self,
        table: Table,
        rows: Rows,
        replaces: tuple[date, ...] | None,
        state: State,
        stamps: Mapping[str, str],
        consumed: Mapping[str, int] | None = None,
    ) -> Written:
        """Commit rows and, in the same step, the state that holds after them."""
        # Written to the handle that was read: see Commit.properties.
        delta = self.open(table)
        version = 0 if delta is None else int(delta.version()) + 1
        days = {**state.days, **{day: Stamp(version, print_) for day, print_ in stamps.items()}}
        taken = state.consumed if consumed is None else consumed
        after = State(days, taken, replaces is None or self._is_uniform(table, state))
        commit = Commit(table, self.path(table), delta, replaces, {STATE_KEY: after.text})
        try:
            return Written(version, commit.run(rows))
        except DeltaError as error:
            raise LakeError(
                f"{table.name}: the commit of version {version} was refused: {_first(error)}"
                " Another process may be writing; run again."
            ) from error
        finally:
            self._newest.pop(table.name, None)
            self._states.pop(table.name, None)

    def _is_uniform(self, table: Table, state: State) -> bool:
        """Whether the files already there hold the columns that are written now."""
        delta = self.open(table)
        if delta is None:
            return True
        stored = {field.name for field in delta.schema().fields}
        return state.is_uniform and stored == set(table.by_name)


def _first(error: Exception) -> str:
    return re.split(r"\n", str(error), maxsplit=1)[0][:300]
