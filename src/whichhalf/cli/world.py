"""`whichhalf world`: the simulator, and the score of a project against its truth."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from whichhalf.cli.printing import say
from whichhalf.project import Project, open_project


@click.group()
def world() -> None:
    """Simulate an ad economy with a known truth, and score a project by it."""


@world.command()
@click.option("--config", "config_file", type=click.Path(path_type=Path, exists=True),
              help="TOML of the world (docs/world.md).")  # fmt: skip
@click.option(
    "--preset",
    default="demo",
    show_default=True,
    help="tiny, demo, large, huge; causal: ads persuade.",
)
@click.option("--seed", type=int, required=True, help="Same seed, same bytes.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to make.")
def generate(config_file: Path | None, preset: str, seed: int, out: Path) -> None:
    """Write a world: vendor files, truth/, and a whichhalf.toml that reads them.

    \b
    whichhalf world generate --preset tiny --seed 7 --out shop
    """
    from whichhalf import world as worlds
    from whichhalf.errors import UsageError, nearest
    from whichhalf.world.config import PRESETS, load_world

    if not config_file and preset not in PRESETS:
        raise UsageError(
            f"No preset {preset!r}.{nearest(preset, PRESETS)} Presets: {', '.join(PRESETS)}."
        )
    config = load_world(config_file) if config_file else PRESETS[preset]
    summary = worlds.generate(config, seed, out)
    say(
        f"{out}: {summary.people:,} people, {summary.signups:,} signups, {summary.events:,} events"
        f" in {summary.lines:,} lines, {summary.campaigns:,} campaigns,"
        f" {len(summary.files):,} files"
    )
    say(f"Next: whichhalf -C {out} run && whichhalf -C {out} report campaigns")


@world.command()
@click.option("--truth", type=click.Path(path_type=Path, exists=True), required=True,
              help="Folder truth/ of the world.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table",
              show_default=True)  # fmt: skip
@click.pass_obj
def score(obj: dict[str, Path], truth: Path, form: str) -> None:
    """Compare the project's tables with the truth.

    \b
    whichhalf -C shop world score --truth shop/truth --format json
    """
    from whichhalf import world as worlds

    project = open_project(obj["folder"])
    lifts = _lifts(project, worlds.experiment_days(truth))
    result = worlds.score(lambda name: project.table(name).arrow(), truth, lifts)
    if form == "json":
        click.echo(json.dumps(result, indent=2, default=str))
        return
    causes = {key: result.pop(key) for key in worlds.CAUSAL_KEYS if key in result}
    for key, value in result.items():
        click.echo(f"{key:28} {value}")
    if causes:
        click.echo(worlds.shown(causes), nl=False)


def _lifts(project: Project, days: tuple[date, date] | None) -> list[dict[str, Any]]:
    """What the project's own report says of the world's hold-outs."""
    from whichhalf.report import Query, report_project

    if days is None:
        return []
    return report_project(project, "lift", Query("lift", *days, by="network")).records()
