"""Segment JSON lines: what its S3 destinations, its clients and their many copies write.

The engine parses the JSON, once a line; addresses and agents are taken apart over distinct values.
Source of the time rule: Segment's specification, "Timestamps in Common Fields".
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from whichhalf.collect.events import segment_sql
from whichhalf.collect.events.agents import parse_agents
from whichhalf.collect.events.json_lines import Lines, raw_lines, read_lines
from whichhalf.collect.events.urls import parse_urls, referrer_hosts
from whichhalf.collect.reading import Bad, Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.tables import TABLES

EVENTS = pa.schema([field for field in TABLES["events"].arrow if field.name != "day"])


def read_files(
    paths: Sequence[Path], source: SourceConfig, config: Config
) -> Iterator[tuple[Path, Parsed]]:
    """Yield the events of files in order, some hundred thousand lines at a time.

    Pieces are parsed on all cores while the next are decompressed; a file without lines yields one
    empty piece.
    """
    seen: Counter[str] = Counter()
    reading: Path | None = None
    workers = config.project.threads or os.cpu_count() or 1
    with _Parsers(config, workers) as parsers:
        for path, parsed in parsers.parse(_pieces(paths), source):
            if path != reading:
                reading, seen = path, Counter()
            yield path, _with_ids(parsed, seen)


def _pieces(paths: Sequence[Path]) -> Iterator[tuple[Path, Lines]]:
    for path in paths:
        pieces = 0
        for lines in read_lines(path):
            pieces += 1
            yield path, lines
        if not pieces:
            yield path, raw_lines([])


class _Parsers:
    """A pool of threads, each with an engine of its own, that parses pieces in order."""

    def __init__(self, config: Config, workers: int) -> None:
        self._config = config
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="segment")
        self._own = threading.local()
        self._opened: list[duckdb.DuckDBPyConnection] = []

    def __enter__(self) -> _Parsers:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for connection in self._opened:
            connection.close()

    def parse(
        self, pieces: Iterator[tuple[Path, Lines]], source: SourceConfig
    ) -> Iterator[tuple[Path, _Piece]]:
        """Yield what became of each piece, in order; at most workers + 1 are under way."""
        waiting: deque[tuple[Path, Future[_Piece]]] = deque()
        for path, lines in pieces:
            waiting.append((path, self._pool.submit(self._one, lines, source)))
            if len(waiting) > self._workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for path, future in waiting:
            yield path, future.result()

    def _one(self, lines: Lines, source: SourceConfig) -> _Piece:
        if not hasattr(self._own, "connection"):
            self._own.connection = _connection()
            self._opened.append(self._own.connection)
        return _parse(self._own.connection, lines, source)


@dataclass(frozen=True)
class _Piece:
    """Rows of a piece (with position, and message ids still missing), and what was left out."""

    rows: pa.Table
    lines: int
    bad: tuple[Bad, ...]
    dropped: Counter[str]


def read_file(path: Path, source: SourceConfig, config: Config) -> Parsed:
    """Read a whole file at once."""
    return joined([parsed for _path, parsed in read_files([path], source, config)])


def read_raw(raws: Sequence[Raw], source: SourceConfig, config: Config) -> Parsed:
    """Read lines that were set aside."""
    del config  # every reader is called alike
    connection = _connection()
    try:
        return _with_ids(_parse(connection, raw_lines(raws), source), Counter())
    finally:
        connection.close()


def joined(parts: Sequence[Parsed]) -> Parsed:
    """Put the parts of a file together; no parts make an empty one."""
    rows = [part.rows for part in parts] or [EVENTS.empty_table()]
    return Parsed(
        "events",
        pa.concat_tables(rows),
        sum(part.lines for part in parts),
        tuple(bad for part in parts for bad in part.bad),
        sum((part.dropped for part in parts), Counter()),
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        pa.concat_arrays([part.positions for part in parts] or [pa.array([], pa.int64())]),
    )


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set threads = 1")
    return connection


def _parse(connection: duckdb.DuckDBPyConnection, lines: Lines, source: SourceConfig) -> _Piece:
    connection.register("lines", lines.rows)
    connection.execute("create or replace temp table judged as " + segment_sql.JUDGED)
    bad = _bad(connection, lines)
    blank = _count(connection, "reason = 'blank'")
    _register_parts(connection)
    rows = connection.sql(segment_sql.EVENTS, params={"app": source.app}).to_arrow_table()
    connection.unregister("lines")
    count = lines.rows.num_rows + len(lines.bad)
    return _Piece(rows, count, bad, Counter({"blank": blank}) if blank else Counter())


def _bad(connection: duckdb.DuckDBPyConnection, lines: Lines) -> tuple[Bad, ...]:
    found = connection.execute(segment_sql.BAD).fetchall()
    return (*lines.bad, *(Bad(*row) for row in found))


def _count(connection: duckdb.DuckDBPyConnection, condition: str) -> int:
    query = f"select count(*) from judged where {condition}"
    return int(connection.execute(query).fetchall()[0][0])


def _register_parts(connection: duckdb.DuckDBPyConnection) -> None:
    """Take addresses and agents apart, once a distinct value."""

    def distinct(column: str) -> pa.Array:
        rows = connection.sql(
            f"select distinct {column} from judged where reason is null and {column} is not null"
        ).to_arrow_table()
        return rows.column(0).combine_chunks()

    referrers = distinct("referrer")
    connection.register("url_parts", parse_urls(distinct("url")))
    connection.register("agent_parts", parse_agents(distinct("user_agent")))
    hosts = pa.table({"referrer": referrers, "host": referrer_hosts(referrers)})
    connection.register("referrer_parts", hosts)


def _with_ids(piece: _Piece, seen: Counter[str]) -> Parsed:
    """Give events without a message id the hash of their line and its ordinal in the file."""
    rows = piece.rows.sort_by("position")
    if rows.column("message_id").null_count:
        ids = rows.column("message_id").to_pylist()
        for index, line in enumerate(rows.column("content_hash").to_pylist()):
            if ids[index] is None:
                ids[index] = f"{line}-{seen[line]}"
                seen[line] += 1
        place = rows.schema.get_field_index("message_id")
        rows = rows.set_column(place, "message_id", pa.array(ids, pa.string()))
    positions = rows.column("position").combine_chunks()
    events = rows.select(EVENTS.names).cast(EVENTS)
    return Parsed("events", events, piece.lines, piece.bad, piece.dropped, positions=positions)
