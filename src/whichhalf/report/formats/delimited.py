"""CSV: column names, rows, TOTAL last. Text that a spreadsheet would run is escaped."""

from __future__ import annotations

import csv
import io

from whichhalf.report.formats.cells import exact, harmless
from whichhalf.report.result import Report


def to_csv(report: Report) -> bytes:
    """UTF-8, RFC 4180 quoting, line feeds; empty cells were never measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_estimate(c.name, is_estimate=c.is_estimate) for c in report.columns])
    for row in (*report.rows, *([report.total] if report.total else [])):
        writer.writerow([harmless(cell) if isinstance(cell, str) else exact(cell) for cell in row])
    return text.getvalue().encode()


def _estimate(name: str, *, is_estimate: bool) -> str:
    return f"{name}_estimate" if is_estimate and not name.endswith("_estimate") else name
