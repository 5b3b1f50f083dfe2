"""A project is a folder: settings, lake, control store. Everything is in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
from filelock import FileLock, Timeout

from whichhalf import tables, views
from whichhalf.config import Config, load_config
from whichhalf.control import Control
from whichhalf.engines import Engine, open_engine
from whichhalf.engines.base import Limits
from whichhalf.errors import ConfigError, EngineError, UsageError, WhichhalfError
from whichhalf.lake import Lake, Place, Snapshot, Snapshots, s3
from whichhalf.lake.damage import told
from whichhalf.lake.snapshots import followed
from whichhalf.lake.upkeep import Compacted, Vacuumed, compact, vacuum

STATE_FOLDER = ".whichhalf"


class Project:
    """An opened project folder.

    as_of: what is read is the snapshot that was in force at that instant; nothing is written then.
    """

    def __init__(
        self, folder: Path, config: Config | None = None, as_of: datetime | None = None
    ) -> None:
        self.folder = folder.resolve()
        if signs := sorted(set("[]*?") & set(str(self.folder))):
            raise ConfigError(
                f"{self.folder}: the lake and the engine take {' '.join(signs)} in a path for a"
                " pattern. Move the project to a folder without these signs."
            )
        self.config = load_config(self.folder) if config is None else config
        self.as_of = as_of
        self.state_folder = self.folder / STATE_FOLDER
        self.lake = Lake(self._place())

    def _place(self) -> Path | Place:
        """Where the tables lie."""
        uri = self.config.project.lake
        if not uri:
            return self.folder / "lake"
        return Place(s3.checked(uri), s3.options(os.environ))

    @property
    def snapshots(self) -> Snapshots:
        """The snapshots of the lake: beside its state here, in the bucket where hosts share it."""
        root = self.lake.root
        if isinstance(root, Place) and root.folder is None:
            return Snapshots(root / "_snapshots")
        return Snapshots(Place(str(self.state_folder / "snapshots")))

    @cached_property
    def control(self) -> Control:
        """The control store."""
        return Control(self.config.project.control or self.state_folder / "control.db")

    @contextmanager
    def engine(self, url: str = "") -> Iterator[Engine]:
        """An engine within the configured limits; closed at the end. url: another than the setting.

        Files are parsed by engines.LOADING, whatever engine computes.
        """
        settings = self.config.project
        limits = Limits(
            memory_bytes=_memory() * settings.memory_limit_percent // 100,
            threads=settings.threads,
            spill=self.state_folder / "spill",
        )
        engine = open_engine(url or settings.engine, limits)
        self.lake.scanned.clear()
        try:
            yield engine
        except EngineError as error:
            fault = told(error, self.lake.scanned)
            if fault is error:
                raise
            raise fault from error
        finally:
            engine.close()

    @contextmanager
    def lock(self, wait_seconds: float = 600) -> Iterator[None]:
        """The run lock: one writer a project. A second one waits, then refuses."""
        if self.as_of:
            raise UsageError("What is read as of an earlier moment cannot be written.")
        path = self.state_folder / "run.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path, timeout=wait_seconds), self._lease(wait_seconds):
                self.lake.refresh()
                yield
        except Timeout:
            raise WhichhalfError(
                f"Another run has held {path} for {wait_seconds:.0f} seconds. Wait for it to end,"
                " or end it; a killed run lets go of the lock by itself."
            ) from None

    @contextmanager
    def _lease(self, wait_seconds: float) -> Iterator[None]:
        """The run lock among hosts, where several can write; asked before every commit."""
        if not (self.config.project.control or self.config.project.lake):
            yield
            return
        with self.control.lease("run", wait_seconds) as lease:
            self.lake.guard = lease.check
            try:
                yield
            finally:
                self.lake.guard = None

    def publish(self, now: datetime | None = None) -> Snapshot:
        """Publish the present versions of all tables as the newest snapshot. now: with its zone."""
        versions = {
            table.name: version
            for table in tables.TABLES.values()
            if table.kind is not tables.Kind.VIEW
            and (version := self.lake.version(table)) is not None
        }
        return self.snapshots.publish(versions, now or datetime.now(UTC))

    def publish_unchanged(self, now: datetime | None = None) -> None:
        """Let the newest snapshot follow commits that changed no row, and no others."""
        newest = self.snapshots.newest()
        if newest is None:
            return
        moved = {
            table.name: (self.lake.state(table).changed, version)
            for table in tables.TABLES.values()
            if table.kind is not tables.Kind.VIEW
            and (version := self.lake.version(table)) is not None
        }
        after = followed(newest, moved)
        self.snapshots.publish(after.versions, now or datetime.now(UTC))

    def shown(self) -> Snapshot | None:
        """The snapshot that readers see; None before the first good run."""
        return self.snapshots.as_of(self.as_of) if self.as_of else self.snapshots.newest()

    def snapshot(self) -> dict[str, int]:
        """Versions of the snapshot that readers see; empty before the first good run."""
        shown = self.shown()
        return dict(shown.versions) if shown else {}

    def compact(
        self, chosen: Iterable[tables.Table], *, at_least: int = 2, seconds: float | None = None
    ) -> list[Compacted]:
        """Write small files of a day into one; see `lake.upkeep`. The caller holds the run lock."""
        done = compact(self.lake, chosen, at_least=at_least, seconds=seconds)
        if done:
            self.publish_unchanged()
        return done

    def vacuum(self, *, dry_run: bool = False) -> tuple[int, list[Vacuumed]]:
        """Delete what nothing within [lake] keep_days needs; return how many snapshots, and what.

        The caller holds the run lock.
        """
        since = datetime.now(UTC) - timedelta(days=self.config.lake.keep_days)
        kept = {one.number for one in self.snapshots.kept_since(since)}
        old = [one.number for one in self.snapshots.all() if one.number not in kept]
        needed = self.needed()
        if not dry_run:  # first: a vacuum that is killed leaves no snapshot without its files
            self.snapshots.drop(old)
        done = [
            vacuum(self.lake, table, needed[table.name], dry_run=dry_run)
            for table in tables.TABLES.values()
            if table.kind is not tables.Kind.VIEW
        ]
        if not dry_run:
            self.publish_unchanged()
        return len(old), [one for one in done if one]

    def needed(self) -> dict[str, set[int]]:
        """Versions of each table that must stay readable: of what is shown as of [lake] keep_days.

        Also those that a step by changes has consumed: it compares with them.
        """
        since = datetime.now(UTC) - timedelta(days=self.config.lake.keep_days)
        found: dict[str, set[int]] = {name: set() for name in tables.TABLES}
        for snapshot in self.snapshots.kept_since(since):
            for name, version in snapshot.versions.items():
                found.setdefault(name, set()).add(version)
        for table in tables.TABLES.values():
            if table.kind is tables.Kind.DERIVED:
                for name, version in self.lake.state(table).consumed.items():
                    if name in found and version >= 0:
                        found[name].add(version)
        return found

    def expose(
        self,
        engine: Engine,
        names: Iterable[str],
        *,
        versions: dict[str, int] | None = None,
        days: Iterable[date] = (),
    ) -> None:
        """Make lake tables readable in an engine, at the newest or given versions."""
        listed = list(days)
        for name in names:
            table = tables.table(name)
            chosen = listed if table.partitioned else []
            if versions is not None and name not in versions:
                engine.expose(name, self.lake.nothing(table))
            else:
                version = None if versions is None else versions[name]
                engine.expose(name, self.lake.scan(table, version, chosen))

    def expose_read(self, engine: Engine, names: Iterable[str]) -> None:
        """Make tables and views readable, all as of the newest snapshot."""
        versions = self.snapshot()
        done: set[str] = set()
        for relation in (item for name in names for item in views.needed(name)):
            if relation in done:
                continue
            done.add(relation)
            if relation in views.VIEWS:
                views.create(engine, self.config, relation)
            else:
                self.expose(engine, [relation], versions=versions)

    def newest(self, name: str) -> pa.Table:
        """All rows of a stored table as it is now, not as of the last good run."""
        with self.engine() as engine:
            self.expose(engine, [name])
            table = tables.table(name)
            columns = ", ".join(column.name for column in table.columns)
            return engine.table(f"select {columns} from {name} order by {', '.join(table.grain)}")

    def table(self, name: str) -> StoredTable:
        """A table to read. UsageError where there is none of that name."""
        return StoredTable(self, tables.table(name))


class StoredTable:
    """One table of a project, as of the newest snapshot."""

    def __init__(self, project: Project, table: tables.Table) -> None:
        self._project = project
        self.contract = table

    def arrow(self) -> pa.Table:
        """All rows, in the columns of tables.py, ordered by the grain."""
        name = self.contract.name
        columns = ", ".join(column.name for column in self.contract.columns)
        order = ", ".join(self.contract.grain)
        with self._project.engine() as engine:
            self._project.expose_read(engine, [name])
            return engine.table(f"select {columns} from {name} order by {order}")


def open_project(folder: str | Path = ".", as_of: str | datetime | None = None) -> Project:
    """Open a project folder. ConfigError where it holds no whichhalf.toml.

    as_of: see `instant`; its tables are read as they were then. LakeError where no snapshot was.
    """
    project = Project(Path(folder))
    if as_of is not None:
        project.as_of = instant(as_of, project.config.report.time_zone)
        project.snapshots.as_of(project.as_of)
    return project


def instant(when: str | datetime, zone: str) -> datetime:
    """A moment: a date is its end, a time without a zone is one in `zone`. UsageError for neither.

    when: like 2026-11-20, 2026-11-20T09:00 or 2026-11-20T09:00:00+01:00.
    """
    try:
        found = datetime.fromisoformat(when) if isinstance(when, str) else when
    except ValueError:
        raise UsageError(
            f"{when!r} is no moment. Expected is a date like 2026-11-20 (its end), or a time like"
            " 2026-11-20T09:00, in [report] time_zone unless it names another."
        ) from None
    local = ZoneInfo(zone)
    if isinstance(when, str) and len(when.strip()) <= len("2026-11-20"):
        return (found + timedelta(days=1)).replace(tzinfo=local) - timedelta(microseconds=1)
    return found if found.tzinfo else found.replace(tzinfo=local)


def _memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
