"""A project whose engine is a Postgres server: what a user does gives the same as without."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from table_rows import make_rows, write_rows
from whichhalf.cli import main
from whichhalf.project import open_project
from whichhalf.tables import TABLES, Kind
from whichhalf.world import PRESETS, generate

ENGINE = "WHICHHALF_PROJECT_ENGINE"
STORED = [table.name for table in TABLES.values() if table.kind is Kind.DERIVED]
REPORTS = [
    "campaigns",
    "campaigns --basis event --by channel",
    "campaigns --by country --model linear",
    "returns --every-older",
    "signups --by blog_url",
    "sessions --by landing",
    "self-reported",
    "lift",
    "models",
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world, run by the default engine."""
    folder = tmp_path_factory.mktemp("here")
    generate(replace(PRESETS["tiny"], users=30, days=4, campaigns=10), 3, folder)
    assert main(["-C", str(folder), "run"]) == 0
    return folder


@pytest.fixture(scope="module")
def there(here: Path, tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Any]:
    """The same world, all of it computed again by the server."""
    folder = tmp_path_factory.mktemp("there") / "project"
    shutil.copytree(here, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENGINE, postgres_url)
        assert main(["-C", str(folder), "run", "--full"]) == 0
    return folder


@pytest.mark.parametrize("name", STORED)
def test_tables_are_the_same(here: Path, there: Path, name: str) -> None:
    version = open_project(there).lake.version(TABLES[name])
    assert version != open_project(here).lake.version(TABLES[name])  # it was computed again
    ours, theirs = (open_project(folder).table(name).arrow() for folder in (here, there))
    assert theirs.to_pylist() == ours.to_pylist()


@pytest.mark.parametrize("report", REPORTS)
def test_reports_are_the_same(
    here: Path, postgres_url: str, report: str, monkeypatch: Any, capsysbinary: Any
) -> None:
    found = []
    for engine in ("duckdb", postgres_url):
        monkeypatch.setenv(ENGINE, engine)
        assert main(["-C", str(here), "report", *report.split(), "--format", "json"]) == 0
        found.append(json.loads(capsysbinary.readouterr().out))
    assert found[0]
    assert_alike(*found)


def assert_alike(one: Any, other: Any, where: str = "") -> None:
    """Equal; fractions but for the order in which they were summed."""
    if isinstance(one, float) and isinstance(other, float):
        assert other == pytest.approx(one, rel=1e-12), where
    elif isinstance(one, dict) and isinstance(other, dict):
        assert list(one) == list(other), where
        for key in one:
            assert_alike(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other), where
        for number, pair in enumerate(zip(one, other, strict=True)):
            assert_alike(*pair, f"{where}[{number}]")
    else:
        assert one == other, where


@pytest.mark.parametrize("command", ["audit", "explain --json {user}", "persons show {user}"])
def test_commands_are_the_same(
    here: Path, postgres_url: str, command: str, monkeypatch: Any, capsys: Any
) -> None:
    user = open_project(here).table("conversions").arrow()["user_id"].drop_null()[0].as_py()
    found = []
    for engine in ("duckdb", postgres_url):
        monkeypatch.setenv(ENGINE, engine)
        assert main(["-C", str(here), *command.format(user=user).split()]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] and found[0] == found[1]


def test_a_late_log_in_is_followed_like_a_full_rebuild(
    there: Path, postgres_url: str, monkeypatch: Any, capsys: Any
) -> None:
    """The run by changes on the server; verified by the default engine."""
    project = open_project(there)
    parts = project.table("session_parts").arrow().to_pylist()
    alone = next(part for part in parts if part["user_id"] is None)
    known = next(part for part in parts if part["user_id"] is not None)
    event = {
        "app": alone["app"],
        "message_id": "late",
        "visitor_id": alone["visitor_id"],
        "user_id": known["user_id"],
        "call": "identify",
        "occurred_at": max(part["ended_at"] for part in parts),
    }
    write_rows(project, "events", make_rows("events", [event]))
    before = project.table("conversions").arrow()
    monkeypatch.setenv(ENGINE, postgres_url)
    assert main(["-C", str(there), "run"]) == 0
    after = open_project(there).table("persons").arrow()
    assert alone["visitor_id"] in after["visitor_id"].to_pylist()
    assert open_project(there).table("conversions").arrow().num_rows >= before.num_rows
    monkeypatch.setenv(ENGINE, "duckdb")
    capsys.readouterr()
    assert main(["-C", str(there), "verify"]) == 0
