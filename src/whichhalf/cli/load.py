"""`whichhalf load`: all sources of the project, some of them, or files of one table."""

from __future__ import annotations

from pathlib import Path

import click

from whichhalf.cli.printing import NO_SOURCES, say, summary_of
from whichhalf.project import open_project
from whichhalf.tables import loadable


@click.command()
@click.argument("table", required=False)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--source", "sources", multiple=True, help="Only this source of whichhalf.toml.")
@click.pass_obj
def load(
    obj: dict[str, Path], table: str | None, files: tuple[Path, ...], sources: tuple[str]
) -> None:
    """Load files into input tables.

    \b
    whichhalf load                          every new or changed file that whichhalf.toml names
    whichhalf load --source web             one source
    whichhalf load payments march.csv       files with the columns of a table (docs/tables.md)
    """
    from whichhalf.collect import load as loading

    if table and sources:
        raise click.UsageError("Either TABLE and its files, or --source: not both.")
    if table and not files:
        loadable(table)
        raise click.UsageError(f"Name the files of {table}: whichhalf load {table} FILE…")
    if table:
        loadable(table)
    project = open_project(obj["folder"])
    with project.lock():
        if table:
            told = loading.load_table(project, table, files)
            say(summary_of(told))
            loading.raise_refused([told])
        elif not project.config.sources:
            say(NO_SOURCES)
        else:
            loading.load_sources(project, sources, told=lambda loaded: say(summary_of(loaded)))
