"""The control store: small mutable state beside the lake. SQLAlchemy, SQLite by default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    select,
    update,
)

_METADATA = MetaData()

FILES = Table(
    "files",
    _METADATA,
    Column("source", String, primary_key=True),
    Column("path", String, primary_key=True),
    Column("fingerprint", String, nullable=False, doc="hash of content and of the reading rules"),
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Column("loaded_at", DateTime, nullable=False),
)

RUNS = Table(
    "runs",
    _METADATA,
    Column("run_id", Integer, primary_key=True, autoincrement=True),
    Column("step", String, nullable=False),
    Column("days", Integer, nullable=False, doc="days replaced; 0 for a table without partitions"),
    Column("state", String, nullable=False, doc="running, done or failed"),
    Column("started_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("error", Text),
)


@dataclass(frozen=True)
class LoadedFile:
    """What is known of a file that was loaded."""

    fingerprint: str
    size: int
    modified_ns: int


class Control:
    """Which files were loaded, and which steps ran."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(URL.create("sqlite", database=str(path)))
        _METADATA.create_all(self._engine)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    def loaded(self, source: str) -> dict[str, LoadedFile]:
        """The files of a source that were loaded, by path."""
        columns = (FILES.c.path, FILES.c.fingerprint, FILES.c.size, FILES.c.modified_ns)
        with self._begin() as connection:
            rows = connection.execute(select(*columns).where(FILES.c.source == source)).all()
        return {path: LoadedFile(*state) for path, *state in rows}

    def note_loaded(self, source: str, files: Mapping[str, LoadedFile]) -> None:
        """Remember that files, by path, were loaded whole."""
        rows = [
            {"source": source, "path": path, **asdict(file), "loaded_at": _now()}
            for path, file in files.items()
        ]
        if not rows:
            return
        with self._begin() as connection:
            known = FILES.c.path.in_(list(files)) & (FILES.c.source == source)
            connection.execute(delete(FILES).where(known))
            connection.execute(insert(FILES), rows)

    def start(self, step: str) -> int:
        """Open a row of the run ledger; return its id."""
        with self._begin() as connection:
            row = insert(RUNS).values(step=step, days=0, state="running", started_at=_now())
            return int(connection.execute(row.returning(RUNS.c.run_id)).scalar_one())

    def end(self, run_id: int, *, days: int = 0, error: str | None = None) -> None:
        """Close a row of the run ledger."""
        state = "failed" if error else "done"
        with self._begin() as connection:
            connection.execute(
                update(RUNS)
                .where(RUNS.c.run_id == run_id)
                .values(state=state, days=days, ended_at=_now(), error=error)
            )


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
