"""XLSX: a sheet with the rows, a sheet on what the report is. No formulas, no links."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from whichhalf.report.formats.cells import UNMEASURED, heading, shown
from whichhalf.report.result import Cell, Column, Report

# Strings stay strings, whatever they look like; times are written as their own texts.
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def to_xlsx(report: Report) -> bytes:
    """Sheet "Report" with frozen head and names, TOTAL last; sheet "About" with facts and notes."""
    buffer = io.BytesIO()
    with Workbook(buffer, OPTIONS) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("Report")
        for position, column in enumerate(report.columns):
            sheet.write_string(0, position, heading(column), bold)
            sheet.set_column(position, position, _width(report, position))
        plain = _formats(book, report.columns, report.currency, bold=False)
        strong = _formats(book, report.columns, report.currency, bold=True)
        for number, row in enumerate(report.rows, 1):
            _write_row(sheet, number, row, plain)
        if report.total:
            _write_row(sheet, len(report.rows) + 1, report.total, strong)
        names = sum(1 for column in report.columns if column.is_text and not column.rank)
        sheet.freeze_panes(1, names)
        sheet.autofilter(0, 0, len(report.rows), len(report.columns) - 1)
        _about(book, report, bold)
    return buffer.getvalue()


def _formats(book: Workbook, columns: Sequence[Column], currency: str, *, bold: bool) -> list[Any]:
    return [
        book.add_format(
            {
                "num_format": _number_format(column, currency),
                "bold": bold,
                "italic": column.is_estimate,
                "align": "left" if column.is_text else "right",
                "top": 1 if bold else 0,
            }
        )
        for column in columns
    ]


def _number_format(column: Column, currency: str) -> str:
    decimals = f".{'0' * column.digits}" if column.digits else ""
    return {
        "text": "@",
        "money": f"[${currency}] #,##0{decimals}",
        "share": f"0{decimals}%",
        "date": "yyyy-mm-dd",
        "datetime": "yyyy-mm-dd hh:mm",
        "count": "#,##0",
    }.get(column.kind, f"#,##0{decimals}")


def _write_row(sheet: Worksheet, number: int, row: Sequence[Cell], formats: Sequence[Any]) -> None:
    for position, (cell, style) in enumerate(zip(row, formats, strict=True)):
        if cell is None:
            sheet.write_string(number, position, UNMEASURED, style)
        elif isinstance(cell, str):
            sheet.write_string(number, position, cell, style)
        elif isinstance(cell, date):
            sheet.write_datetime(number, position, cell, style)
        else:
            sheet.write_number(number, position, float(cell), style)


def _width(report: Report, position: int) -> float:
    column = report.columns[position]
    rows = (*report.rows, *([report.total] if report.total else []))
    longest = max((len(shown(row[position], column)) for row in rows), default=0)
    money = len(report.currency) + 1 if column.kind == "money" else 0
    return min(max(longest + money + 2, 10), 50)


def _about(book: Workbook, report: Report, bold: Any) -> None:
    sheet = book.add_worksheet("About")
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 90)
    lines = [("report", report.title), *((fact.name, fact.text) for fact in report.facts)]
    lines += [("note", note) for note in report.notes]
    lines += [(heading(c), c.formula) for c in report.columns if c.formula]
    for number, (name, text) in enumerate(lines):
        sheet.write_string(number, 0, name, bold)
        sheet.write_string(number, 1, text)
