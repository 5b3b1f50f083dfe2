"""`whichhalf audit`."""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichhalf.cli.as_of import as_of_option, opened
from whichhalf.cli.printing import say

if TYPE_CHECKING:
    from whichhalf.report.audit import Audit

_DAY = click.DateTime(["%Y-%m-%d"])
_HALF_A_CENT = 0.005


@click.command()
@click.option("--start", type=_DAY, metavar="DATE", help="First day; default: the first with data.")
@click.option("--end", type=_DAY, metavar="DATE",
              help="Last day, inclusive; default: the last with data.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table",
              show_default=True, help="table, csv (a line a check) or json.")  # fmt: skip
@as_of_option
@click.pass_obj
def audit(
    obj: dict[str, Path], start: datetime | None, end: datetime | None, form: str
) -> int | None:
    """Reconcile the reports with the raw rows, and platforms' claims with ours.

    Exit code 0: every reconciliation is equal. 1: one differs.

    \b
    whichhalf audit                                          everything
    whichhalf audit --start 2026-07-01 --end 2026-07-31      a month
    whichhalf audit --format csv                             a line a check
    """
    from whichhalf.report.audit import audit as reconcile

    first, last = (day.date() if day else None for day in (start, end))
    found = reconcile(opened(obj), first, last)
    _FORMATS[form](found)
    if found.is_clean:
        say("Every reconciliation is equal.")
        return None
    say(f"{len(found.differing)} of them differ: whichhalf verify names the rows.")
    return 1


def _table(found: Audit) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    group = None
    shown = Table("", "left", "right", "difference", "", "")
    for line in found.lines:
        if line.group != group:
            group = line.group
            shown.add_section()
            shown.add_row(Text(group, style="bold"))
        cells = (_plain(value) for value in (line.left, line.right, line.difference))
        words = (line.what, *cells, line.state, line.sentence)
        shown.add_row(*(Text(word) for word in words))
    Console(width=None if sys.stdout.isatty() else 180).print(shown)


def _plain(value: object) -> str:
    """A value for people: "–" was never measured."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal | float):
        is_small = 0 < abs(float(value)) < _HALF_A_CENT
        return f"{value:,.6f}" if is_small else f"{value:,.2f}"
    return str(value)


def _csv(found: Audit) -> None:
    records = [line.record() for line in found.lines]
    writer = csv.DictWriter(sys.stdout, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)


def _json(found: Audit) -> None:
    import orjson

    told = {"is_clean": found.is_clean, "lines": [line.record() for line in found.lines]}
    options = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC
    click.echo(orjson.dumps(told, default=str, option=options).decode())


_FORMATS = {"table": _table, "csv": _csv, "json": _json}
