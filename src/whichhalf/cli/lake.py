"""`whichhalf lake`: versions, compaction, vacuum."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichhalf.cli.printing import say
from whichhalf.errors import WhichhalfError
from whichhalf.project import Project, open_project
from whichhalf.tables import TABLES, Kind, Table, table

if TYPE_CHECKING:
    from whichhalf.lake.upkeep import Compacted


@click.group()
def lake() -> None:
    """The tables as files: versions, small files into one, room made."""


@lake.command()
@click.argument("table_name", metavar="[TABLE]", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True,
              help="At most so many, the newest first.")  # fmt: skip
@click.pass_obj
def history(obj: dict[str, Path], table_name: str | None, limit: int) -> None:
    """Show the snapshots that runs published, or the versions of a table.

    \b
    whichhalf lake history                  when each run was published, and what it changed
    whichhalf lake history events           every commit of a table, and the snapshots that show it
    """
    project = open_project(obj["folder"])
    if table_name:
        _versions(project, _stored(table_name), limit)
    else:
        _snapshots(project, limit)


@lake.command()
@click.argument("names", metavar="[TABLE]…", nargs=-1)
@click.pass_obj
def compact(obj: dict[str, Path], names: tuple[str, ...]) -> None:
    """Write the small files of a day into one. No row changes, and nothing becomes stale.

    `whichhalf run` does so at its end for a few seconds: [lake] compact_seconds.

    \b
    whichhalf lake compact                  every table
    whichhalf lake compact events           one
    """
    project = open_project(obj["folder"])
    chosen = [_stored(name) for name in names] or _all_stored()
    with project.lock():
        done = project.compact(chosen)
    say(compacted_line(done) or "There is nothing to compact.")


def compact_for_a_while(project: Project) -> str:
    """What `whichhalf run` does at its end; the line that tells it, "" for nothing."""
    settings = project.config.lake
    if not settings.compact_seconds:
        return ""
    done = project.compact(
        _all_stored(), at_least=settings.compact_files, seconds=settings.compact_seconds
    )
    return compacted_line(done)


def compacted_line(done: list[Compacted]) -> str:
    """One line for what was compacted; "" for nothing."""
    rewritten = [one for one in done if one.days]
    left = sum(one.left for one in done)
    if not (rewritten or left):
        return ""
    before, after = (sum(getattr(one, key) for one in rewritten) for key in ("before", "after"))
    names = ", ".join(one.table for one in rewritten)
    line = f"Compacted {before:,} small files into {after:,}: {names}" if rewritten else ""
    rest = f"{left:,} days are left for the next run, or `whichhalf lake compact`" if left else ""
    return ". ".join(filter(None, (line, rest)))


@lake.command()
@click.option("--keep-days", type=click.IntRange(min=0), metavar="DAYS",
              help="Days for which `--as-of` keeps its answers; [lake] keep_days.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_obj
def vacuum(obj: dict[str, Path], keep_days: int | None, dry_run: bool) -> None:
    """Delete the files that no snapshot of the kept days needs, and what killed runs left.

    The newest snapshot always stays, with the one that was in force when the kept days began.

    \b
    whichhalf lake vacuum --dry-run         how much would go
    whichhalf lake vacuum --keep-days 7
    """
    project = open_project(obj["folder"])
    if keep_days is not None:
        kept = replace(project.config.lake, keep_days=keep_days)
        project.config = replace(project.config, lake=kept)
    with project.lock():
        dropped, gone = project.vacuum(dry_run=dry_run)
    word = "would go" if dry_run else "deleted"
    files, size = sum(one.files for one in gone), sum(one.size for one in gone)
    for one in gone:
        if one.files or one.versions:
            say(f"{one.table}: {one.files:,} files, {one.versions:,} old versions of the log")
    say(f"{dropped:,} snapshots and {files:,} files, {size / 2**20:,.1f} MiB: {word}.")


@lake.command()
@click.option("--drop-damaged", is_flag=True,
              help="Take them out; `whichhalf run` makes or reads their rows again.")  # fmt: skip
@click.pass_obj
def repair(obj: dict[str, Path], drop_damaged: bool) -> int | None:
    """Read every file of every table, and name those that cannot be read.

    Exit code 0: all can. 1: some cannot, and were left.

    \b
    whichhalf lake repair                   look
    whichhalf lake repair --drop-damaged    and take them out
    """
    from whichhalf.lake import damage

    project = open_project(obj["folder"])
    with project.lock():
        found = damage.find(project.lake, _all_stored())
        for one in found:
            say(str(one))
        if found and drop_damaged:
            damage.drop(project.lake, found)
            if not all(one.is_derived for one in found):
                project.control.forget_loaded()
    if found and not drop_damaged:
        return 1
    say(f"{len(found)} files were taken out. Next: whichhalf run" if found else "All can be read.")
    return None


def _versions(project: Project, stored: Table, limit: int) -> None:
    from whichhalf.lake.history import history as versions

    delta = project.lake.open(stored)
    if delta is None:
        raise WhichhalfError(f"{stored.name} was never written. First: whichhalf run")
    shown_by: dict[int, list[int]] = {}
    for snapshot in project.snapshots.all():
        if stored.name in snapshot.versions:
            shown_by.setdefault(snapshot.versions[stored.name], []).append(snapshot.number)
    rows = [
        (
            str(entry.version),
            _time(entry.committed_at),
            entry.operation.lower(),
            _span(entry.days),
            "–" if entry.rows_added is None else f"{entry.rows_added:,}",
            f"+{entry.files_added:,} −{entry.files_removed:,}",
            _span([str(number) for number in shown_by.get(entry.version, [])]),
        )
        for entry in versions(project.lake.place(stored), delta, limit)
    ]
    heads = ("version", "committed (UTC)", "operation", "days", "rows", "files", "snapshots")
    _print(heads, rows)


def _snapshots(project: Project, limit: int) -> None:
    kept = project.snapshots.all()
    if not kept:
        raise WhichhalfError("There is no snapshot: no run ended well yet. First: whichhalf run")
    rows = []
    for before, one in zip([None, *kept], kept, strict=False):
        old = before.versions if before else {}
        changed = [name for name, version in one.versions.items() if old.get(name) != version]
        tables = ", ".join(changed) if before else f"{len(changed)} tables"
        rows.append((str(one.number), _time(one.published_at), tables))
    _print(("snapshot", "published (UTC)", "tables that changed"), rows[::-1][:limit])


def _print(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table as Shown

    shown = Shown(*heads)
    for row in rows:
        shown.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 180).print(shown)


def _time(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _span(items: tuple[str, ...] | list[str]) -> str:
    """Days or numbers in order, the ends of many."""
    if len(items) <= 2:
        return ", ".join(items)
    return f"{items[0]} to {items[-1]} ({len(items)})"


def _stored(name: str) -> Table:
    """A table that has files. WhichhalfError for a view."""
    found = table(name)
    if found.kind is Kind.VIEW:
        raise WhichhalfError(f"{name} is a view: it has no files. It is computed when it is read.")
    return found


def _all_stored() -> list[Table]:
    return [one for one in TABLES.values() if one.kind is not Kind.VIEW]
