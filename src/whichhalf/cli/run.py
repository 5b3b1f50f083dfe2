"""`whichhalf run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whichhalf.cli.lake import compact_for_a_while
from whichhalf.cli.printing import NO_SOURCES, say, step_line, summary_of
from whichhalf.errors import BadDataError, UsageError, nearest
from whichhalf.project import Project, open_project

if TYPE_CHECKING:
    from whichhalf.pipeline import StepResult


@click.command()
@click.option("--no-load", is_flag=True, help="Do not look for new files.")
@click.option("--full", is_flag=True, help="Recompute everything, stale or not.")
@click.option("--until", metavar="STEP", help="Stop after this step.")
@click.option("--wait", type=click.FloatRange(min=0), default=600.0,
              show_default=True, help="Seconds to wait for another run.")  # fmt: skip
@click.pass_obj
def run(obj: dict[str, Path], no_load: bool, full: bool, until: str | None, wait: float) -> None:
    """Load new files, then recompute what is stale and nothing else.

    \b
    whichhalf run                           the whole way
    whichhalf run --until session_parts     up to a step
    """
    from whichhalf.collect.load import load_sources
    from whichhalf.steps import STEPS

    known = [step.name for step in STEPS]
    if until and until not in known:
        raise UsageError(f"No step {until!r}.{nearest(until, known)} Steps: {', '.join(known)}.")
    project = open_project(obj["folder"])
    refused: BadDataError | None = None
    with project.lock(wait):
        if not (no_load or project.config.sources):
            say(NO_SOURCES)
        elif not no_load:
            try:
                load_sources(project, told=lambda loaded: say(summary_of(loaded)))
            except BadDataError as error:  # what was loaded is computed all the same
                refused = error
        results = _run_healing(project, full=full, until=until)
        if line := compact_for_a_while(project):
            say(line)
    stale = sum(not result.is_fresh for result in results)
    say(f"{stale} of {len(results)} steps were stale. See: whichhalf report campaigns")
    if refused:
        raise refused


def _run_healing(project: Project, *, full: bool, until: str | None) -> list[StepResult]:
    """Run the steps; where a derived file cannot be read, take it out and run again."""
    from whichhalf import pipeline
    from whichhalf.lake import damage

    seen: set[str] = set()
    while True:
        try:
            return pipeline.run(
                project, full=full, until=until, told=lambda result: say(step_line(result))
            )
        except damage.DamagedFile as found:
            if not found.is_derived or found.path in seen:
                raise
            seen.add(found.path)
            say(f"{found}\nIt is computed anew.")
            damage.drop(project.lake, [found])
