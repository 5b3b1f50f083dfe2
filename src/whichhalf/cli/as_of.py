"""The option `--as-of` of every command that shows what a run made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from whichhalf.project import Project, open_project

Command = TypeVar("Command", bound=Callable[..., Any])


def as_of_option(command: Command) -> Command:
    """Add the option; `opened` obeys it."""
    return click.option(
        "--as-of",
        metavar="WHEN",
        expose_value=False,
        callback=_kept,
        help="As it was then: a date (its end), or a time like 2026-11-20T09:00, in [report]"
        " time_zone.",
    )(command)


def _kept(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    context.obj = {**context.obj, "as_of": value}


def opened(obj: dict[str, Any]) -> Project:
    """The project, as of the moment that was asked for."""
    return open_project(obj["folder"], obj.get("as_of"))
