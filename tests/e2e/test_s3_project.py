"""A project whose lake is on S3: the same tables as on disk; two hosts never interleave."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from servers.moto_s3 import S3
from whichhalf import tables
from whichhalf.cli import main
from whichhalf.control import Control
from whichhalf.project import Project, open_project
from whichhalf.world import PRESETS, generate

SEED = 20261122
AUDIT = {"quarantine": ["received_at"]}


def contents(project: Project) -> dict[str, pa.Table]:
    """Every row of every stored table."""
    found = {}
    with project.engine() as engine:
        for table in tables.TABLES.values():
            if table.kind is not tables.Kind.VIEW:
                kept = [c.name for c in table.columns if c.name not in AUDIT.get(table.name, [])]
                names = ", ".join(kept)
                project.expose_read(engine, [table.name])
                rows = engine.table(f"select {names} from {table.name} order by {names}")
                found[table.name] = rows
    return found


@pytest.fixture(scope="module")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("s3") / "world"
    generate(replace(PRESETS["tiny"], users=15, days=3), SEED, folder)
    return folder


def settle(world: Path, folder: Path, **settings: str) -> Path:
    """A copy of the world with more of section [project]."""
    shutil.copytree(world, folder)
    toml = folder / "whichhalf.toml"
    lines = "".join(f'{key} = "{value}"\n' for key, value in settings.items())
    text = toml.read_text("utf-8").replace("[project]\n", f"[project]\n{lines}")
    assert lines in text
    toml.write_text(text, "utf-8")
    return folder


@pytest.mark.e2e
@pytest.mark.slow
def test_a_lake_on_s3_holds_what_one_on_disk_does(
    small_world: Path, tmp_path: Path, s3_lake: str, s3_server: S3, capsys: Any
) -> None:
    on_disk = settle(small_world, tmp_path / "disk")
    on_s3 = settle(small_world, tmp_path / "s3", lake=s3_lake)
    for folder in (on_disk, on_s3):
        assert main(["-C", str(folder), "run"]) == 0
    assert not (on_s3 / "lake").exists()
    expected = contents(open_project(on_disk))
    assert expected["signups"].num_rows > 5
    found = contents(open_project(on_s3))
    assert [name for name, rows in expected.items() if not found[name].equals(rows)] == []

    capsys.readouterr()
    assert main(["-C", str(on_s3), "run"]) == 0
    assert "0 of" in capsys.readouterr().err.splitlines()[-1]
    assert main(["-C", str(on_s3), "verify", "--sample", "30"]) == 0
    for words in (("lake", "history"), ("lake", "vacuum"), ("report", "campaigns")):
        assert main(["-C", str(on_s3), *words]) == 0

    s3_server.require_keys(True)
    capsys.readouterr()
    assert main(["-C", str(on_s3), "report", "campaigns"]) == 6
    said = capsys.readouterr().err
    assert "AWS_ACCESS_KEY_ID" in said
    assert "Traceback" not in said
    s3_server.require_keys(False)
    assert main(["-C", str(on_s3), "run"]) == 0
    found = contents(open_project(on_s3))
    assert [name for name, rows in expected.items() if not found[name].equals(rows)] == []


@pytest.mark.e2e
def test_another_host_waits_for_the_lease(small_world: Path, tmp_path: Path, s3_lake: str) -> None:
    """Two folders, one lake, one control store: flock cannot keep them apart."""
    store = tmp_path / "control.db"
    shared = {"lake": s3_lake, "control": f"sqlite:///{store}"}
    ours, theirs = (settle(small_world, tmp_path / name, **shared) for name in ("ours", "theirs"))
    with open_project(ours).lock():
        second = subprocess.run(
            [sys.executable, "-m", "whichhalf", "-C", str(theirs), "run", "--wait", "0.2"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert second.returncode == 1
    assert "Another run holds the lease" in second.stderr
    with Control(f"sqlite:///{store}").lease("run", 0):
        pass  # given back
