"""Ways of showing a report: each a function of the report alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from whichhalf.errors import UsageError, nearest
from whichhalf.report.formats.delimited import to_csv
from whichhalf.report.formats.machine import to_json, to_parquet
from whichhalf.report.formats.slack import to_slack
from whichhalf.report.formats.terminal import to_table
from whichhalf.report.formats.workbook import to_xlsx
from whichhalf.report.result import Report

FORMATS: Mapping[str, Callable[[Report], bytes]] = {
    "table": to_table,
    "csv": to_csv,
    "json": to_json,
    "xlsx": to_xlsx,
    "slack-json": to_slack,
    "parquet": to_parquet,
}
# Formats that are no text: they go to a file, not to a terminal.
BINARY = frozenset({"xlsx", "parquet"})


def render(report: Report, name: str, *, width: int = 0, color: bool = False) -> bytes:
    """A report in one of FORMATS. width, color: of the terminal, for format table only."""
    if name not in FORMATS:
        raise UsageError(
            f"There is no format {name!r}.{nearest(name, FORMATS)} Formats: {', '.join(FORMATS)}."
        )
    return to_table(report, width, color=color) if name == "table" else FORMATS[name](report)


__all__ = ["BINARY", "FORMATS", "render"]
