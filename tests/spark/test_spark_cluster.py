"""A run on a real cluster: one master, two workers, one of them killed on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from standalone import Cluster, standalone
from test_daily_law import derived

from whichhalf import pipeline
from whichhalf.collect.load import load_sources
from whichhalf.project import open_project
from whichhalf.world import PRESETS, generate

SEED = 20261122
SETTINGS = """\
spark.executor.memory                512m
spark.executor.cores                 1
spark.executor.extraJavaOptions      -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.driver.extraJavaOptions        -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.driver.memory                  1g
spark.driver.host                    127.0.0.1
spark.driver.bindAddress             127.0.0.1
spark.sql.shuffle.partitions         2
spark.whichhalf.lightBytes           -1
spark.whichhalf.heldBytes            -1
"""
# When these are there the run is in the middle: the next step reads them.
KILL_AFTER = "session_parts"
NOT_YET = "conversions"
WAIT_SECONDS = 600


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a small world in its input tables."""
    folder = tmp_path_factory.mktemp("loaded") / "project"
    generate(replace(PRESETS["tiny"], users=60, days=4), SEED, folder)
    load_sources(open_project(folder))
    return folder


@pytest.fixture
def cluster(spark_settings: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / "spark-defaults.conf").write_text(SETTINGS, "utf-8")
    with standalone(folder, workers=2) as started:
        yield started


@pytest.mark.slow
def test_run_outlives_a_worker(loaded: Path, cluster: Cluster, tmp_path: Path) -> None:
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    shutil.copytree(loaded, alone)
    pipeline.run(open_project(alone))
    shutil.copytree(loaded, shared)
    with _running(shared, cluster) as run:
        _wait_for(shared / "lake" / KILL_AFTER / "_delta_log" / "00000000000000000000.json", run)
        assert not (shared / "lake" / NOT_YET).exists()
        cluster.kill(0)
        assert run.poll() is None
        words, _nothing = run.communicate(timeout=WAIT_SECONDS)
    assert run.returncode == 0, words.decode()
    assert "Lost executor" in (shared / ".whichhalf" / "spark.log").read_text("utf-8")
    found, expected = (derived(open_project(folder)) for folder in (shared, alone))
    assert found == expected
    assert expected["conversions"]
    assert expected["touch_credits"]


@contextmanager
def _running(folder: Path, cluster: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    """`whichhalf run` on the cluster, a process of its own."""
    environ = {
        **os.environ,
        "WHICHHALF_PROJECT_ENGINE": cluster.url,
        "SPARK_CONF_DIR": str(cluster.folder),
    }
    command = [sys.executable, "-m", "whichhalf", "-C", str(folder), "run", "--no-load"]
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as run:  # fmt: skip
        try:
            yield run
        finally:
            if run.poll() is None:
                run.kill()


def _wait_for(path: Path, run: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not path.exists():
        assert run.poll() is None, run.communicate()[0].decode()
        assert time.monotonic() < until, f"{path} is not there after {WAIT_SECONDS} s"
        time.sleep(0.05)
