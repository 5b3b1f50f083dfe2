"""`whichhalf quarantine`: what was set aside, why, and another try."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whichhalf.cli.printing import say, summary_of
from whichhalf.engines import LOADING
from whichhalf.project import Project, open_project

if TYPE_CHECKING:
    import pyarrow as pa

Command = Callable[..., Any]


@click.group()
def quarantine() -> None:
    """Rows that could not be read truly: list, show, replay, discard."""


def _filters(command: Command) -> Command:
    """The options that choose rows."""
    source = click.option("--source", help="Only rows of this source.")
    return click.option("--reason", help="Only rows with this reason.")(source(command))


@quarantine.command("list")
@click.pass_obj
def list_reasons(obj: dict[str, Path]) -> None:
    """Count the rows by source and reason."""
    from rich.console import Console
    from rich.table import Table

    rows = _chosen(open_project(obj["folder"]), None, None)
    counts = rows.group_by(["source_name", "reason"]).aggregate([([], "count_all")]).sort_by(
        [("source_name", "ascending"), ("reason", "ascending")]
    )  # fmt: skip
    if not rows.num_rows:
        say("Nothing is in quarantine.")
        return
    table = Table("source", "reason", "rows")
    for row in counts.to_pylist():
        table.add_row(row["source_name"], row["reason"], f"{row['count_all']:,}")
    Console().print(table)
    say("See the rows: whichhalf quarantine show. Try again: whichhalf quarantine replay.")


@quarantine.command()
@_filters
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True,
              help="At most so many rows.")  # fmt: skip
@click.pass_obj
def show(obj: dict[str, Path], reason: str | None, source: str | None, limit: int) -> None:
    """Show rows: where they are, what is wrong, and how they read."""
    rows = _chosen(open_project(obj["folder"]), reason, source)
    for row in rows.slice(0, limit).to_pylist():
        click.echo(f"{row['source_name']} {row['file']}:{row['position']} {row['reason']}")
        click.echo(f"  {_plain(row['detail'])}\n  {_plain(row['raw'][:500])}")
    if rows.num_rows > limit:
        say(f"{rows.num_rows - limit:,} more: --limit, or whichhalf dump quarantine.")


@quarantine.command()
@_filters
@click.option("--accept", is_flag=True,
              help="Properties of rows with changed_type may have that type too.")  # fmt: skip
@click.pass_obj
def replay(obj: dict[str, Path], reason: str | None, source: str | None, accept: bool) -> None:
    """Read the rows again; those that are good now leave quarantine.

    \b
    whichhalf quarantine replay --reason no_rate
    whichhalf quarantine replay --reason changed_type --accept
    """
    from whichhalf.collect.replay import replay as replay_rows

    if accept and reason not in (None, "changed_type"):
        raise click.UsageError("--accept is for rows with --reason changed_type.")
    project = open_project(obj["folder"])
    with project.lock():
        _chosen(project, reason, source)
        told = replay_rows(project, reason=reason, source=source, accept=accept)
    told.files = 1
    say(summary_of(told))
    if told.loaded:
        say("Take them in: whichhalf run.")


@quarantine.command()
@_filters
@click.option("--all", "everything", is_flag=True, help="All rows.")
@click.pass_obj
def discard(obj: dict[str, Path], reason: str | None, source: str | None, everything: bool) -> None:
    """Take rows out for good: they are of no use, or came again corrected.

    \b
    whichhalf quarantine discard --reason not_json
    """
    from whichhalf.collect.quarantine import remove

    if not (reason or source or everything):
        raise click.UsageError("Name the rows with --reason or --source, or say --all.")
    project = open_project(obj["folder"])
    with project.lock(), project.engine(LOADING) as engine:
        rows = _chosen(project, reason, source)
        count = remove(project.lake, engine, rows["quarantine_id"].to_pylist())
    say(f"{count:,} rows discarded.")


def _chosen(project: Project, reason: str | None, source: str | None) -> pa.Table:
    """The rows of a reason and a source, in the order of their files.

    UsageError where there is no such reason at all, or no row of such a source.
    """
    import pyarrow.compute as pc

    from whichhalf.collect.reading import REASONS
    from whichhalf.errors import UsageError, nearest

    if reason is not None and reason not in REASONS:
        hint = nearest(reason, REASONS)
        raise UsageError(f"No reason {reason!r}.{hint} Reasons: {', '.join(REASONS)}.")
    rows = project.newest("quarantine")
    names = {*rows["source_name"].to_pylist(), *(one.name for one in project.config.sources)}
    if source is not None and source not in names:
        hint = nearest(source, names)
        raise UsageError(f"No source {source!r}.{hint} Sources: {', '.join(sorted(names))}.")
    if reason is not None:
        rows = rows.filter(pc.equal(rows["reason"], reason))
    if source is not None:
        rows = rows.filter(pc.equal(rows["source_name"], source))
    return rows.sort_by([(n, "ascending") for n in ("source_name", "file", "position", "reason")])


def _plain(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
