"""Segment JSON lines: what its S3 destinations, its clients and their many copies write.

The engine parses the JSON, once a line; addresses and agents are taken apart over distinct values.
Source of the time rule: Segment's specification, "Timestamps in Common Fields".
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.events import json_lines, segment_sql
from whichhalf.collect.events.json_lines import Piece, raw_lines, read_pieces
from whichhalf.collect.events.segment_rows import EVENTS, event_rows
from whichhalf.collect.reading import Bad, Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError


def read_files(
    paths: Sequence[Path],
    source: SourceConfig,
    config: Config,
    refused: dict[Path, BadDataError] | None = None,
) -> Iterator[tuple[Path, Parsed]]:
    """Yield the events of files in order, at most some hundred thousand lines at a time.

    Pieces are parsed on all cores while the next are decompressed. refused: takes the files that
    cannot be read to their end; without it the first of them raises.
    """
    seen: Counter[tuple[Path, str]] = Counter()
    workers = config.project.threads or os.cpu_count() or 1
    with _Parsers(workers) as parsers:
        for piece, parsed in parsers.parse(read_pieces(paths, refused=refused), source):
            yield from _by_file(piece, parsed, seen)


def read_file(path: Path, source: SourceConfig, config: Config) -> Parsed:
    """Read a whole file at once."""
    return joined([parsed for _path, parsed in read_files([path], source, config)])


def read_raw(raws: Sequence[Raw], source: SourceConfig, config: Config) -> Parsed:
    """Read lines that were set aside."""
    del config  # every reader is called alike
    piece = json_lines.joined([(Path("(replayed)"), raw_lines(raws))])
    with _Parsers(1) as parsers:
        [(piece, parsed)] = parsers.parse(iter([piece]), source)
    return joined([part for _path, part in _by_file(piece, parsed, Counter())])


@dataclass(frozen=True)
class _Parsed:
    """rows: events with file and position, some still without an id. bad, blank: by file."""

    rows: pa.Table
    bad: Mapping[int, Sequence[Bad]]
    blank: Mapping[int, int]


class _Parsers:
    """A pool of threads, each with an engine of its own, that parses pieces in order."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="segment")
        self._own = threading.local()
        self._is_all_json = True
        self._opened: list[duckdb.DuckDBPyConnection] = []

    def __enter__(self) -> _Parsers:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for connection in self._opened:
            connection.close()

    def parse(
        self, pieces: Iterator[Piece], source: SourceConfig
    ) -> Iterator[tuple[Piece, _Parsed]]:
        """Yield what became of each piece, in order; at most workers + 1 are under way."""
        waiting: deque[tuple[Piece, Future[_Parsed]]] = deque()
        for piece in pieces:
            waiting.append((piece, self._pool.submit(self._one, piece, source)))
            if len(waiting) > self._workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()

    def _one(self, piece: Piece, source: SourceConfig) -> _Parsed:
        if not hasattr(self._own, "connection"):
            self._own.connection = _connection()
            self._opened.append(self._own.connection)
        return _parse(self._read(self._own.connection, piece), piece, source)

    def _read(self, connection: duckdb.DuckDBPyConnection, piece: Piece) -> pa.Table:
        """What the lines say; as long as all of them are JSON, each is walked once less."""
        connection.register("lines", piece.rows)
        try:
            if self._is_all_json:
                try:
                    return connection.sql(segment_sql.READ_ALL_JSON).to_arrow_table()
                except duckdb.InvalidInputException:  # where one line is no JSON, others will be
                    self._is_all_json = False
            return connection.sql(segment_sql.READ).to_arrow_table()
        finally:
            connection.unregister("lines")


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
        positions=pa.concat_arrays([one.positions for one in parts] or [pa.array([], pa.int64())]),
        structures=pa.concat_arrays(
            [one.structures for one in parts] or [pa.array([], pa.string())]
        ),
    )


def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set threads = 1")
    # Long IN lists stay inside their CASE: as joins, every row would go through them.
    connection.execute("set disabled_optimizers = 'in_clause'")
    return connection


def _parse(read: pa.Table, piece: Piece, source: SourceConfig) -> _Parsed:
    bad = {file: list(lines) for file, lines in piece.bad.items()}
    blank: Counter[int] = Counter()
    if read["reason"].null_count < read.num_rows:
        aside = read.filter(pc.is_valid(read["reason"]))
        read = read.filter(pc.is_null(read["reason"]))
        for row in aside.select(["file", "position", "reason", "detail", "line"]).to_pylist():
            if row["reason"] == "blank":
                blank[row["file"]] += 1
                continue
            raw = row["line"].rstrip("\n")
            bad[row["file"]].append(Bad(row["position"], row["reason"], row["detail"], raw))
    return _Parsed(event_rows(read, source.app), bad, blank)


def _by_file(
    piece: Piece, parsed: _Parsed, seen: Counter[tuple[Path, str]]
) -> Iterator[tuple[Path, Parsed]]:
    """Cut what was made of a piece into its files; `seen` counts identical lines without an id."""
    rows = _in_order(parsed.rows)
    files = rows["file"].combine_chunks().to_numpy()
    ends = np.searchsorted(files, np.arange(len(piece.paths)), side="right")
    start = 0
    for file, (path, end) in enumerate(zip(piece.paths, ends.tolist(), strict=True)):
        own = _with_ids(path, rows.slice(start, end - start), seen)
        bad, blank = tuple(parsed.bad.get(file, ())), parsed.blank.get(file, 0)
        dropped = Counter({"blank": blank}) if blank else Counter[str]()
        yield (
            path,
            Parsed(
                "events",
                own.select(EVENTS.names),
                own.num_rows + len(bad) + blank,
                bad,
                dropped,
                positions=own["position"].combine_chunks(),
                structures=own["structure"].combine_chunks(),
            ),
        )
        start = end


def _in_order(rows: pa.Table) -> pa.Table:
    """Rows by file and position; the engine's one thread keeps them so, but does not promise it."""
    places = rows["file"].cast(pa.int64()).to_numpy() << 40 | rows["position"].to_numpy()
    if np.all(places[1:] > places[:-1]):
        return rows
    return rows.sort_by([("file", "ascending"), ("position", "ascending")])


def _with_ids(path: Path, rows: pa.Table, seen: Counter[tuple[Path, str]]) -> pa.Table:
    """Give events without a message id the hash of their line and its ordinal in the file."""
    if not rows["message_id"].null_count:
        return rows
    ids = rows["message_id"].to_pylist()
    for index, line in enumerate(rows["content_hash"].to_pylist()):
        if ids[index] is None:
            ids[index] = f"{line}-{seen[path, line]}"
            seen[path, line] += 1
    place = rows.schema.get_field_index("message_id")
    return rows.set_column(place, "message_id", pa.array(ids, pa.string()))
