"""The report as it was on that morning; runs that compact and vacuum and change nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from whichhalf import pipeline
from whichhalf.cli import main
from whichhalf.collect.load import load_sources
from whichhalf.project import open_project
from whichhalf.world import PRESETS, generate

Capture = pytest.CaptureFixture[str]
SEED = 4


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world after two runs: the first, two days ago, knew half of its files."""
    folder = tmp_path_factory.mktemp("as_of") / "shop"
    generate(replace(PRESETS["tiny"], users=60, days=4), SEED, folder)
    toml = folder / "whichhalf.toml"
    toml.write_text(toml.read_text("utf-8") + "\n[lake]\ncompact_files = 2\n", "utf-8")
    late = sorted((folder / "data").rglob("*.jsonl*"))[2:]
    assert late
    for file in late:
        file.rename(file.with_suffix(".late"))
    assert main(["-C", str(folder), "run"]) == 0
    _age(folder, timedelta(days=2))
    for file in late:
        file.with_suffix(".late").rename(file)
    assert main(["-C", str(folder), "run"]) == 0
    return folder


def _age(folder: Path, by: timedelta) -> None:
    """Let every snapshot be older than it is."""
    for file in (folder / ".whichhalf" / "snapshots").glob("*.json"):
        content = orjson.loads(file.read_bytes())
        at = datetime.fromisoformat(content["published_at"]) - by
        file.write_bytes(orjson.dumps(content | {"published_at": at.isoformat()}))


def told(folder: Path, capsys: Capture, *words: str) -> str:
    capsys.readouterr()
    assert main(["-C", str(folder), *words]) == 0
    return capsys.readouterr().out


@pytest.mark.e2e
@pytest.mark.parametrize(
    "words",
    [
        ("report", "campaigns", "--format", "csv"),
        ("report", "models", "--format", "csv"),
        ("dump", "signups"),
        ("audit", "--format", "csv"),
    ],
)
def test_yesterday_is_shown_as_it_was(
    shop: Path, tmp_path: Path, capsys: Capture, words: tuple[str, ...]
) -> None:
    """A copy of the folder that only the first run had seen says the same."""
    then = tmp_path / "then"
    shutil.copytree(shop, then)
    snapshots = sorted((then / ".whichhalf" / "snapshots").glob("*.json"))
    versions = [orjson.loads(file.read_bytes()) for file in snapshots]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for file, one in zip(snapshots, versions, strict=True):
        if datetime.fromisoformat(one["published_at"]) > yesterday:
            file.unlink()
    expected = told(then, capsys, *words)
    assert told(shop, capsys, *words, "--as-of", yesterday.isoformat()) == expected
    assert told(shop, capsys, *words) != expected


@pytest.mark.e2e
def test_explain_as_of(shop: Path, capsys: Capture) -> None:
    signups = told(shop, capsys, "dump", "signups").splitlines()
    before = set(told(shop, capsys, "dump", "signups", "--as-of", _yesterday()).splitlines())
    person = next(line for line in signups if line not in before).split(",")[0].strip('"')
    now = told(shop, capsys, "explain", person)
    main(["-C", str(shop), "explain", person, "--as-of", _yesterday()])
    assert capsys.readouterr().out != now


def _yesterday() -> str:
    return f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("when", "code", "says"),
    [
        ("2001-01-01", 1, "There is no snapshot as of 2001-01-01 23:59:59"),
        ("last Tuesday", 2, "is no moment"),
    ],
)
def test_a_moment_that_cannot_be(
    shop: Path, capsys: Capture, when: str, code: int, says: str
) -> None:
    assert main(["-C", str(shop), "report", "campaigns", "--as-of", when]) == code
    assert says in capsys.readouterr().err


@pytest.mark.e2e
def test_upkeep_makes_nothing_stale(shop: Path, tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "kept"
    shutil.copytree(shop, folder)
    before = told(folder, capsys, "dump", "touch_credits")
    then = told(folder, capsys, "dump", "touch_credits", "--as-of", _yesterday())
    for words in (("compact",), ("vacuum", "--dry-run"), ("vacuum",), ("compact",)):
        assert main(["-C", str(folder), "lake", *words]) == 0
    assert told(folder, capsys, "dump", "touch_credits") == before
    assert told(folder, capsys, "dump", "touch_credits", "--as-of", _yesterday()) == then
    project = open_project(folder)
    with project.lock():
        assert not any(loaded.loaded for loaded in load_sources(project))
        assert all(result.is_fresh for result in pipeline.run(project))
    # What the steps by changes compare with is still there: nothing is rebuilt as a whole.
    assert main(["-C", str(folder), "lake", "vacuum", "--keep-days", "0"]) == 0
    capsys.readouterr()
    assert main(["-C", str(folder), "run", "--no-load"]) == 0
    assert "full rebuild" not in capsys.readouterr().err
    assert told(folder, capsys, "dump", "touch_credits") == before


@pytest.mark.e2e
def test_a_run_compacts_and_says_so(shop: Path, capsys: Capture) -> None:
    history = told(shop, capsys, "lake", "history", "events")
    assert "optimize" in history
    assert "2 tables" not in told(shop, capsys, "lake", "history")
    assert main(["-C", str(shop), "lake", "history", "sessions"]) == 1
    assert "view" in capsys.readouterr().err
