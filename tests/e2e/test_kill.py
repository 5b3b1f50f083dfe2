"""kill -9 at random moments of `whichhalf run`, then a run: the tables of an undisturbed run."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from whichhalf import tables
from whichhalf.project import open_project
from whichhalf.world import PRESETS, generate

SEED = 20261122
MOMENTS = 10
# When a row was set aside is no part of what it says.
AUDIT = {"quarantine": ["received_at"]}


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "whichhalf", "-C", str(folder), "run"]


def _contents(folder: Path) -> dict[str, pa.Table]:
    project = open_project(folder)
    stored = [t for t in tables.TABLES.values() if t.kind is not tables.Kind.VIEW]
    contents = {}
    with project.engine() as engine:
        project.expose_read(engine, [table.name for table in stored])
        for table in stored:
            names = [c.name for c in table.columns if c.name not in AUDIT.get(table.name, [])]
            query = f"select {', '.join(names)} from {table.name} order by {', '.join(names)}"
            contents[table.name] = engine.table(query)
    return contents


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, pa.Table], float]:
    """A small world, its tables after one run, and the seconds that the run took."""
    world = tmp_path_factory.mktemp("kill") / "world"
    generate(replace(PRESETS["tiny"], users=60, days=4), SEED, world)
    folder = world.with_name("undisturbed")
    shutil.copytree(world, folder)
    began = time.monotonic()
    subprocess.run(_command(folder), check=True, capture_output=True)
    took = time.monotonic() - began
    return world, _contents(folder), took


@pytest.mark.e2e
@pytest.mark.slow
def test_a_killed_run_leaves_nothing_behind(
    undisturbed: tuple[Path, dict[str, pa.Table], float], tmp_path: Path
) -> None:
    world, expected, took = undisturbed
    assert expected["signups"].num_rows > 25
    moments = [random.Random(SEED + n).uniform(0.1, 0.9) * took for n in range(MOMENTS)]
    for number, moment in enumerate(moments):
        folder = tmp_path / f"killed-{number}"
        killed_at = _killed(world, folder, moment)
        subprocess.run(_command(folder), check=True, capture_output=True)
        found = _contents(folder)
        for name, rows in expected.items():
            assert found[name].equals(rows), f"{name} differs after a kill at {killed_at:.2f} s"
        shutil.rmtree(folder)


def _killed(world: Path, folder: Path, moment: float) -> float:
    """Run a copy of the world, killed after `moment` seconds; earlier if it was done by then."""
    while True:
        shutil.copytree(world, folder)
        process = subprocess.Popen(
            _command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return moment
        shutil.rmtree(folder)
        moment *= 0.7


@pytest.mark.e2e
def test_a_second_run_waits_then_refuses(
    undisturbed: tuple[Path, dict[str, pa.Table], float], tmp_path: Path
) -> None:
    folder = tmp_path / "locked"
    shutil.copytree(undisturbed[0], folder)
    with open_project(folder).lock():
        second = subprocess.run(
            [*_command(folder), "--wait", "0.2"], capture_output=True, text=True, check=False
        )
    assert second.returncode == 1
    assert "run.lock" in second.stderr
    assert "Traceback" not in second.stderr
