"""A Postgres server as engine: to check and to run the models in a warehouse's own dialect.

It is there for whoever wants the same rows from the same SQL where the other data of the house are,
and stands in the tests for the warehouses of its kind (Redshift descends from it). It is not there
to be faster: the rows of the lake are copied into the server for each step, and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from whichhalf.engines.base import Engine, Flags, Limits, Scan
from whichhalf.errors import ConfigError, EngineError

try:
    import adbc_driver_postgresql.dbapi as adbc
except ImportError as error:
    raise ConfigError(
        "project.engine: Postgres needs a driver that is not installed."
        " Install it: pip install 'whichhalf[postgres]'."
    ) from error

SQL_TYPES = {pa.string(): "varchar", pa.int64(): "bigint", pa.float64(): "double precision"}
SQL_TYPES |= {pa.bool_(): "boolean", pa.date32(): "date", pa.timestamp("us"): "timestamp"}
SQL_TYPES |= {pa.int32(): "integer", pa.int16(): "smallint", pa.float32(): "real"}
NUMERIC = "numeric"
MAX_DIGITS = 38  # of decimal128
BATCH_ROWS = 122_880  # read from a Parquet file at once
ANALYZED_ROWS = 500  # from here on a plan made without statistics may be a bad one
# Ties are broken by the order of ids, which is that of their bytes on every engine.
_ORDERS_BYTES = "select 'Z' < 'a' and 'a-c' < 'ab' and 'z' < 'é' and lower('É') = 'é'"
_SETTINGS = """
    set time zone 'UTC';
    set search_path = '';
    set client_min_messages = warning;
    set jit = off
"""


class Postgres(Engine):
    """One session of a Postgres server. Its relations are temporary; no table of others is read."""

    flags = Flags(dialect="postgres")

    def __init__(self, url: str, _limits: Limits) -> None:
        self._place = _without_password(url)
        self._kinds: dict[str, str] = {}  # relation → view or table, in the order of creation
        self._stream: adbc.Cursor | None = None  # of the rows that are being read
        try:
            self._connection = adbc.connect(url, autocommit=True)
        except adbc.Error as error:
            raise EngineError(
                f"Postgres: no connection to {self._place}: {error}\nExpected in [project] engine:"
                " postgresql://user@host:port/database; the password in PGPASSWORD or ~/.pgpass."
            ) from error
        for setting in _SETTINGS.split(";"):
            self._run(setting)
        if not self.query(_ORDERS_BYTES).read_all().column(0)[0].as_py():
            self.close()
            raise EngineError(
                f"Postgres: {self._place} does not order text by its bytes, so ties would be broken"
                " otherwise than elsewhere. Make a database that does: create database whichhalf"
                " template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'."
            )

    def expose(self, name: str, scan: Scan) -> None:
        """Copy the active files; a table without files is an empty relation of its schema."""
        schema = pa.schema([_computed(field) for field in scan.schema])
        self._copy(name, pa.RecordBatchReader.from_batches(schema, _batches(scan, schema)))

    def relation(self, name: str, rows: pa.Table) -> None:
        """Copy the rows; zoned times become plain ones."""
        schema = pa.schema([_computed(field) for field in rows.schema])
        self._copy(name, rows.cast(schema).to_reader())

    def create(self, name: str, sql: str) -> int:
        """Materialise as a temporary table."""
        self.drop(name)
        rows = self._run(f"create temporary table {_name(name)} as {sql}")
        self._kinds[name] = "table"
        self._analyze(name, rows)
        return rows

    def view(self, name: str, sql: str) -> None:
        """Keep as a view."""
        self.drop(name)
        self._run(f"create temporary view {_name(name)} as {sql}")
        self._kinds[name] = "view"

    def query(self, sql: str) -> pa.RecordBatchReader:
        """Stream the rows as the server sends them. The next statement ends the stream.

        A NUMERIC of unknown precision, a sum say, has the scale of its values: then all rows are
        read first.
        """
        self._end_stream()
        with self._told(sql):
            self._stream = self._connection.cursor()
            self._stream.execute(sql)
            reader = self._stream.fetch_record_batch()
        batches = self._told_while(reader, sql)
        scales = {i: _scale(f) for i, f in enumerate(reader.schema) if _is_numeric(f)}
        if None in scales.values():
            read = list(batches)
            scales = {i: _widest(read, i) if s is None else s for i, s in scales.items()}
            batches = iter(read)
        schema = pa.schema([_received(f, scales.get(i)) for i, f in enumerate(reader.schema)])
        cast = self._told_while(_cast(batches, schema), sql)
        return pa.RecordBatchReader.from_batches(schema, cast)

    def drop(self, name: str) -> None:
        """Forget a view or a table of that name."""
        kind = self._kinds.pop(name, None)
        if kind:
            self._run(f"drop {kind} {_name(name)}")

    def clear(self) -> None:
        """Forget every view and table."""
        if self._kinds:
            self._run("discard temporary")
        self._kinds.clear()

    def close(self) -> None:
        """End the session; the server forgets its relations."""
        self._end_stream()
        self._connection.close()

    def _copy(self, name: str, rows: pa.RecordBatchReader) -> None:
        """Make a table of the types of `rows` and fill it."""
        self.drop(name)
        columns = ", ".join(f"{_name(f.name)} {_sql_type(name, f)}" for f in rows.schema)
        self._run(f"create temporary table {_name(name)} ({columns})")
        self._kinds[name] = "table"
        with self._told(f"copy {name}"), self._connection.cursor() as cursor:
            count = cursor.adbc_ingest(name, rows, mode="append", temporary=True)
        self._analyze(name, count)

    def _analyze(self, name: str, rows: int) -> None:
        """Count a large table's values for the planner: no daemon sees temporary tables."""
        if rows >= ANALYZED_ROWS:
            self._run(f"analyze {_name(name)}")

    def _run(self, sql: str) -> int:
        """Run a statement; return how many rows it made."""
        self._end_stream()
        with self._told(sql), self._connection.cursor() as cursor:
            cursor.execute(sql)
            return int(cursor.rowcount)

    def _told_while(self, batches: Iterable[pa.RecordBatch], sql: str) -> Iterator[pa.RecordBatch]:
        """The batches; what goes wrong amid them is told with the SQL."""
        with self._told(sql):
            yield from batches

    def _end_stream(self) -> None:
        """Let go of rows that nobody read to their end: the session does one thing at a time."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    @contextmanager
    def _told(self, sql: str) -> Iterator[None]:
        """Raise what the server or Arrow refuses with the SQL that it was."""
        try:
            yield
        except (adbc.Error, pa.ArrowException, OSError) as error:
            raise EngineError(f"Postgres: {error}\nThe query was:\n{sql}") from error


def _batches(scan: Scan, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows of the files of a scan in the columns of `schema`."""
    for path, day in scan.files:
        with pq.ParquetFile(path, filesystem=scan.filesystem) as file:
            held = set(file.schema_arrow.names)
            wanted = [field.name for field in schema if field.name in held]
            for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
                columns = [_column(batch, field, day) for field in schema]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(batch: pa.RecordBatch, field: pa.Field, day: date | None) -> pa.Array:
    """A column of a file; the day of its partition; or nulls where the file is older than it."""
    if field.name in batch.schema.names:
        return batch.column(field.name).cast(field.type)
    value = day if field.name == "day" else None
    return pa.array([value] * batch.num_rows, field.type)


def _computed(field: pa.Field) -> pa.Field:
    """The field in a type that the server has: times without zone, text in one kind."""
    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_timestamp(kind):
        kind = pa.timestamp("us")
    elif pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        kind = pa.string()
    elif pa.types.is_uint8(kind) or pa.types.is_int8(kind):
        kind = pa.int16()
    elif pa.types.is_unsigned_integer(kind):
        kind = pa.int64()
    return pa.field(field.name, kind)


def _sql_type(relation: str, field: pa.Field) -> str:
    if pa.types.is_decimal(field.type):
        return f"{NUMERIC}({field.type.precision}, {field.type.scale})"
    if field.type not in SQL_TYPES:
        raise EngineError(
            f"Postgres: {relation}.{field.name} is {field.type}, which it has no type for."
            f" Types that can be copied: {', '.join(map(str, SQL_TYPES))}, decimals."
        )
    return SQL_TYPES[field.type]


def _is_numeric(field: pa.Field) -> bool:
    return isinstance(field.type, pa.OpaqueType) and field.type.type_name == NUMERIC


def _scale(field: pa.Field) -> tuple[int, int] | None:
    """Precision and scale that a column of the server is declared with, or None.

    typmod: (precision << 16 | scale) + 4, as numeric.c of Postgres packs them; -1 for none.
    """
    typmod = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1"))
    return None if typmod < 4 else ((typmod - 4) >> 16 & 0xFFFF, (typmod - 4) & 0x7FF)


def _widest(batches: Iterable[pa.RecordBatch], column: int) -> tuple[int, int]:
    """The widest decimal with as many places as the values of a column are sent with."""
    places = [0]
    for batch in batches:
        fractions = pc.replace_substring_regex(batch.column(column).storage, r"^[^.]*\.?", "")
        places.append(pc.max(pc.utf8_length(fractions)).as_py() or 0)
    return MAX_DIGITS, max(places)


def _received(field: pa.Field, scale: tuple[int, int] | None) -> pa.Field:
    """The field as ours: numbers in decimals, times without zone, nothing said by the server."""
    if scale is not None:
        return pa.field(field.name, pa.decimal128(*scale))
    return _computed(pa.field(field.name, field.type))


def _cast(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        columns = [_plain(column).cast(f.type) for column, f in zip(batch, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain(column: Any) -> pa.Array:
    """The texts of a NUMERIC, which the driver sends as they are; other columns unchanged."""
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or 'the local server'}:{parts.port or 5432}{parts.path}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
