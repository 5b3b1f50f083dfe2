"""Rows of a table from the few columns that a test is about, and projects that hold them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from whichhalf.config import load_config
from whichhalf.ids import visitor_key
from whichhalf.project import Project
from whichhalf.tables import TABLES, Table
from whichhalf.tables.schema import ARROW_TYPES

# Engines that must give the same answers. An engine joins every golden test by its name here.
ENGINES = ("duckdb",)

# What a column holds where a test does not say; other columns must be given or may be null.
_DEFAULTS: dict[str, Any] = {
    "app": "app",
    "call": "track",
    "account_id": "1",
    "country": "(not broken down)",
    "os": "(not broken down)",
    "time_zone": "UTC",
    "currency": "USD",
    "hours": 24,
    "impressions": 0,
    "clicks": 0,
    "source_report": "test",
    "loaded_from": "test",
    "touch_type": "click",
    "payment_kind": "charge",
    "version": 0,
    "quantity": 1,
    "rate_source": "test",
    "priority": 0,
}
_COPIED = {"received_at": "occurred_at", "content_hash": "message_id"}

Row = Mapping[str, Any]


def make_rows(name: str, rows: Iterable[Row]) -> pa.Table:
    """Rows of a table in all its columns; values may be text, as in a CSV file."""
    table = TABLES[name]
    full = [_full(table, dict(row)) for row in rows]
    return pa.Table.from_pylist(full, schema=table.arrow)


def _full(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    unknown = set(row) - set(table.by_name)
    assert not unknown, f"{table.name} has no {unknown}"
    full = {c.name: _value(row.get(c.name), c.type, c.nullable) for c in table.columns}
    for column in table.columns:
        if full[column.name] is None and not column.nullable:
            full[column.name] = full.get(_COPIED.get(column.name, ""), _DEFAULTS.get(column.name))
    if "visitor_key" in full and full["visitor_id"] is not None:
        full["visitor_key"] = visitor_key(full["app"], full["visitor_id"])
    if full.get("starts_at") and full.get("local_on") is None:
        full["local_on"] = full["starts_at"].date()
    if table.clock:
        full["day"] = full[table.clock].date()
    missing = [c.name for c in table.columns if full[c.name] is None and not c.nullable]
    assert not missing, f"{table.name}: {missing} must be given: {row}"
    return full


def _value(value: Any, kind: str, nullable: bool) -> Any:
    """A value of a column's type; an empty cell is null where null may be, else an empty text."""
    if not isinstance(value, str):
        return value
    if value == "":
        return None
    if kind == "timestamp":
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    parse: dict[str, Callable[[str], Any]] = {
        "bigint": int,
        "double": float,
        "boolean": {"true": True, "false": False}.__getitem__,
        "date": date.fromisoformat,
        "money": Decimal,
        "rate": Decimal,
    }
    return parse[kind](value) if kind in parse else value


def read_cells(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, as text."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(None not in row and None not in row.values() for row in rows), f"{path}: ragged"
    return rows


def typed_rows(table: Table, cells: Iterable[Mapping[str, str]]) -> list[tuple[Any, ...]]:
    """Rows of an expected.csv in the table's types."""
    return [
        tuple(
            "" if cell == "" and not table.column(name).nullable else _typed(table, name, cell)
            for name, cell in row.items()
        )
        for row in cells
    ]


def _typed(table: Table, name: str, cell: str) -> Any:
    column = table.column(name)
    value = _value(cell, column.type, column.nullable)
    if value is None:
        return None
    return pa.scalar(value, ARROW_TYPES[column.type]).as_py()


def write_rows(project: Project, name: str, rows: pa.Table) -> None:
    """Append rows to a table of the lake."""
    table = TABLES[name]
    days = sorted(set(rows["day"].to_pylist())) if table.partitioned else []
    if rows.num_rows:
        project.lake.append(table, rows, days)


def plain_times(rows: pa.Table) -> pa.Table:
    """Times as engines compute with them: UTC, without a zone."""
    fields = [
        pa.field(f.name, pa.timestamp("us")) if pa.types.is_timestamp(f.type) else f
        for f in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def make_project(folder: Path, text: str = "", engine: str = ENGINES[0]) -> Project:
    """A new project in a folder."""
    folder.mkdir(parents=True)
    (folder / "whichhalf.toml").write_text(text, "utf-8")
    environ = {"WHICHHALF_PROJECT_ENGINE": engine, "WHICHHALF_PROJECT_THREADS": "1"}
    return Project(folder, load_config(folder, environ))
