"""`whichhalf demo`: a simulated business, measured from its files to the campaign report."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from whichhalf.cli.printing import say
from whichhalf.errors import UsageError, WhichhalfError, nearest

if TYPE_CHECKING:
    from whichhalf.project import Project
    from whichhalf.world.config import WorldConfig

NEXT = """\
Next, the same by network:             {whichhalf} -C {folder} report campaigns --by network
      how near this is to the truth:   {whichhalf} -C {folder} world score --truth {folder}/truth
      your own data:                   {whichhalf} init shop    (docs/getting-started.md)"""

Told = Callable[[str], None]


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True,
              help="Project folder to make.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same world.")
@click.option("--preset", default="demo", show_default=True, help="tiny, demo, large or huge.")
def demo(folder: Path, seed: int, preset: str) -> None:
    """Simulate a small world, run the whole way, show the campaign report.

    \b
    whichhalf demo
    whichhalf demo --seed 2 --folder demo2
    """
    from whichhalf.cli.report import show
    from whichhalf.project import open_project
    from whichhalf.report import Query, report_project
    from whichhalf.world.config import PRESETS

    if preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise UsageError(f"No preset {preset!r}.{nearest(preset, PRESETS)} Presets: {known}.")
    world = PRESETS[preset]
    _make(folder, world, seed)
    project = open_project(folder)
    with project.lock():
        with timed("loaded its files") as told:
            _load(project, told)
        with timed("stitched, sessionized, attributed") as told:
            _run(project, told)
    last = world.start_on + timedelta(days=world.days - 1)
    with timed("made the report"):
        report = report_project(project, "campaigns", Query("campaigns", world.start_on, last))
    show(report)
    say(NEXT.format(folder=folder, whichhalf=_program()))


@contextmanager
def timed(what: str) -> Iterator[Told]:
    """Say what was done and how long it took; on a terminal, show what is being done meanwhile."""
    from rich.console import Console

    console = Console(stderr=True)
    began = perf_counter()
    if console.is_terminal:
        with console.status(f"{what} …") as status:
            yield status.update
    else:
        yield lambda _text: None
    say(f"{perf_counter() - began:6.1f} s  {what}")


def _program() -> str:
    """How the person can call whichhalf: by name where the shell finds it."""
    own = Path(sys.argv[0])
    if shutil.which("whichhalf") or own.name != "whichhalf":
        return "whichhalf"
    return os.path.relpath(own)


def _make(folder: Path, world: WorldConfig, seed: int) -> None:
    """Write the world into `folder`, whole or not at all; one that is there already is used."""
    from whichhalf.world import generate

    if _holds(folder, world, seed):
        say(f"{folder} holds this world already. To begin anew: rm -r {folder}")
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WhichhalfError(
            f"{folder} holds something else than the demo world of seed {seed}. Remove it, or name"
            " another folder: whichhalf demo --folder NAME"
        )
    arriving = folder.with_name(f"{folder.name}.arriving")
    shutil.rmtree(arriving, ignore_errors=True)
    with timed(f"simulated {world.users:,} users over {world.days} days"):
        generate(world, seed, arriving)
    arriving.replace(folder)


def _holds(folder: Path, world: WorldConfig, seed: int) -> bool:
    """Whether a folder holds this very world, by its ledger."""
    try:
        totals = json.loads((folder / "truth" / "totals.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    config = json.loads(json.dumps(asdict(world), default=str))
    return (totals.get("seed"), totals.get("config")) == (seed, config)


def _load(project: Project, told: Told) -> None:
    from whichhalf.collect.load import load_sources

    loaded = load_sources(project, told=lambda one: told(f"loaded {one.source} …"))
    lines, aside = sum(one.lines for one in loaded), sum(one.quarantined.total() for one in loaded)
    if lines:
        say(f"{lines:,} lines read; {aside:,} set aside, with reasons: whichhalf quarantine list")


def _run(project: Project, told: Told) -> None:
    from whichhalf import pipeline

    pipeline.run(project, told=lambda result: told(f"{result.step} …"))
