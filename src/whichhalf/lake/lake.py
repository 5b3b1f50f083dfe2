"""The lake commits: whole days replaced at once, with the fingerprint of what they came from.

Every table is a Delta Lake table. Each commit carries, in its own metadata, the state of every day:
the version of its last change of data and the fingerprint of the inputs that made it. So rows and
their provenance change in one atomic step, and readers of an older version are never blocked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from whichhalf.engines.base import Scan
from whichhalf.errors import LakeError
from whichhalf.lake.commits import Commit, Rows
from whichhalf.lake.faults import named
from whichhalf.lake.place import Place
from whichhalf.provenance import EMPTY, WHOLE, Stamp, State
from whichhalf.tables import Kind, Table

STATE_KEY = "whichhalf.state"
REBUILD = "`whichhalf run --full` rebuilds derived tables."
COMMITS_TO_SEARCH = 50  # commits of other tools (compaction) that may lie above our last one


@dataclass(frozen=True)
class Written:
    """What a commit wrote: its version, and how many rows."""

    version: int
    rows: int


class Lake:
    """The Delta tables under one folder, or one prefix of a bucket, by the contract of tables.py.

    guard: raises unless the run lock is held. Where several hosts can write, nothing is committed
    without it: engines and tools have commit protocols of their own, which do not see each other.
    """

    def __init__(self, root: Path | Place, guard: Callable[[], None] | None = None) -> None:
        self.root = root
        self.guard = guard
        self.scanned: dict[tuple[str, int | None], Scan] = {}  # what engines were told to read
        self._newest: dict[str, DeltaTable | None] = {}
        self._states: dict[str, State] = {}

    def place(self, table: Table) -> Place:
        """Where a table lies."""
        return Place.of(self.root) / table.name

    def path(self, table: Table) -> Path:
        """Folder of a table. LakeError where it lies on no disk of this machine."""
        folder = self.place(table).folder
        if folder is None:
            raise LakeError(f"{table.name} lies at {self.place(table).uri}: there is no folder.")
        return folder

    def open(self, table: Table, version: int | None = None) -> DeltaTable | None:
        """The Delta table, or None where nothing was ever written.

        The newest version is read from storage once and kept until this lake commits or `refresh`
        is called: whoever writes holds the run lock, so nobody else does.
        """
        if version is None and table.name in self._newest:
            return self._newest[table.name]
        delta = self._read(table, version)
        if version is None:
            self._newest[table.name] = delta
        return delta

    def _read(self, table: Table, version: int | None) -> DeltaTable | None:
        place, options = self.place(table), dict(self.place(table).options)
        advice = f"It may have been vacuumed. {REBUILD}"
        with named(table.name, _reading(version), "" if version is None else advice):
            try:
                return DeltaTable(place.uri, version=version, storage_options=options)
            except TableNotFoundError:
                return None

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
        for commit in self._commits(table, delta):
            if STATE_KEY in commit:
                return State.read(commit[STATE_KEY])
        return State({}, {}, is_uniform=False)

    def _commits(self, table: Table, delta: DeltaTable) -> list[dict[str, Any]]:
        """The last commits of a table at its newest version, newest first."""
        del table
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
        place = self.place(table)
        files = [
            (f"{place.path}/{path}", day)
            for path, day in files_of(delta, table)
            if not wanted or day in wanted
        ]
        is_newest = int(delta.version()) == self.version(table)
        if place.folder and not is_newest:
            _refuse_gone(table, int(delta.version()), files)
        scan = Scan(
            place.uri,
            int(delta.version()),
            table.arrow,
            tuple(sorted(files)),
            stored=frozenset(field.name for field in delta.schema().fields),
            # What an older version was like, its own commit knows; False is right for any.
            is_uniform=is_newest and self.state(table).is_uniform,
            filesystem=None if place.folder else place.filesystem,
        )
        self.scanned[table.name, version] = scan
        return scan

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
        return Scan(self.place(table).uri, None, table.arrow, ())

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
        self.place(table).remove()
        self.refresh()

    @contextmanager
    def writing(self, table: Table, fails: str) -> Iterator[DeltaTable]:
        """The newest version of a table that is there, for a commit; what was read is forgotten.

        fails: what to say where storage refuses, like "cannot be compacted".
        """
        self.check_lock(table)
        try:
            with named(table.name, fails):
                yield self.open(table)
        finally:
            self._newest.pop(table.name, None)
            self._states.pop(table.name, None)

    def check_lock(self, table: Table) -> None:
        """LakeError unless this process may commit to a table now."""
        if self.guard is not None:
            self.guard()
        elif self.place(table).folder is None:
            raise LakeError(
                f"{table.name}: no commit to {self.place(table).uri} without the run lock: several"
                " hosts can write there. Use `with project.lock():`."
            )

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
        commit = Commit(
            table, self.place(table), delta, replaces, {STATE_KEY: after.text}, self.check_lock
        )
        with self.writing(table, f"the commit of version {version} was refused{_of(stamps)}"):
            return Written(version, commit.run(rows))

    def _is_uniform(self, table: Table, state: State) -> bool:
        """Whether the files already there hold the columns that are written now."""
        delta = self.open(table)
        if delta is None:
            return True
        stored = {field.name for field in delta.schema().fields}
        return state.is_uniform and stored == set(table.by_name)


def files_of(delta: DeltaTable, table: Table) -> list[tuple[str, date | None]]:
    """Active files of a version, by paths relative to the table, with the day of each."""
    actions = pa.table(delta.get_add_actions(flatten=True))
    paths = actions.column("path").to_pylist()
    if not table.partitioned:
        return [(path, None) for path in paths]
    return list(zip(paths, actions.column("partition.day").to_pylist(), strict=True))


def _refuse_gone(table: Table, version: int, files: Iterable[tuple[str, date | None]]) -> None:
    """LakeError where a file of an older version is there no more."""
    gone = [(path, day) for path, day in files if not os.path.exists(path)]
    if gone:
        day = f", day {gone[0][1]}" if gone[0][1] else ""
        raise LakeError(
            f"{table.name}: version {version} cannot be read: {len(gone)} of its files are gone"
            f"{day}: {gone[0][0]}. It was vacuumed. {REBUILD}"
        )


def _reading(version: int | None) -> str:
    return "it cannot be read" if version is None else f"version {version} cannot be read"


def _of(stamps: Mapping[str, str]) -> str:
    """Which days a commit was to write."""
    days = sorted(day for day in stamps if day != WHOLE)
    if not days:
        return ""
    return f" (day {days[0]})" if len(days) == 1 else f" (days {days[0]} to {days[-1]})"
