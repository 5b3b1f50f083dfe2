"""Another look at a project: its tables pinned to a snapshot, and what is rebuilt kept apart.

Nothing here writes into the project, so no lock is needed: a run may commit meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from filelock import FileLock, Timeout

from whichhalf import tables
from whichhalf.control import Control
from whichhalf.errors import LakeError, WhichhalfError
from whichhalf.lake import COMMITS_TO_SEARCH, Lake, Place, Snapshot, Written
from whichhalf.project import Project
from whichhalf.tables import Kind, Table

FOLDER = "verify"  # below the state folder; gone when all is done


class PinnedLake(Lake):
    """The lake as of the versions of a snapshot. It is never written."""

    def __init__(self, root: Path | Place, versions: Mapping[str, int]) -> None:
        super().__init__(root)
        self.versions = versions

    def open(self, table: Table, version: int | None = None) -> DeltaTable | None:
        """The Delta table at its version; None where the snapshot knows none."""
        if version is not None:
            return super().open(table, version)
        if table.name not in self.versions:
            return None
        if table.name not in self._newest:
            self._newest[table.name] = super().open(table, self.versions[table.name])
        return self._newest[table.name]

    def refresh(self) -> None:
        """Nothing changes at a version."""

    def _commits(self, table: Table, delta: DeltaTable) -> list[dict[str, Any]]:
        """The last commits up to the version; Delta's history begins at the newest all the same."""
        newest = self._read(table, None)
        since = 0 if newest is None else int(newest.version()) - int(delta.version())
        commits: list[dict[str, Any]] = delta.history(COMMITS_TO_SEARCH + since)
        return commits[since:]


class LakeBeside(Lake):
    """Input tables of a pinned lake, and derived tables of its own, under a folder of its own."""

    def __init__(self, root: Path, pinned: PinnedLake) -> None:
        super().__init__(root)
        self._pinned = pinned

    def place(self, table: Table) -> Place:
        """Where a table lies: inputs are read where they are."""
        return self._pinned.place(table) if table.kind is Kind.INPUT else super().place(table)

    def open(self, table: Table, version: int | None = None) -> DeltaTable | None:
        """The Delta table: inputs as of the snapshot."""
        if table.kind is Kind.INPUT:
            return self._pinned.open(table, version)
        return super().open(table, version)

    def _commit(self, table: Table, *args: object, **kwargs: object) -> Written:
        if table.kind is Kind.INPUT:
            raise LakeError(f"{table.name} is an input table: what is beside only reads it.")
        return super()._commit(table, *args, **kwargs)  # type: ignore[arg-type]


class ProjectBeside(Project):
    """The settings of a project over another lake; its ledger and what it spills are apart, too."""

    def __init__(self, project: Project, lake: Lake, folder: Path) -> None:
        super().__init__(project.folder, project.config)
        self.lake = lake
        self.state_folder = folder

    @cached_property
    def control(self) -> Control:
        """A control store of its own."""
        return Control(self.state_folder / "control.db")

    def publish(self, now: datetime | None = None) -> Snapshot:
        """What is rebuilt for a comparison is no good run."""
        return Snapshot(0, now or datetime.now(UTC), {})


@contextmanager
def scratch(project: Project) -> Iterator[Path]:
    """An empty folder in the project's state folder, removed at the end, come what may.

    What an earlier one left that was killed is removed first. WhichhalfError where one is in use.
    """
    folder = project.state_folder / FOLDER
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.with_suffix(".lock"), timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except Timeout:
        raise WhichhalfError(
            f"Another `whichhalf verify` is at work in {folder}. Wait for it to end, or end it."
        ) from None


def same_origin(project: Project, versions: Mapping[str, int]) -> dict[str, int]:
    """Newest version of each derived table that claims to come from what the snapshot's came from.

    Whatever wrote it says: same inputs, same rules. So it must hold the same rows; one that a run
    wrote since from other inputs stays at the snapshot's version.
    """
    snapshot, newest = PinnedLake(project.lake.root, versions), Lake(project.lake.root)
    chosen = dict(versions)
    for name in versions:
        table = tables.TABLES.get(name)
        if table is None or table.kind is not Kind.DERIVED:
            continue
        then, now = snapshot.state(table), newest.state(table)
        prints = [{d: s.fingerprint for d, s in state.days.items()} for state in (then, now)]
        version = newest.version(table)
        if version is not None and prints[0] == prints[1] and then.consumed == now.consumed:
            chosen[name] = version
    return chosen
