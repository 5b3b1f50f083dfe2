"""A project is a folder: settings, lake, control store. Everything is in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path

import orjson
import pyarrow as pa
from filelock import FileLock, Timeout

from whichhalf import tables, views
from whichhalf.config import Config, load_config
from whichhalf.control import Control
from whichhalf.engines import Engine, open_engine
from whichhalf.engines.base import Limits
from whichhalf.errors import ConfigError, WhichhalfError
from whichhalf.lake import Lake

STATE_FOLDER = ".whichhalf"


class Project:
    """An opened project folder."""

    def __init__(self, folder: Path, config: Config | None = None) -> None:
        self.folder = folder.resolve()
        if signs := sorted(set("[]*?") & set(str(self.folder))):
            raise ConfigError(
                f"{self.folder}: the lake and the engine take {' '.join(signs)} in a path for a"
                " pattern. Move the project to a folder without these signs."
            )
        self.config = load_config(self.folder) if config is None else config
        self.lake = Lake(self.folder / "lake")
        self.state_folder = self.folder / STATE_FOLDER

    @cached_property
    def control(self) -> Control:
        """The control store."""
        return Control(self.state_folder / "control.db")

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine within the configured limits; closed at the end."""
        settings = self.config.project
        limits = Limits(
            memory_bytes=_memory() * settings.memory_limit_percent // 100,
            threads=settings.threads,
            spill=self.state_folder / "spill",
        )
        engine = open_engine(settings.engine, limits)
        try:
            yield engine
        finally:
            engine.close()

    @contextmanager
    def lock(self, wait_seconds: float = 600) -> Iterator[None]:
        """The run lock: one writer a project. A second one waits, then refuses."""
        path = self.state_folder / "run.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path, timeout=wait_seconds):
                self.lake.refresh()
                yield
        except Timeout:
            raise WhichhalfError(
                f"Another run has held {path} for {wait_seconds:.0f} seconds. Wait for it to end,"
                " or end it; a killed run lets go of the lock by itself."
            ) from None

    def publish(self) -> Path:
        """Publish the present versions of all tables as the newest snapshot."""
        versions = {
            table.name: version
            for table in tables.TABLES.values()
            if table.kind is not tables.Kind.VIEW
            and (version := self.lake.version(table)) is not None
        }
        folder = self.state_folder / "snapshots"
        folder.mkdir(parents=True, exist_ok=True)
        newest = self._snapshots()
        if newest and orjson.loads(newest[-1].read_bytes()) == versions:
            return newest[-1]
        number = int(newest[-1].stem) + 1 if newest else 1
        path, arriving = folder / f"{number:08d}.json", folder / "arriving"
        arriving.write_bytes(orjson.dumps(versions))
        os.replace(arriving, path)
        return path

    def snapshot(self) -> dict[str, int]:
        """Versions of the newest snapshot; empty before the first good run."""
        newest = self._snapshots()
        versions: dict[str, int] = orjson.loads(newest[-1].read_bytes()) if newest else {}
        return versions

    def _snapshots(self) -> list[Path]:
        return sorted((self.state_folder / "snapshots").glob("*.json"))

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


def open_project(folder: str | Path = ".") -> Project:
    """Open a project folder. ConfigError where it holds no whichhalf.toml."""
    return Project(Path(folder))


def _memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
