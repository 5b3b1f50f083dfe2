"""`whichhalf report`."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import click

from whichhalf.cli.as_of import as_of_option, opened
from whichhalf.cli.printing import say
from whichhalf.config import time_zone
from whichhalf.errors import UsageError, WhichhalfError, nearest
from whichhalf.project import Project
from whichhalf.report import (
    BASES,
    BINARY,
    DIMENSIONS,
    FORMATS,
    MODELS,
    Query,
    Report,
    parse_days,
    registry,
    render,
)

_DAY = click.DateTime(["%Y-%m-%d"])
_SUFFIXES = {".csv": "csv", ".json": "json", ".xlsx": "xlsx", ".parquet": "parquet"}
_PARTS = "; ".join(f"{name}: {', '.join(DIMENSIONS[name])}" for name in registry.REPORTS)

# UTC days that hold sessions, conversions or spend.
_COVERED = """
    select min(first_on) as first_on, max(last_on) as last_on from (
        select min(day) as first_on, max(day) as last_on from session_parts
        union all select min(day), max(day) from conversions
        union all select min(cost_on), max(cost_on) from cost_days
    ) as covered
"""


@click.command()
@click.argument("name", metavar="|".join(registry.REPORTS))
@click.option("--start", type=_DAY, metavar="DATE", help="First day; default: the first with data.")
@click.option(
    "--end", type=_DAY, metavar="DATE", help="Last day, inclusive; default: the last with data."
)
@click.option(
    "--window",
    default="7d",
    show_default=True,
    metavar="LENGTH",
    help="Basis acquisition: how long after acquisition counts, like 7d or 2w.",
)
@click.option(
    "--model",
    default="last_paid",
    show_default=True,
    metavar="MODEL",
    help=f"Who gets the credit: {', '.join(MODELS)}.",
)
@click.option(
    "--basis",
    default="acquisition",
    show_default=True,
    metavar="BASIS",
    help="; ".join(f"{basis}: {about}" for basis, about in BASES.items()) + ".",
)
@click.option(
    "--by",
    default="",
    metavar="PART",
    help=f"What a row is. {_PARTS}. Default: the first."
    " Also a column of a look-up; company, or a trait of it.",
)
@click.option(
    "--age",
    default="14d",
    show_default=True,
    metavar="LENGTH",
    help="Report returns: age of the campaigns.",
)
@click.option(
    "--on",
    type=_DAY,
    metavar="DATE",
    help="Report returns: day on which the campaigns have that age.",
)
@click.option("--every-older", is_flag=True, help="Report returns: older campaigns, too.")
@click.option(
    "--question",
    default="",
    metavar="TEXT",
    help="Report self-reported: the question, where surveys asked several.",
)
@click.option(
    "--kind",
    default="signup",
    show_default=True,
    metavar="KIND",
    help="Report models: kind of conversion, like signup, purchase or install.",
)
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    help=f"{', '.join(FORMATS)}; default: table, or what the name of FILE says.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to write; default: stdout.",
)
@as_of_option
@click.pass_obj
def report(
    obj: dict[str, Path], /, name: str, form: str | None, output: Path | None, **asked: Any
) -> None:
    """Show a report: on the screen, as a file, or as a message for Slack.

    \b
    whichhalf report campaigns --start 2026-07-01 --end 2026-07-31 --window 7d
    whichhalf report campaigns --by network --basis event --format json
    whichhalf report campaigns -o july.xlsx
    """
    form = form or _SUFFIXES.get(output.suffix.lower() if output else "", "table")
    _check(name, form, output)
    project = opened(obj)
    told = registry.report_project(project, name, _query(project, name, asked))
    if output:
        _write(output, render(told, form))
    else:
        show(told, form)


def show(told: Report, form: str = "table") -> None:
    """Print a report to stdout, as wide as the terminal is."""
    is_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else 0
    color = is_terminal and "NO_COLOR" not in os.environ
    click.echo(render(told, form, width=width, color=color), nl=False)


def _check(name: str, form: str, output: Path | None) -> None:
    """Refuse what cannot be before the project is opened."""
    if name not in registry.REPORTS:
        known = ", ".join(registry.REPORTS)
        raise UsageError(f"No report {name!r}.{nearest(name, registry.REPORTS)} Reports: {known}.")
    if form not in FORMATS:
        raise UsageError(
            f"No format {form!r}.{nearest(form, FORMATS)} Formats: {', '.join(FORMATS)}."
        )
    if form in BINARY and output is None:
        raise UsageError(f"{form} is no text. Name a file: -o {name}.{form}")


def _query(project: Project, name: str, asked: dict[str, Any]) -> Query:
    start, end, on = (asked[key].date() if asked[key] else None for key in ("start", "end", "on"))
    if name != "returns" and not (start and end):
        first, last = covered_days(project)
        start, end = start or first, end or last
    return Query(
        name,
        start=start,
        end=end,
        window_days=parse_days(asked["window"]),
        model=asked["model"],
        basis=asked["basis"],
        by=asked["by"],
        age_days=parse_days(asked["age"]),
        on=on,
        every_older=asked["every_older"],
        question=asked["question"],
        kind=asked["kind"],
    )


def covered_days(project: Project) -> tuple[date, date]:
    """First and last day, in [report] time_zone, that hold sessions, conversions or spend."""
    with project.engine() as engine:
        project.expose_read(engine, ["session_parts", "conversions", "cost_days"])
        found = engine.table(_COVERED).to_pylist()[0]
    if found["first_on"] is None:
        raise WhichhalfError(
            "There is nothing to report: no sessions, conversions or spend. Name your files in"
            " whichhalf.toml, then `whichhalf run`."
        )
    zone = time_zone(project.config.report.time_zone, "report.time_zone")
    first, last = (
        datetime.combine(found[key], clock, UTC).astimezone(zone).date()
        for key, clock in (("first_on", time.min), ("last_on", time.max))
    )
    return first, last


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WhichhalfError(f"Cannot write {path}: {error.strerror}. Name another file.") from None
    say(f"Wrote {path}.")
