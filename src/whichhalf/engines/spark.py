"""Spark over the lake's Delta tables: for what one machine has outgrown.

Executors read the lake and write its files themselves; the lake commits them. Through the driver go
tables that Python asked for, and results of few rows. The project's folder must be seen by every
worker at its path.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from whichhalf.engines.base import Engine, Flags, Limits, Scan
from whichhalf.engines.spark_files import batches, files, moved, uri
from whichhalf.engines.spark_session import open_session
from whichhalf.engines.spark_weights import Settings, Weights, of_rows
from whichhalf.errors import EngineError

try:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import DataFrame
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
except ImportError as error:  # spark_session has said what to install
    raise EngineError(f"Spark: pyspark is broken: {error}. Install it again.") from error

# So many files are read by their names, which the lake knows. Of a table with more, the log is read
# by delta-spark, in parallel; below, its jobs cost more than all the files.
MANY_FILES = 1000
_UTC = pa.timestamp("us", tz="UTC")
_PLAIN = pa.timestamp("us")
_GLOBS = frozenset("{}[]*?\\")  # a path with one of these would be taken for a pattern


class Spark(Engine):
    """A session of the process's Spark. A relation that is created is files in the spill folder.

    So it outlives the worker that computed it, and plans stay short. Few rows the driver holds.
    """

    flags = Flags(dialect="spark", writes_files=True)

    def __init__(self, master: str, limits: Limits) -> None:
        self._session = open_session(master, limits)
        limits.spill.mkdir(parents=True, exist_ok=True)
        self._spill = Path(mkdtemp(prefix="rows-", dir=limits.spill))
        self._folders: dict[str, Path | None] = {}  # relation → where its rows are, if in files
        self._numbers = count()
        self._weights = Weights()
        self._settings = Settings(self._session)

    def expose(self, name: str, scan: Scan) -> None:
        """Read files by their names; very many by Delta's log, at the version that named them.

        Files on S3 are fetched into the spill folder first: Spark would need jars of half a GB.
        """
        is_fetched = scan.filesystem is not None
        if "://" in scan.uri and not (is_fetched or scan.uri.startswith("file://")):
            raise EngineError(
                f"Spark: {scan.uri}: this engine does not read there by itself. Expected: a folder"
                " that all workers see at the same path, or a scan that says how files are opened."
            )
        with _told(name):
            scan = scan.fetched(self._spill / "fetched")
            kinds = from_arrow_schema(_zoned(scan.schema))
            if not scan.files:
                self._keep(name, self._empty(kinds), 0)
                return
            stored = type(kinds)([field for field in kinds if field.name in scan.stored])
            if is_fetched or (len(scan.files) <= MANY_FILES and not _GLOBS & set(scan.uri)):
                reader = self._session.read.schema(stored).option("basePath", scan.uri)
                rows = reader.parquet(*(path for path, _day in scan.files))
            else:
                reader = self._session.read.format("delta").option("versionAsOf", scan.version)
                rows = _of_days(reader.load(scan.uri), [day for _path, day in scan.files])
            columns = (_name(f.name) if f.name in scan.stored else _cast("null", f) for f in kinds)
            size = sum(_size(path) for path, _day in scan.files)
            self._keep(name, rows.selectExpr(*columns), size)

    def relation(self, name: str, rows: pa.Table) -> None:
        """Hand the rows to the driver, from where tasks take them along."""
        rows = rows.cast(_zoned(rows.schema))
        with _told(name):
            if rows.num_rows:
                frame = self._session.createDataFrame(rows)
            else:
                frame = self._empty(from_arrow_schema(rows.schema))
            self._keep(name, frame, of_rows(rows.num_rows, rows.num_columns))

    def create(self, name: str, sql: str) -> int:
        """Write the rows to files, once; or let the driver hold what comes of little."""
        with _told(sql):
            rows = self._frame(sql)
            if self._weights.of(sql) <= self._settings.held:
                return self._held(name, rows)
            folder = self._written(rows)
            found = files(folder)
            number = sum(int(pq.read_metadata(path).num_rows) for path in found)
            stored = self._session.read.schema(rows.schema).parquet(uri(folder))
            self._keep(name, stored, sum(path.stat().st_size for path in found) if number else 0)
        self._folders[name] = folder
        return number

    def view(self, name: str, sql: str) -> None:
        """Keep the text; its names mean what they mean when it is read."""
        with _told(sql):
            self.drop(name)
            self._session.sql(f"create temporary view {_name(name)} as {sql}")
            self._folders[name] = None
            self._weights.texts[name] = sql

    def query(self, sql: str) -> pa.RecordBatchReader:
        """Write the rows to files and stream them from there, in order: they may be many."""
        if self._weights.of(sql) <= self._settings.held:
            return self.table(sql).to_reader()
        with _told(sql):
            rows = self._frame(sql)
            folder = self._written(rows)
            schema = _plain(to_arrow_schema(rows.schema, timezone="UTC"))
        return pa.RecordBatchReader.from_batches(schema, batches(folder, schema))

    def table(self, sql: str) -> pa.Table:
        """Collect the rows in the driver: who asks for a table wants to hold it."""
        with _told(sql):
            rows = self._frame(sql).toArrow()
        return rows.cast(_plain(rows.schema))

    def write(
        self, sql: str, schema: pa.Schema, folder: str, *, name: str, by_day: bool
    ) -> list[str]:
        """Let executors write; only what the job committed is moved to the table's folders.

        What a lost worker left half written stays behind, and is removed.
        """
        arriving = Path(folder) / "_arriving"
        with _told(sql):
            kinds = from_arrow_schema(_zoned(schema))
            rows = self._frame(sql).selectExpr(*(_cast(_name(f.name), f) for f in kinds))
            if self._weights.of(sql) <= self._settings.light:
                rows = rows.coalesce(1)
            else:
                rows = rows.hint("rebalance", "day") if by_day else rows.hint("rebalance")
            writer = rows.write.mode("overwrite")
            (writer.partitionBy("day") if by_day else writer).parquet(uri(arriving))
        paths = [
            moved(path, arriving, f"{name}-{number}.parquet")
            for number, path in enumerate(files(arriving))
            if by_day or pq.read_metadata(path).num_rows
        ]
        shutil.rmtree(arriving)
        return paths

    def drop(self, name: str) -> None:
        """Forget a relation, and remove its files."""
        if name not in self._folders:
            return
        self._session.catalog.dropTempView(name)
        self._weights.drop(name)
        folder = self._folders.pop(name)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Forget every relation."""
        for name in list(self._folders):
            self.drop(name)

    def close(self) -> None:
        """Remove all files. Spark itself stays for the next engine, and ends with the process."""
        self.clear()
        shutil.rmtree(self._spill, ignore_errors=True)

    def _keep(self, name: str, rows: Any, weight: int) -> None:
        """Make rows readable under a name. Of a light relation one task reads all."""
        self.drop(name)
        light = rows.coalesce(1) if 0 < weight <= self._settings.light else rows
        light.createOrReplaceTempView(name)
        self._folders[name] = None
        self._weights.bytes[name] = weight

    def _held(self, name: str, rows: Any) -> int:
        """Let the driver hold the rows; return how many. They never leave the JVM."""
        found = rows._jdf.collectAsList()
        java = self._session._jsparkSession.createDataFrame(found, rows._jdf.schema())
        number = int(found.size())
        self._keep(name, DataFrame(java, self._session), of_rows(number, len(rows.columns)))
        return number

    def _empty(self, kinds: Any) -> Any:
        """No rows of these columns: plans over it are cut short."""
        nulls = ", ".join(_cast("null", field) for field in kinds)
        return self._session.sql(f"select {nulls} where false")

    def _frame(self, sql: str) -> Any:
        """The rows of a SELECT, not computed yet; a column of nulls only is one of numbers."""
        self._settings.fit(self._weights.of(sql))
        rows = self._session.sql(sql)
        if ":void" not in rows._jdf.schema().simpleString():
            return rows
        columns = (
            _cast(_name(f.name), f, "int") if f.dataType.typeName() == "void" else _name(f.name)
            for f in rows.schema
        )
        return rows.selectExpr(*columns)

    def _written(self, rows: Any) -> Path:
        folder = self._spill / str(next(self._numbers))
        rows.write.parquet(uri(folder))
        return folder


def _size(path: str) -> int:
    """Bytes of a file; 0 where it is gone: Spark says so, when it reads it."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _of_days(rows: Any, days: Iterable[date | None]) -> Any:
    """Of a partitioned table the days wanted, as ranges of consecutive ones."""
    ranges: list[list[date]] = []
    for day in sorted({day for day in days if day is not None}):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1][1] = day
        else:
            ranges.append([day, day])
    if not ranges:
        return rows
    wanted = (f"day between date'{first}' and date'{last}'" for first, last in ranges)
    return rows.where(" or ".join(wanted))


def _cast(value: str, field: Any, kind: str = "") -> str:
    """Select item that gives a value in a field's type, or another, under its name."""
    return f"cast({value} as {kind or field.dataType.simpleString()}) as {_name(field.name)}"


def _zoned(schema: pa.Schema) -> pa.Schema:
    """All times with a zone: they are instants, here as in the lake."""
    return _with_times(schema, _UTC)


def _plain(schema: pa.Schema) -> pa.Schema:
    """All times without a zone, as engines give them."""
    return _with_times(schema, _PLAIN)


def _with_times(schema: pa.Schema, kind: pa.DataType) -> pa.Schema:
    fields = [f.with_type(kind) if pa.types.is_timestamp(f.type) else f for f in schema]
    return pa.schema(fields)


@contextmanager
def _told(sql: str) -> Iterator[None]:
    """Say Spark's errors in ours, with the query."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise EngineError(f"Spark: {_words(error)}\nThe query was:\n{sql}") from error


def _words(error: Exception) -> str:
    """What an error says, without the stack of the JVM."""
    return str(error).partition("\n\tat ")[0][:4000]


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
