"""`whichhalf quarantine`: what was set aside, why, and another try."""

from __future__ import annotations

from pathlib import Path

import click

from whichhalf.cli.printing import say, summary_of
from whichhalf.project import open_project


@click.group()
def quarantine() -> None:
    """Rows that could not be read truly: list, show, replay."""


@quarantine.command("list")
@click.pass_obj
def list_reasons(obj: dict[str, Path]) -> None:
    """Count the rows by source and reason."""
    from rich.console import Console
    from rich.table import Table

    rows = open_project(obj["folder"]).newest("quarantine").select(["source_name", "reason"])
    counts = rows.group_by(["source_name", "reason"]).aggregate([([], "count_all")]).sort_by(
        [("source_name", "ascending"), ("reason", "ascending")]
    )  # fmt: skip
    table = Table("source", "reason", "rows")
    for row in counts.to_pylist():
        table.add_row(row["source_name"], row["reason"], f"{row['count_all']:,}")
    Console().print(table)
    if rows.num_rows:
        say("See the rows: whichhalf quarantine show. Try again: whichhalf quarantine replay.")


@quarantine.command()
@click.option("--reason", help="Only rows with this reason.")
@click.option("--limit", default=20, show_default=True, help="At most so many rows.")
@click.pass_obj
def show(obj: dict[str, Path], reason: str | None, limit: int) -> None:
    """Show rows: where they are, what is wrong, and how they read."""
    rows = open_project(obj["folder"]).newest("quarantine").to_pylist()
    chosen = [row for row in rows if reason in (None, row["reason"])]
    for row in chosen[:limit]:
        click.echo(f"{row['source_name']} {row['file']}:{row['position']} {row['reason']}")
        click.echo(f"  {row['detail']}\n  {row['raw'][:500]}")
    if len(chosen) > limit:
        say(f"{len(chosen) - limit} more: --limit, or whichhalf dump quarantine.")


@quarantine.command()
@click.option("--reason", help="Only rows with this reason.")
@click.option("--source", help="Only rows of this source.")
@click.pass_obj
def replay(obj: dict[str, Path], reason: str | None, source: str | None) -> None:
    """Read the rows again; those that are good now leave quarantine.

    \b
    whichhalf quarantine replay --reason no_rate
    """
    from whichhalf.collect.replay import replay as replay_rows

    project = open_project(obj["folder"])
    with project.lock():
        told = replay_rows(project, reason=reason, source=source)
    told.files = 1
    say(summary_of(told))
    if told.loaded:
        say("Take them in: whichhalf run.")
