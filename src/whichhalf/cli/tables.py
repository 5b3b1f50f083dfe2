"""`whichhalf dump` and `whichhalf sql`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from whichhalf.cli.as_of import as_of_option, opened
from whichhalf.errors import WhichhalfError
from whichhalf.project import open_project

FORMATS = ["csv", "json", "parquet", "xlsx"]
DIALECTS = ["duckdb", "spark", "postgres", "redshift"]


@click.command()
@click.argument("table")
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="csv, json (a line a row), parquet, xlsx. Default: by -o's ending, else csv."
              )  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File; default: stdout.")
@as_of_option
@click.pass_obj
def dump(obj: dict[str, Path], table: str, form: str | None, output: Path | None) -> None:
    """Write a table or view out, ordered by its grain, as of the last good run.

    \b
    whichhalf dump signups > signups.csv
    whichhalf dump credits -o credits.parquet
    whichhalf dump conversions --format xlsx -o conversions.xlsx
    """
    from whichhalf.dump import write

    if form is None:
        ending = output.suffix.lstrip(".") if output else ""
        form = ending if ending in FORMATS else "csv"
    if form == "xlsx" and output is None:
        raise click.UsageError(f"xlsx goes to a file: add -o {table}.xlsx")
    rows = opened(obj).table(table).arrow()
    if output:
        try:
            with output.open("wb") as file:
                write(rows, form, file)
        except OSError as error:
            raise WhichhalfError(f"{output}: cannot be written: {error.strerror}.") from None
    else:
        write(rows, form, sys.stdout.buffer)


@click.command()
@click.argument("table")
@click.option("--engine", "dialect", type=click.Choice(DIALECTS), default="duckdb",
              show_default=True, help="Dialect.")  # fmt: skip
@click.pass_obj
def sql(obj: dict[str, Path], table: str, dialect: str) -> None:
    """Print the SELECT that computes a table, with this project's settings, for an engine.

    \b
    whichhalf sql session_parts --engine spark
    """
    from whichhalf.rendered import rendered

    click.echo(rendered(open_project(obj["folder"]).config, table, dialect))
