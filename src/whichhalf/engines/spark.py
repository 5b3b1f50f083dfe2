"""Spark over the lake's Delta tables: for what one machine has outgrown.

Executors read the lake and write its files themselves; the lake commits them. Through the driver go
only tables that Python asked for. The project's folder must be seen by every worker at its path.
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
from whichhalf.engines.spark_session import open_session
from whichhalf.errors import EngineError

try:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema, from_arrow_type, to_arrow_schema
except ImportError as error:  # spark_session has said what to install
    raise EngineError(f"Spark: pyspark is broken: {error}. Install it again.") from error

# So few files Spark lists in the driver, without a job of its own. Of a table with more, the log is
# read by delta-spark, in parallel; below, that costs more than all the files.
FEW_FILES = 32
BATCH_ROWS = 122_880
_UTC = pa.timestamp("us", tz="UTC")
_PLAIN = pa.timestamp("us")
_GLOBS = frozenset("{}[]*?\\")  # a path with one of these would be taken for a pattern


class Spark(Engine):
    """A session of the process's Spark. A relation that is created is files in the spill folder.

    So it outlives the worker that computed it, and plans stay short.
    """

    flags = Flags(dialect="spark", writes_files=True)

    def __init__(self, master: str, limits: Limits) -> None:
        self._session = open_session(master, limits)
        limits.spill.mkdir(parents=True, exist_ok=True)
        self._spill = Path(mkdtemp(prefix="rows-", dir=limits.spill))
        self._folders: dict[str, Path | None] = {}  # relation → where its rows are, if created
        self._numbers = count()

    def expose(self, name: str, scan: Scan) -> None:
        """Read by Delta's log; few files by their names, at the version that named them.

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
            self._keep(name, self._session.createDataFrame([], kinds))
            return
        stored = [field for field in kinds if field.name in scan.stored]
        with _told(name):
            if is_fetched or (len(scan.files) <= FEW_FILES and not _GLOBS & set(scan.uri)):
                reader = self._session.read.schema(type(kinds)(stored))
                rows = reader.option("basePath", scan.uri).parquet(*(p for p, _day in scan.files))
            else:
                reader = self._session.read.format("delta").option("versionAsOf", scan.version)
                rows = _of_days(reader.load(scan.uri), [day for _path, day in scan.files])
            columns = [
                sf.col(f.name) if f.name in scan.stored else sf.lit(None).cast(f.dataType)
                for f in kinds
            ]
            named = zip(columns, kinds, strict=True)
            self._keep(name, rows.select(*(column.alias(f.name) for column, f in named)))

    def relation(self, name: str, rows: pa.Table) -> None:
        """Hand the rows to the driver, from where tasks take them along."""
        with _told(name):
            self._keep(name, self._session.createDataFrame(rows.cast(_zoned(rows.schema))))

    def create(self, name: str, sql: str) -> int:
        """Write the rows to files, once."""
        with _told(sql):
            rows = self._frame(sql)
            folder = self._written(rows)
            self._keep(name, self._session.read.schema(rows.schema).parquet(_uri(folder)))
        self._folders[name] = folder
        return sum(pq.read_metadata(path).num_rows for path in _files(folder))

    def view(self, name: str, sql: str) -> None:
        """Keep the text; its names mean what they mean when it is read."""
        with _told(sql):
            self.drop(name)
            self._session.sql(f"create temporary view {_name(name)} as {sql}")
            self._folders[name] = None

    def query(self, sql: str) -> pa.RecordBatchReader:
        """Write the rows to files and stream them from there, in order: they may be many."""
        with _told(sql):
            rows = self._frame(sql)
            folder = self._written(rows)
            schema = _plain(to_arrow_schema(rows.schema, timezone="UTC"))
        return pa.RecordBatchReader.from_batches(schema, _batches(folder, schema))

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
            columns = [
                sf.col(f.name).cast(from_arrow_type(f.type)).alias(f.name) for f in _zoned(schema)
            ]
            rows = self._frame(sql).select(*columns)
            spread = rows.hint("rebalance", "day") if by_day else rows.hint("rebalance")
            writer = spread.write.mode("overwrite")
            (writer.partitionBy("day") if by_day else writer).parquet(_uri(arriving))
        paths = [
            _moved(path, arriving, f"{name}-{number}.parquet")
            for number, path in enumerate(_files(arriving))
            if by_day or pq.read_metadata(path).num_rows
        ]
        shutil.rmtree(arriving)
        return paths

    def drop(self, name: str) -> None:
        """Forget a relation, and remove its files."""
        if name not in self._folders:
            return
        self._session.catalog.dropTempView(name)
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

    def _keep(self, name: str, rows: Any) -> None:
        self.drop(name)
        rows.createOrReplaceTempView(name)
        self._folders[name] = None

    def _frame(self, sql: str) -> Any:
        """The rows of a SELECT, not computed yet; a column of nulls only is one of numbers."""
        rows = self._session.sql(sql)
        untyped = [field.name for field in rows.schema if field.dataType.typeName() == "void"]
        return rows.withColumns({name: sf.col(name).cast("int") for name in untyped})

    def _written(self, rows: Any) -> Path:
        folder = self._spill / str(next(self._numbers))
        rows.write.parquet(_uri(folder))
        return folder


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


def _batches(folder: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows of the files of a job, in the order of its tasks; the files go when all are read."""
    try:
        for path in _files(folder):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    yield batch.cast(schema)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    """Parquet files below a folder, in the order of the tasks that wrote them."""
    return sorted(folder.rglob("part-*.parquet"), key=lambda path: (path.parent, _task(path)))


def _task(path: Path) -> int:
    return int(path.name.split("-")[1])


def _moved(path: Path, arriving: Path, name: str) -> str:
    """Move a file of a job beside the folder that it arrived in; return its path there."""
    target = path.relative_to(arriving).with_name(name)
    whole = arriving.parent / target
    whole.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, whole)
    return str(target)


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


def _uri(folder: Path) -> str:
    return f"file://{folder}"


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
