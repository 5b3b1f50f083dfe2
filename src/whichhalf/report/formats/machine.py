"""JSON and Parquet: rows for other programs, with the head of the report beside them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from whichhalf.report.formats.cells import exact, plain_decimal
from whichhalf.report.result import Cell, Column, Report

_MONEY = pa.decimal128(38, 6)
_TYPES = {"text": pa.string(), "date": pa.date32(), "money": _MONEY}
_TYPES |= {"datetime": pa.timestamp("us", tz="UTC")}


def to_json(report: Report) -> bytes:
    """One object: name, title, facts, columns, rows and total as objects by column name, notes.

    Money keeps all its digits as a JSON number; null was never measured.
    """
    return orjson.dumps(
        {
            **_head(report),
            "rows": [_object(report, row) for row in report.rows],
            "total": _object(report, report.total) if report.total else None,
        },
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )


def to_parquet(report: Report) -> bytes:
    """Rows without TOTAL; the head is JSON in the file's metadata under "whichhalf.report"."""
    arrays = [
        pa.array([_typed(row[position], column) for row in report.rows], _type(column))
        for position, column in enumerate(report.columns)
    ]
    head = orjson.dumps(
        {**_head(report), "total": _object(report, report.total) if report.total else None}
    )
    table = pa.Table.from_arrays(arrays, names=report.names)
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"whichhalf.report": head}), buffer)
    return buffer.getvalue()


def _head(report: Report) -> dict[str, Any]:
    return {
        "report": report.name,
        "title": report.title,
        "currency": report.currency,
        "facts": {fact.name: fact.text for fact in report.facts},
        "notes": list(report.notes),
        "columns": [
            {
                "name": column.name,
                "heading": column.heading,
                "kind": column.kind,
                "formula": column.formula,
                "is_estimate": column.is_estimate,
            }
            for column in report.columns
        ],
    }


def _object(report: Report, row: Sequence[Cell]) -> dict[str, Any]:
    return {name: _json(cell) for name, cell in zip(report.names, row, strict=True)}


def _json(cell: Cell) -> Any:
    if isinstance(cell, Decimal):
        return orjson.Fragment(plain_decimal(cell).encode())
    return cell if cell is None or isinstance(cell, str | int | float) else exact(cell)


def _type(column: Column) -> pa.DataType:
    return _TYPES.get(column.kind, pa.float64())


def _typed(cell: Cell, column: Column) -> Cell:
    """Counts are doubles: credit that touches share leaves fractions."""
    if cell is None or column.kind in _TYPES:
        return cell
    return float(cell)  # type: ignore[arg-type]
