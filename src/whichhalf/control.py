"""The control store: small mutable state beside the lake. SQLAlchemy; SQLite, or Postgres for many.

Where several hosts share a lake its `leases` are the run lock: see Lease.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    exc,
    insert,
    literal_column,
    make_url,
    select,
    update,
)

from whichhalf.errors import ConfigError, LakeError, RemoteError, WhichhalfError

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


LEASES = Table(
    "leases",
    _METADATA,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False, doc="host and process, for people"),
    Column("token", String, nullable=False, doc="random: whose lease it is"),
    Column("expires_at", Float, nullable=False, doc="seconds since 1970, by the database's clock"),
)
LEASE_SECONDS = 60.0  # a host that dies keeps others waiting so long
_POLL_SECONDS = 0.25
# Seconds since 1970 by the clock that all hosts share; their own may differ.
_CLOCKS = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "cast(extract(epoch from clock_timestamp()) as double precision)",
}


@dataclass(frozen=True)
class LoadedFile:
    """What is known of a file that was loaded."""

    fingerprint: str
    size: int
    modified_ns: int


class Control:
    """Which files were loaded, and which steps ran."""

    def __init__(self, where: Path | str) -> None:
        """where: a file of SQLite, or postgresql://…; RemoteError where it does not answer."""
        self._engine = create_engine(_url(where))
        with _reached(self._engine):
            _METADATA.create_all(self._engine)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def lease(
        self, name: str, wait_seconds: float, *, seconds: float = LEASE_SECONDS
    ) -> Iterator[Lease]:
        """Hold a lease while the block runs. WhichhalfError where another holds it so long."""
        lease = Lease(self._engine, name, seconds)
        lease.acquire(wait_seconds)
        try:
            yield lease
        finally:
            lease.release()

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

    def forget_loaded(self) -> None:
        """Let every file be read again; rows that are there already are duplicates then."""
        with self._begin() as connection:
            connection.execute(delete(FILES))

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


class Lease:
    """A right that ends by itself: a thread renews it, and whoever acts on it checks it first.

    Whoever stops (a machine asleep, a network gone) loses it after `seconds`; the next one may then
    begin, and the first finds out at its next check, which comes before every commit.
    """

    def __init__(self, engine: Engine, name: str, seconds: float) -> None:
        self._engine = engine
        self._name = name
        self._seconds = seconds
        self._token = secrets.token_hex(16)
        self._released = threading.Event()
        self._renewer = threading.Thread(target=self._renew_on, name=f"lease {name}", daemon=True)

    def acquire(self, wait_seconds: float) -> None:
        """Take it, once nobody holds it, and keep renewing it."""
        gives_up = time.monotonic() + wait_seconds
        while not self._take():
            if time.monotonic() >= gives_up:
                raise WhichhalfError(
                    f"Another run holds the lease {self._name!r}: {self._holder()}. Waited"
                    f" {wait_seconds:.0f} seconds. Wait for it to end, or end it; the lease of one"
                    f" that was killed ends by itself after {self._seconds:.0f} seconds."
                )
            self._released.wait(_POLL_SECONDS)
        self._renewer.start()

    def check(self) -> None:
        """LakeError where the lease is no longer ours."""
        mine = (LEASES.c.name == self._name) & (LEASES.c.token == self._token)
        with _reached(self._engine), self._engine.begin() as connection:
            held = connection.execute(
                select(LEASES.c.name).where(mine & (LEASES.c.expires_at > self._now()))
            ).first()
        if held is None:
            raise LakeError(
                f"The run lock was lost: the lease {self._name!r} was not renewed for"
                f" {self._seconds:.0f} seconds; now it is {self._holder()}. Nothing more was"
                " committed. Look whether this machine slept or lost the network; run again."
            )

    def release(self) -> None:
        """Give it back; nothing happens where it was lost."""
        self._released.set()
        self._renewer.join()
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(LEASES).where(LEASES.c.token == self._token))
        except exc.SQLAlchemyError:
            return  # it ends by itself

    def _take(self) -> bool:
        now = self._now()
        ours = {"owner": _owner(), "token": self._token, "expires_at": now + self._seconds}
        with _reached(self._engine), self._engine.begin() as connection:
            free = (LEASES.c.name == self._name) & (LEASES.c.expires_at <= now)
            if connection.execute(update(LEASES).where(free).values(**ours)).rowcount:
                return True
            known = select(LEASES.c.name).where(LEASES.c.name == self._name)
            if connection.execute(known).first():
                return False
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(LEASES).values(name=self._name, **ours))
        except exc.IntegrityError:  # another was faster
            return False
        return True

    def _renew_on(self) -> None:
        """Renew at a third of its life; stop where it is another's."""
        while not self._released.wait(self._seconds / 3):
            now = self._now()
            mine = (LEASES.c.token == self._token) & (LEASES.c.expires_at > now)
            try:
                with self._engine.begin() as connection:
                    renewed = update(LEASES).where(mine).values(expires_at=now + self._seconds)
                    if not connection.execute(renewed).rowcount:
                        return
            except exc.SQLAlchemyError:
                continue  # tried again while it lasts; the check before a commit decides

    def _now(self) -> ColumnElement[float]:
        return literal_column(_CLOCKS[self._engine.dialect.name], Float)

    def _holder(self) -> str:
        with _reached(self._engine), self._engine.begin() as connection:
            chosen = select(LEASES.c.owner, LEASES.c.expires_at - self._now())
            found = connection.execute(chosen.where(LEASES.c.name == self._name)).first()
        return "nobody's" if found is None else f"{found[0]}'s, for {found[1]:.0f} more seconds"


def _owner() -> str:
    return f"{socket.gethostname()} (process {os.getpid()})"


def _url(where: Path | str) -> URL:
    if isinstance(where, Path):
        where.parent.mkdir(parents=True, exist_ok=True)
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
    except exc.ArgumentError:
        raise ConfigError(
            "project.control is no URL. Like postgresql://user@host/database; empty: SQLite."
        ) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in _CLOCKS:
        raise ConfigError(
            f"project.control: {url.drivername} is no control store: {' or '.join(_CLOCKS)}."
        )
    return url


@contextmanager
def _reached(engine: Engine) -> Iterator[None]:
    """RemoteError, without the password, where the database does not answer."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError) as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise RemoteError(
            f"The control store {shown} does not answer: {error.orig}. Look at [project] control"
            " and whether the server runs, then run again."
        ) from error


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
