"""`whichhalf init` and `whichhalf config`."""

from __future__ import annotations

from pathlib import Path

import click

from whichhalf.cli.printing import say
from whichhalf.project import open_project


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a project folder with a commented whichhalf.toml.

    \b
    whichhalf init shop && cd shop
    """
    from whichhalf.starter import make

    make(folder)
    say(
        f"Made {folder}. Next: cd {folder}, name your files in whichhalf.toml, then `whichhalf run`"
        " and `whichhalf report campaigns`."
    )


@click.group()
def config() -> None:
    """Settings, and where each comes from."""


@config.command()
@click.option("--origin", is_flag=True, help="Also say where each value comes from.")
@click.pass_obj
def show(obj: dict[str, Path], origin: bool) -> None:
    """Print every setting with its value.

    \b
    whichhalf config show --origin
    """
    settings = open_project(obj["folder"]).config
    secrets = {"collect.visitor_salt", "project.control"}
    for key, where in settings.origins.items():
        value = settings.value(key)
        shown = "(set)" if key in secrets and value else value
        click.echo(f"{key} = {shown!r}" + (f"    # {where}" if origin else ""))
    for source in settings.sources:
        click.echo(f"source {source.name!r}: {source.kind} {', '.join(source.files)}")
