"""Segment JSON lines: what its S3 destinations, its clients and their many copies write.

The engine parses the JSON, once a line; addresses and agents are taken apart over distinct values.
Source of the time rule: Segment's specification, "Timestamps in Common Fields".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.events import segment_sql
from whichhalf.collect.events.agents import parse_agents
from whichhalf.collect.events.json_lines import Lines, raw_lines, read_lines
from whichhalf.collect.events.urls import parse_urls, referrer_hosts
from whichhalf.collect.reading import Bad, Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.tables import TABLES

EVENTS = pa.schema([field for field in TABLES["events"].arrow if field.name != "day"])


def read_chunks(path: Path, source: SourceConfig, config: Config) -> Iterator[Parsed]:
    """Yield the events of a file, some hundred thousand lines at a time."""
    seen: Counter[str] = Counter()
    with _connection(config) as connection:
        for lines in read_lines(path):
            yield _parse(connection, lines, source, seen)


def read_file(path: Path, source: SourceConfig, config: Config) -> Parsed:
    """Read a whole file at once."""
    return joined(list(read_chunks(path, source, config)))


def read_raw(raws: Sequence[Raw], source: SourceConfig, config: Config) -> Parsed:
    """Read lines that were set aside."""
    with _connection(config) as connection:
        return _parse(connection, raw_lines(raws), source, Counter())


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
    )


def _connection(config: Config) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    if config.project.threads:
        connection.execute(f"set threads = {config.project.threads}")
    return connection


def _parse(
    connection: duckdb.DuckDBPyConnection, lines: Lines, source: SourceConfig, seen: Counter[str]
) -> Parsed:
    """Parse one chunk; `seen` counts identical lines without a message id over the whole file."""
    connection.register("lines", lines.rows)
    connection.execute("create or replace temp table judged as " + segment_sql.JUDGED)
    bad = _bad(connection, lines)
    blank = _count(connection, "reason = 'blank'")
    _register_parts(connection)
    rows = connection.sql(segment_sql.EVENTS, params={"app": source.app}).to_arrow_table()
    connection.unregister("lines")
    rows = _with_ids(rows, seen).select(EVENTS.names).cast(EVENTS)
    dropped = Counter({"blank": blank}) if blank else Counter[str]()
    return Parsed("events", rows, lines.rows.num_rows + len(lines.bad), bad, dropped)


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


def _with_ids(rows: pa.Table, seen: Counter[str]) -> pa.Table:
    """Give events without a message id the hash of their line and its ordinal in the file."""
    column = rows.column("message_id")
    if not column.null_count:
        return rows
    ids = column.to_pylist()
    hashes = rows.column("content_hash").to_pylist()
    order = pc.sort_indices(rows.column("position")).to_pylist()
    for index in order:
        if ids[index] is None:
            ids[index] = f"{hashes[index]}-{seen[hashes[index]]}"
            seen[hashes[index]] += 1
    index = rows.schema.get_field_index("message_id")
    return rows.set_column(index, "message_id", pa.array(ids, pa.string()))
