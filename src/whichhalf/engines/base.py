"""The engine seam: a handful of verbs and a record of flags. No table of ours is named here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from whichhalf.errors import ConfigError, nearest

# Scheme of [project] engine → module and class; imported only when asked for.
ENGINES: dict[str, str] = {
    "duckdb": "whichhalf.engines.duckdb:DuckDB",
    "postgresql": "whichhalf.engines.postgres:Postgres",
    "local": "whichhalf.engines.spark:Spark",
    "spark": "whichhalf.engines.spark:Spark",
}
LOADING = "duckdb"  # parses files, whatever engine computes: JSON, and hashes as the lake has them


@dataclass(frozen=True)
class Flags:
    """What shared code may ask of an engine instead of its name.

    writes_files: whether it has `write`; of an engine that has not, the lake reads the rows.
    """

    dialect: str
    writes_files: bool = False


@dataclass(frozen=True)
class Scan:
    """One version of a lake table, for an engine to read.

    schema: Arrow schema that the relation must have, `day` included.
    files: paths of the active Parquet files with the day of each (None: no partitions): absolute,
    or as `filesystem` names them.
    stored: columns that the files hold; others of the schema are younger than the table, and null.
    is_uniform: whether every file holds all of them.
    filesystem: what opens the files; None: they lie on this machine.
    """

    uri: str
    version: int | None
    schema: pa.Schema
    files: tuple[tuple[str, date | None], ...]
    stored: frozenset[str] = frozenset()
    is_uniform: bool = False
    filesystem: fs.FileSystem | None = None

    def fetched(self, folder: Path) -> Scan:
        """The same rows in files below a folder of this machine; a file is fetched once.

        For engines that have no reader of their own for where the lake lies. Files of a lake never
        change, so that one that is there is the one that was asked for.
        """
        if self.filesystem is None:
            return self
        root = self.uri.partition("://")[2]
        target = folder / root
        files = []
        for path, day in self.files:
            local = target / path.removeprefix(f"{root}/")
            if not local.exists():
                local.parent.mkdir(parents=True, exist_ok=True)
                arriving = local.with_name(f".{local.name}.arriving")
                fs.copy_files(path, str(arriving), self.filesystem, fs.LocalFileSystem())
                arriving.replace(local)
            files.append((str(local), day))
        return replace(self, uri=str(target), files=tuple(files), filesystem=None)


@dataclass(frozen=True)
class Limits:
    """What an engine may use: bytes of memory, threads (0: one a core), a folder to spill to."""

    memory_bytes: int
    threads: int
    spill: Path


class Engine(ABC):
    """A SQL engine over relations that are exposed to it, within its limits."""

    flags: Flags
    limits: Limits

    @abstractmethod
    def expose(self, name: str, scan: Scan) -> None:
        """Make a lake table readable under `name`; an earlier one of that name is replaced."""

    def scan(self, name: str) -> Scan | None:
        """The files behind an exposed relation, for a step that reads them without SQL.

        None: the relation is no lake table, or its rows are the engine's to read, on a cluster.
        """
        del name
        return None

    @abstractmethod
    def relation(self, name: str, rows: pa.Table) -> None:
        """Make an Arrow table readable under `name`."""

    @abstractmethod
    def create(self, name: str, sql: str) -> int:
        """Materialise a SELECT under `name` for this session; return its row count."""

    @abstractmethod
    def view(self, name: str, sql: str) -> None:
        """Make a SELECT readable under `name`, computed when read."""

    @abstractmethod
    def query(self, sql: str) -> pa.RecordBatchReader:
        """Run a SELECT and stream its rows. EngineError carries the SQL and the engine's words."""

    def write(
        self, sql: str, schema: pa.Schema, folder: str, *, name: str, by_day: bool
    ) -> list[str]:
        """Run a SELECT and write its rows as Parquet files below `folder`, which is there.

        schema: columns and Arrow types that the files must have; times are UTC-adjusted.
        name: unique to this call; part of every path. by_day: hive folders `day=YYYY-MM-DD`, and no
        column `day` in the files. Returns the paths, relative to `folder`; none for no rows.
        """
        raise NotImplementedError(f"{type(self).__name__} has no write; see Flags.writes_files")

    @abstractmethod
    def drop(self, name: str) -> None:
        """Forget a relation; nothing happens where there is none."""

    @abstractmethod
    def clear(self) -> None:
        """Forget every relation: the next step begins with nothing."""

    @abstractmethod
    def close(self) -> None:
        """Let go of memory and files."""

    def table(self, sql: str) -> pa.Table:
        """Run a SELECT and return its rows as one Arrow table."""
        return self.query(sql).read_all()


def open_engine(url: str, limits: Limits) -> Engine:
    """Open the engine of [project] engine: the word before ':' picks it."""
    scheme = url.partition(":")[0].partition("[")[0]
    if scheme not in ENGINES:
        raise ConfigError(
            f"project.engine: unknown engine {url!r}.{nearest(scheme, ENGINES)}"
            f" Engines: {', '.join(ENGINES)}."
        )
    module, _, name = ENGINES[scheme].partition(":")
    engine: Engine = getattr(import_module(module), name)(url, limits)
    engine.limits = limits
    return engine
