"""`whichhalf run`."""

from __future__ import annotations

from pathlib import Path

import click

from whichhalf.cli.printing import say, step_line, summary_of
from whichhalf.project import open_project


@click.command()
@click.option("--no-load", is_flag=True, help="Do not look for new files.")
@click.option("--full", is_flag=True, help="Recompute everything, stale or not.")
@click.option("--until", metavar="STEP", help="Stop after this step.")
@click.option("--wait", default=600.0, show_default=True, help="Seconds to wait for another run.")
@click.pass_obj
def run(obj: dict[str, Path], no_load: bool, full: bool, until: str | None, wait: float) -> None:
    """Load new files, then recompute what is stale and nothing else.

    \b
    whichhalf run                           the whole way
    whichhalf run --until session_parts     up to a step
    """
    from whichhalf import pipeline
    from whichhalf.collect.load import load_sources

    project = open_project(obj["folder"])
    with project.lock(wait):
        if not no_load:
            load_sources(project, told=lambda loaded: say(summary_of(loaded)))
        results = pipeline.run(
            project, full=full, until=until, told=lambda result: say(step_line(result))
        )
    stale = sum(not result.is_fresh for result in results)
    say(f"{stale} of {len(results)} steps were stale. See: whichhalf report campaigns")
