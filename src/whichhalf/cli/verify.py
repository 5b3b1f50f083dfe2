"""`whichhalf verify`."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whichhalf.cli.printing import say
from whichhalf.project import open_project
from whichhalf.tables import table

if TYPE_CHECKING:
    from whichhalf.verify import Compared, Verified

_DEFAULT_PERCENT = 10.0


@click.command()
@click.option("--sample", type=click.FloatRange(0, 100, min_open=True), is_flag=False,
              flag_value=_DEFAULT_PERCENT, metavar="[PERCENT]",
              help=f"Only PERCENT of the days; {_DEFAULT_PERCENT:.0f} if not given.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True,
              help="--sample: which days are drawn.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True,
              help="At most so many differing rows of each table.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table",
              show_default=True, help="table, csv (a line a differing row) or json.")  # fmt: skip
@click.pass_obj
def verify(
    obj: dict[str, Path], sample: float | None, seed: int, limit: int, form: str
) -> int | None:
    """Rebuild every table from the inputs, beside the live ones, and compare row for row.

    Exit code 0: equal. 1: rows differ; they are shown.

    \b
    whichhalf verify                        everything
    whichhalf verify --sample 5 --seed 7    5 % of the days; docs/verify.md: what that can miss
    whichhalf verify --format json          for a machine
    """
    from whichhalf.verify import verify as compare

    found = compare(open_project(obj["folder"]), sample_percent=sample, seed=seed, limit=limit)
    _FORMATS[form](found)
    for note in found.notes:
        say(note)
    if found.days is not None:
        say(_sampled(found, seed))
    if found.is_clean:
        say("Clean: what is stored is what a rebuild gives.")
        return None
    names = ", ".join(compared.table for compared in found.tables if not compared.is_equal)
    say(f"Rows differ in {names}. Write them anew from the inputs: whichhalf run --full")
    return 1


def _sampled(found: Verified, seed: int) -> str:
    days = found.days or ()
    shown = ", ".join(day.isoformat() for day in days)
    return f"Of the tables by day, {len(days)} days were drawn by seed {seed}: {shown}"


def _table(found: Verified) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table("table", "rows", "rebuilt", "only live", "only rebuilt", "")
    for one in found.tables:
        counts = (one.live_rows, one.rebuilt_rows, one.only_live, one.only_rebuilt)
        word = "equal" if one.is_equal else "differs"
        shown.add_row(one.table, *(f"{count:,}" for count in counts), word)
    Console().print(shown)
    for one in found.tables:
        for line in _lines(one):
            click.echo(line)


def _lines(one: Compared) -> list[str]:
    """The differing rows of a table, by key: what only one side has, or the columns that differ."""
    from whichhalf.verify import by_key

    lines = []
    for key, rows in by_key(table(one.table), one.differing):
        head = f"{one.table} " + " ".join(f"{name}={_plain(key[name])}" for name in key)
        sides = [row["side"] for row in rows]
        if sorted(sides) != ["live", "rebuilt"]:
            lines.append(f"{head}: only {' and '.join(sides)}")
            continue
        live, rebuilt = sorted(rows, key=lambda row: str(row["side"]))
        lines += [
            f"{head}: {name} is {_plain(live[name])} live, {_plain(rebuilt[name])} rebuilt"
            for name in live
            if name not in ("side", *key) and live[name] != rebuilt[name]
        ]
    return lines


def _csv(found: Verified) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["table", "side", "row"])
    for one in found.tables:
        for row in one.differing:
            rest = {name: value for name, value in row.items() if name != "side"}
            writer.writerow([one.table, row["side"], _json_text(rest)])


def _json(found: Verified) -> None:
    told = {
        "is_clean": found.is_clean,
        "days": found.days,
        "tables": [
            {
                "table": one.table,
                "is_equal": one.is_equal,
                "live_rows": one.live_rows,
                "rebuilt_rows": one.rebuilt_rows,
                "only_live": one.only_live,
                "only_rebuilt": one.only_rebuilt,
                "differing": one.differing,
            }
            for one in found.tables
        ],
        "notes": found.notes,
    }
    click.echo(_json_text(told))


def _json_text(value: Any) -> str:
    import orjson

    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC).decode()


def _plain(value: object) -> str:
    """A value on one line, without what a terminal would obey."""
    text = "null" if value is None else str(value)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


_FORMATS = {"table": _table, "csv": _csv, "json": _json}
