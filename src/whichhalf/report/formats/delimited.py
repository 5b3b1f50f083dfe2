"""CSV: column names, rows, TOTAL last. Text that a spreadsheet would run is escaped."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from whichhalf.report.formats.cells import exact, harmless
from whichhalf.report.result import Cell, Report


def to_csv(report: Report) -> bytes:
    """UTF-8, RFC 4180 quoting, line feeds; empty cells were never measured."""
    names = [_estimate(c.name, is_estimate=c.is_estimate) for c in report.columns]
    rows = (*report.rows, *([report.total] if report.total else []))
    return "".join(map(_line, [names, *map(_texts, rows)])).encode()


def _texts(row: Sequence[Cell]) -> list[str]:
    return [harmless(cell) if isinstance(cell, str) else exact(cell) for cell in row]


def _line(texts: Sequence[str]) -> str:
    """One line. Written with the full line end first: only then is a return in a name quoted."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(texts)
    return f"{line.getvalue()[:-2]}\n"


def _estimate(name: str, *, is_estimate: bool) -> str:
    return f"{name}_estimate" if is_estimate and not name.endswith("_estimate") else name
