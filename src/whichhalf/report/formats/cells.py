"""A cell as text: for people, with separators and "–"; for machines, exact and empty."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from whichhalf.report.result import Cell, Column

UNMEASURED = "–"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def shown(cell: Cell, column: Column) -> str:
    """For people: 1,234.50; 12.30%; "–" where never measured; "~" before an estimate."""
    if cell is None:
        return UNMEASURED
    mark = "~" if column.is_estimate else ""
    if isinstance(cell, datetime):
        return f"{mark}{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, str | date):
        return f"{mark}{cell}"
    if column.kind == "share":
        return f"{mark}{cell:.{column.digits}%}"
    # Credit that touches share leaves fractions of people: two digits then, whatever the column.
    fraction = column.kind == "count" and cell != int(cell)
    return f"{mark}{cell:,.{2 if fraction else column.digits}f}"


def heading(column: Column) -> str:
    """Heading for people; an estimate says so."""
    return f"{column.heading} (estimate)" if column.is_estimate else column.heading


def exact(cell: Cell) -> str:
    """For machines: full digits, ISO times, empty where never measured."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return plain_decimal(cell)
    if isinstance(cell, date):  # a datetime is one too
        return cell.isoformat()
    return str(cell)


def plain_decimal(value: Decimal) -> str:
    """Without exponent, with at least two decimals, without zeros that say nothing."""
    whole, _, digits = f"{value:f}".partition(".")
    return f"{whole}.{digits.rstrip('0').ljust(2, '0')}"


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before = + - @ tab return."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
