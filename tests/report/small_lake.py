"""Projects from a few rows: a test says the cells that matter, the contract gives the rest."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from whichhalf import tables
from whichhalf.attribute.weights import SHARED
from whichhalf.project import Project, open_project

Rows = Iterable[Mapping[str, Any]]
_EMPTY = {"string": "", "json": "{}", "bigint": 0, "double": 0.0, "boolean": False}
_EMPTY |= {"money": Decimal(0), "rate": Decimal(1)}
_PARSE = {
    "string": str,
    "json": str,
    "bigint": int,
    "double": float,
    "boolean": lambda text: text == "true",
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "money": Decimal,
    "rate": Decimal,
}


def stored(given: Mapping[str, Rows]) -> dict[str, Rows]:
    """The tables as the lake holds them: credits a column a model."""
    tables = dict(given)
    if "rule_credits" in tables:
        tables["touch_credits"] = [_wide(dict(row)) for row in tables.pop("rule_credits")]
    return tables


def _wide(row: dict[str, Any]) -> dict[str, Any]:
    model, credit = row.pop("model"), row.pop("credit")
    if model in SHARED:
        row[f"{model}_value"] = row["value"]
    return row | {f"{model}_credit": credit}


def make(folder: Path, given: Mapping[str, Rows], report: str = "") -> Project:
    """Write tables into a new project and publish them. report: lines of section [report]."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "whichhalf.toml").write_text(f"[report]\n{report}\n", "utf-8")
    project = open_project(folder)
    write(project, given)
    return project


def write(project: Project, given: Mapping[str, Rows]) -> None:
    """Replace tables by rows, and publish."""
    for name, rows in stored(given).items():
        table = tables.table(name)
        full = [_full(table, row) for row in rows]
        arrow = pa.Table.from_pylist(full, table.arrow)
        if table.partitioned:
            days = {row["day"] for row in full}
            project.lake.replace_days(table, arrow, dict.fromkeys(days, ""))
        else:
            project.lake.replace(table, arrow)
    project.publish()


def read_tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Tables of a folder of CSV files named as the tables; an empty cell is null."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.csv"))}


def _read(path: Path) -> list[dict[str, Any]]:
    table = tables.table(path.stem)
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: _PARSE[table.column(name).type](cell) for name, cell in row.items() if cell}
            for row in csv.DictReader(file)
        ]


def _full(table: tables.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(row) - set(table.by_name)
    assert not unknown, f"{table.name} has no {unknown}"
    full = {
        column.name: row.get(column.name, None if column.nullable else _EMPTY.get(column.type))
        for column in table.columns
    }
    if table.clock:
        full["day"] = full[table.clock].date()
    return full
