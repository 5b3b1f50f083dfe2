"""What is left out on purpose is told by every run, and can be asked for afterwards."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest

from table_rows import make_rows, write_rows
from whichhalf.cli import main
from whichhalf.project import Project

TOML = """\
[sessionize]
max_events_per_visitor_day = 2
[stitch]
max_users_per_person = 2
"""
Capture = pytest.CaptureFixture[str]


def events_of(visitor: str, count: int) -> list[dict[str, str]]:
    cells = {"visitor_id": visitor, "call": "page", "occurred_at": "2026-03-01 10:00:00"}
    return [cells | {"message_id": f"{visitor}{number}"} for number in range(count)]


def aliases_of(earlier: str, *users: str) -> list[dict[str, str]]:
    cells = {"occurred_at": "2026-03-01 10:00:00"}
    alias = cells | {"call": "alias", "previous_id": earlier}
    said = [alias | {"user_id": user, "message_id": f"alias{user}"} for user in users]
    return [*said, cells | {"user_id": f"u:{earlier}", "message_id": f"seen{earlier}"}]


@pytest.fixture
def project(project_of) -> Project:
    project = project_of(TOML)
    rows = [*events_of("a:robot", 4), *events_of("a:crawler", 3), *events_of("a:person", 2)]
    rows += aliases_of("guest", "u:1", "u:2", "u:3")
    write_rows(project, "events", make_rows("events", rows))
    return project


def run(project: Project, capsys: Capture, *options: str) -> str:
    """What a run says."""
    assert main(["-C", str(project.folder), "run", "--no-load", *options]) == 0
    return capsys.readouterr().err


def test_a_run_tells_who_is_left_out_and_what_to_do(project: Project, capsys: Capture) -> None:
    lines = run(project, capsys).splitlines()
    after = {line.split(":")[0]: note for line, note in pairwise(lines)}
    assert after["session_parts"] == (
        "  Left out of all sessions: 2 visitors with more than 2 events on a day. The heaviest is"
        " a:robot in app app, with 4 on 2026-03-01. If they are people, raise [sessionize]"
        " max_events_per_visitor_day. All: whichhalf dump excluded_visitors"
    )
    assert after["persons"] == (
        "  Not merged: 4 users in 1 component of aliases with more than 2 users. The largest has"
        " 4, 3 of them tied to u:guest. If that id is nobody's, add 'guest' to [stitch]"
        " ignored_user_ids; if they are one person, raise [stitch] max_users_per_person. All:"
        " whichhalf dump refused_merges"
    )


def test_a_run_with_nothing_to_do_tells_it_again(project: Project, capsys: Capture) -> None:
    first = [line for line in run(project, capsys).splitlines() if line.startswith("  ")]
    again = run(project, capsys)
    assert len(first) == 2
    assert "session_parts: fresh\n  Left out" in again
    assert [line for line in again.splitlines() if line.startswith("  ")] == first


def test_what_to_do_helps(project: Project, capsys: Capture) -> None:
    run(project, capsys)
    (project.folder / "whichhalf.toml").write_text(
        "[sessionize]\nmax_events_per_visitor_day = 4\n[stitch]\nmax_users_per_person = 2\n"
        "ignored_user_ids = ['guest']\n"
    )
    told = run(project, capsys)
    assert "Left out" not in told and "Not merged" not in told
    for name in ("excluded_visitors", "refused_merges"):
        assert not dumped(project, capsys, name)


def test_it_can_be_asked_for(project: Project, capsys: Capture) -> None:
    run(project, capsys)
    left_out = dumped(project, capsys, "excluded_visitors")
    columns = ("visitor_id", "reason", "value", "threshold", "day")
    assert [tuple(row[name] for name in columns) for row in left_out] == [
        ("a:crawler", "heavy", "3", "2", "2026-03-01"),
        ("a:robot", "heavy", "4", "2", "2026-03-01"),
    ]
    refused = dumped(project, capsys, "refused_merges")
    assert [(row["user_id"], row["component_id"]) for row in refused] == [
        (user, "u:1") for user in ("u:1", "u:2", "u:3", "u:guest")
    ]


def dumped(project: Project, capsys: Capture, name: str) -> list[dict[str, str]]:
    assert main(["-C", str(project.folder), "dump", name]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
