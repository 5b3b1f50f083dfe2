"""DuckDB in memory over the lake's Parquet files, spilling to disk within its memory limit."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from whichhalf.engines.base import Engine, Flags, Limits, Scan
from whichhalf.errors import EngineError

SQL_TYPES = {pa.string(): "varchar", pa.int64(): "bigint", pa.float64(): "double"}
SQL_TYPES |= {pa.bool_(): "boolean", pa.date32(): "date"}
SQL_TYPES |= {pa.timestamp("us", tz="UTC"): "timestamp"}
_ARROW = "_in_arrow"  # suffix of the Arrow tables behind relations
BATCH_ROWS = 122_880  # one row group of DuckDB


class DuckDB(Engine):
    """The default engine. Times are exposed as plain timestamps: zoned ones are far slower."""

    flags = Flags(dialect="duckdb", writes_files=True)

    def __init__(self, _url: str, limits: Limits) -> None:
        limits.spill.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(":memory:")
        self._kinds: dict[str, str] = {}  # relation → view or table
        self._borrowed: set[str] = set()  # relations that read Arrow tables
        self._scans: dict[str, Scan] = {}
        settings = {
            "TimeZone": "UTC",
            "memory_limit": f"{limits.memory_bytes}B",
            "temp_directory": str(limits.spill),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_progress_bar": False,
        }
        if limits.threads:
            settings["threads"] = limits.threads
        for key, value in settings.items():
            self.connection.execute(f"set {key} = {_literal(value)}")

    def expose(self, name: str, scan: Scan) -> None:
        """Read the active files; a table without files is an empty relation of its schema."""
        self.drop(name)
        self._kinds[name] = "view"
        self._scans[name] = scan
        if not scan.files:
            nulls = ", ".join(
                f"cast(null as {_sql_type(f.type)}) as {_name(f.name)}" for f in scan.schema
            )
            self._run(f"create view {_name(name)} as select {nulls} where false")
            return
        if scan.filesystem is not None:
            self._expose_dataset(name, scan)
            return
        files = ", ".join(_literal(path) for path, _day in scan.files)
        partitioned = scan.files[0][1] is not None
        hive = ", hive_partitioning = true, hive_types = {'day': 'date'}" if partitioned else ""
        # By name means to open every file before the first row is read.
        options = f"union_by_name = {str(not scan.is_uniform).lower()}{hive}"
        columns = ", ".join(
            _exposed(f)
            if f.name in scan.stored
            else f"cast(null as {_sql_type(f.type)}) as {f.name}"
            for f in scan.schema
        )
        self._run(
            f"create view {_name(name)} as select {columns} from read_parquet([{files}], {options})"
        )

    def scan(self, name: str) -> Scan | None:
        """The files behind a relation: this process reads them as well as the engine does."""
        return self._scans.get(name)

    def _expose_dataset(self, name: str, scan: Scan) -> None:
        """Read files elsewhere through Arrow: no extension of DuckDB's is needed to reach them.

        DuckDB asks it for the columns and the days of a query only; a filter on a time is not
        handed down, since views show times without their zone.
        """
        parquet, day_column = ds.ParquetFileFormat(), ds.field("day")
        fragments = [
            parquet.make_fragment(path, scan.filesystem, None if day is None else day_column == day)
            for path, day in scan.files
        ]
        rows = ds.FileSystemDataset(fragments, scan.schema, parquet, scan.filesystem)
        self._borrow(name, rows, scan.schema)

    def relation(self, name: str, rows: pa.Table) -> None:
        """Read the Arrow rows where they are; zoned times become plain ones."""
        self.drop(name)
        self._borrow(name, rows, rows.schema)

    def _borrow(self, name: str, rows: pa.Table | ds.Dataset, schema: pa.Schema) -> None:
        """Make a view of what Arrow holds or reads."""
        self._kinds[name] = "view"
        self._borrowed.add(name)
        self.connection.register(f"{name}{_ARROW}", rows)
        columns = ", ".join(_exposed(field) for field in schema)
        self._run(f"create temp view {_name(name)} as select {columns} from {_name(name + _ARROW)}")

    def create(self, name: str, sql: str) -> int:
        """Materialise as a temporary table."""
        self.drop(name)
        self._kinds[name] = "table"
        return int(self._run(f"create temp table {_name(name)} as {sql}").fetchall()[0][0])

    def view(self, name: str, sql: str) -> None:
        """Keep as a view."""
        self.drop(name)
        self._kinds[name] = "view"
        self._run(f"create temp view {_name(name)} as {sql}")

    def query(self, sql: str) -> pa.RecordBatchReader:
        """Stream the rows in batches of a row group."""
        try:
            return self.connection.sql(sql).to_arrow_reader(BATCH_ROWS)
        except duckdb.Error as error:
            raise EngineError(f"DuckDB: {error}\nThe query was:\n{sql}") from error

    def write(
        self, sql: str, schema: pa.Schema, folder: str, *, name: str, by_day: bool
    ) -> list[str]:
        """Write by COPY, on all threads. A row without a day goes to a folder of its own."""
        columns = ", ".join(map(_stored, schema))
        target = folder if by_day else f"{folder}/{name}.parquet"
        layout = f", partition_by (day), overwrite_or_ignore, filename_pattern '{name}-{{i}}'"
        rows = self._run(
            f"copy (select {columns} from ({sql})) to {_literal(target)} (format parquet,"
            f" compression snappy, return_stats{layout if by_day else ''})"
        ).fetchall()
        return [str(Path(row[0]).relative_to(folder)) for row in rows]

    def drop(self, name: str) -> None:
        """Forget a view or a table of that name."""
        kind = self._kinds.pop(name, None)
        self._scans.pop(name, None)
        if kind:
            self._run(f"drop {kind} {_name(name)}")
        if kind == "view" and name in self._borrowed:
            self._borrowed.discard(name)
            self.connection.unregister(f"{name}{_ARROW}")

    def clear(self) -> None:
        """Forget every view and table; views first, since they may read tables."""
        for name in sorted(self._kinds, key=lambda name: self._kinds[name], reverse=True):
            self.drop(name)

    def close(self) -> None:
        """Close the connection; its spilled files go with it."""
        self.connection.close()

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(sql)
        except duckdb.Error as error:
            raise EngineError(f"DuckDB: {error}\nThe query was:\n{sql}") from error


def _exposed(field: pa.Field) -> str:
    """Select item that gives the column in the types we compute with."""
    name = _name(field.name)
    if pa.types.is_timestamp(field.type) and field.type.tz:
        return f"make_timestamp(epoch_us({name})) as {name}"
    return name


def _stored(field: pa.Field) -> str:
    """Select item that gives the column in the type that files hold."""
    name = _name(field.name)
    if pa.types.is_timestamp(field.type) and field.type.tz:
        return f"make_timestamptz(epoch_us({name})) as {name}"
    return f"cast({name} as {_sql_type(field.type)}) as {name}"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return SQL_TYPES[kind]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
