"""`whichhalf load`: all sources of the project, some of them, or files of one table."""

from __future__ import annotations

from pathlib import Path

import click

from whichhalf.cli.printing import NO_SOURCES, say, summary_of
from whichhalf.project import Project, open_project
from whichhalf.tables import loadable
from whichhalf.tables.dimensions import DIMENSIONS, dimension_named

LOOK_UP = ("lookup", "lookups")


@click.command()
@click.argument("table", required=False)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--source", "sources", multiple=True, help="Only this source of whichhalf.toml.")
@click.option("--in-place", is_flag=True, help="Parquet files: link them into the lake, unread.")
@click.option("--on", metavar="DIMENSION", default="", help="lookup: what its keys are values of.")
@click.option("--name", metavar="NAME", default="", help="lookup: its name; else DIMENSION.")
@click.option("--key", metavar="COLUMN", default="", help="lookup: column that holds the keys.")
@click.pass_obj
def load(
    obj: dict[str, Path],
    /,
    table: str | None,
    files: tuple[Path, ...],
    sources: tuple[str],
    in_place: bool,
    **look_up: str,
) -> None:
    """Load files into input tables.

    \b
    whichhalf load                          every new or changed file that whichhalf.toml names
    whichhalf load --source web             one source
    whichhalf load payments march.csv       files with the columns of a table (docs/tables.md)
    whichhalf load events 2026/*.parquet --in-place
                                            files of one day each, in the columns of the table
    whichhalf load lookup authors.csv --on blog_url
                                            columns of your own, as dimensions of reports
    """
    if table in LOOK_UP or any(look_up.values()):
        _load_lookup(open_project(obj["folder"]), table, files, sources, look_up)
        return
    if table and sources:
        raise click.UsageError("Either TABLE and its files, or --source: not both.")
    if in_place and not table:
        raise click.UsageError("Name a table: whichhalf load TABLE FILE… --in-place")
    if table:
        loadable(table)
        if not files:
            raise click.UsageError(f"Name the files of {table}: whichhalf load {table} FILE…")
    project = open_project(obj["folder"])
    with project.lock():
        if table:
            _load_table(project, table, files, in_place=in_place)
        else:
            _load_sources(project, sources)


def _load_table(project: Project, table: str, files: tuple[Path, ...], *, in_place: bool) -> None:
    from whichhalf.collect import load as loading
    from whichhalf.collect.in_place import load_in_place

    told = (load_in_place if in_place else loading.load_table)(project, table, files)
    say(summary_of(told))
    loading.raise_refused([told])


def _load_sources(project: Project, sources: tuple[str]) -> None:
    from whichhalf.collect import load as loading

    if not project.config.sources:
        say(NO_SOURCES)
    else:
        loading.load_sources(project, sources, told=lambda loaded: say(summary_of(loaded)))


def _load_lookup(
    project: Project,
    table: str | None,
    files: tuple[Path, ...],
    sources: tuple[str],
    look_up: dict[str, str],
) -> None:
    from whichhalf.collect import load as loading

    if table not in LOOK_UP or sources:
        raise click.UsageError("--on, --name and --key go with `whichhalf load lookup FILE…`.")
    if not look_up["on"]:
        known = ", ".join(DIMENSIONS)
        raise click.UsageError(
            f"Say what the keys of the look-up are values of: --on DIMENSION. One of: {known}."
        )
    dimension_named(look_up["on"])
    if not files:
        raise click.UsageError(f"Name the file: whichhalf load lookup FILE --on {look_up['on']}")
    with project.lock():
        told = loading.load_lookup(project, files=files, **look_up)
        say(summary_of(told))
        loading.raise_refused([told])
