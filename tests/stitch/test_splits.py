"""Wrong merges undone: what is shown before, what follows at the next run, and how it is undone."""

from __future__ import annotations

import csv
import io
import json

import pytest

from table_rows import make_rows, write_rows
from whichhalf.cli import main
from whichhalf.project import Project, open_project

Capture = pytest.CaptureFixture[str]
EVENTS = [
    {"message_id": "v1", "visitor_id": "a:1", "call": "page", "source": "ads", "medium": "cpc",
     "occurred_at": "2026-03-01 09:00:00"},
    {"message_id": "i1", "visitor_id": "a:1", "user_id": "u:1", "call": "identify",
     "occurred_at": "2026-03-01 09:01:00"},
    {"message_id": "i2", "visitor_id": "a:2", "user_id": "u:2", "call": "identify",
     "occurred_at": "2026-03-02 09:00:00"},
    {"message_id": "al", "user_id": "u:2", "previous_id": "1", "call": "alias",
     "occurred_at": "2026-03-03 09:00:00"},
    {"message_id": "k1", "visitor_id": "a:kiosk", "call": "page", "source": "kiosk",
     "occurred_at": "2026-03-01 08:00:00"},
    {"message_id": "k2", "visitor_id": "a:kiosk", "user_id": "u:2", "call": "identify",
     "occurred_at": "2026-03-04 08:00:00"},
]  # fmt: skip
PAYMENT = {"payment_id": "p2", "user_id": "u:2", "paid_at": "2026-03-05 10:00:00", "amount": "5"}


@pytest.fixture
def project(project_of) -> Project:
    project = project_of("[attribute]\nbootstrap_replicates = 0\n")
    write_rows(project, "events", make_rows("events", EVENTS))
    write_rows(project, "payments", make_rows("payments", [PAYMENT]))
    run(project)
    return project


def run(project: Project) -> None:
    assert main(["-C", str(project.folder), "run", "--no-load"]) == 0


def call(project: Project, capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["-C", str(project.folder), "persons", *arguments])
    return code, *capsys.readouterr()


def dumped(project: Project, capsys: Capture, name: str) -> list[dict[str, str]]:
    capsys.readouterr()
    assert main(["-C", str(project.folder), "dump", name]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def touches_of_payment(project: Project, capsys: Capture) -> set[str]:
    rows = dumped(project, capsys, "credits")
    return {r["touch_id"] for r in rows if r["conversion_id"] == "p2" and r["model"] == "linear"}


def test_show_says_what_ties_a_person(project: Project, capsys: Capture) -> None:
    code, out, _err = call(project, capsys, "show", "u:2", "--format", "json")
    assert code == 0
    shown = json.loads(out)
    assert (shown["person_id"], shown["users"]) == ("u:1", ["u:1", "u:2"])
    assert {row["visitor_id"] for row in shown["visitors"]} == {"a:1", "a:2", "a:kiosk"}
    edges = {(row["edge_kind"], row["tied_id"], row["user_id"], row["message_id"])
             for row in shown["edges"]}  # fmt: skip
    assert edges == {("seen", "a:1", "u:1", "i1"), ("seen", "a:2", "u:2", "i2"),
                     ("alias", "1", "u:2", "al"), ("seen", "a:kiosk", "u:2", "k2")}  # fmt: skip
    assert "2026-03-03 09:00:00 alias al: 1 is also u:2 in app" in call(
        project, capsys, "show", "a:1"
    )[1]  # fmt: skip


def test_a_dry_run_counts_and_writes_nothing(project: Project, capsys: Capture) -> None:
    before = project.lake.root.joinpath("cut_edges").exists()
    code, _out, err = call(project, capsys, "split", "u:2", "u:1", "--dry-run")
    assert code == 0
    assert err == (
        "Split u:1 from u:2. 1 user and 2 visitors change hands; persons among them: 1 before, 2"
        " after. 2 conversions to another person, 2 credited anew.\n"
    )
    assert project.lake.root.joinpath("cut_edges").exists() == before


def test_everything_follows_and_can_be_undone(project: Project, capsys: Capture) -> None:
    assert touches_of_payment(project, capsys) == {"k1", "v1", "i2", "k2"}
    people = dumped(project, capsys, "persons")
    assert call(project, capsys, "split", "u:1", "u:2", "--yes", "--by", "ana", "--reason", "no")[
        0] == 0  # fmt: skip
    assert dumped(project, capsys, "persons") == people, "not before the next run"
    run(project)
    assert {row["user_id"]: row["person_id"] for row in dumped(project, capsys, "users")} == {
        "u:1": "u:1", "u:2": "u:2"}  # fmt: skip
    assert touches_of_payment(project, capsys) == {"k1", "i2", "k2"}
    assert {row["person_id"] for row in dumped(project, capsys, "sessions")} == {"u:1", "u:2"}
    (cut,) = dumped(project, capsys, "cut_edges")
    assert (cut["decided_by"], cut["reason"], cut["is_cut"]) == ("ana", "no", "true")
    assert main(["-C", str(project.folder), "run", "--no-load", "--full"]) == 0
    assert touches_of_payment(project, capsys) == {"k1", "i2", "k2"}, "a full rebuild keeps it"
    assert main(["-C", str(project.folder), "verify"]) == 0
    assert "Nothing to do" in call(project, capsys, "split", "u:1", "u:2", "--yes")[2]
    assert call(project, capsys, "split", "u:1", "u:2", "--undo", "--yes")[0] == 0
    run(project)
    assert dumped(project, capsys, "persons") == people
    assert touches_of_payment(project, capsys) == {"k1", "v1", "i2", "k2"}


@pytest.mark.parametrize("ids", [("a:kiosk", "u:2"), ("a:kiosk",)])
def test_a_kiosk_is_nobodys(project: Project, capsys: Capture, ids: tuple[str, ...]) -> None:
    code, _out, err = call(project, capsys, "split", *ids, "--yes")
    assert (code, "1 before, 2 after" in err) == (0, True), err
    run(project)
    # What u:2 did there while logged in stays hers.
    assert touches_of_payment(project, capsys) == {"v1", "i2", "k2"}
    owners = {row["visitor_id"] for row in dumped(project, capsys, "persons")}
    assert owners == {"a:1", "a:2"}
    people = {row["person_id"] for row in dumped(project, capsys, "sessions")}
    assert people == {"u:1", "a:kiosk@app"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("split", "u:1", "u:9"), "No alias call ties u:1 to u:9"),
        (("split", "u:1"), "from whom?"),
        (("split", "1", "u:2"), "does not say what it is"),
        (("split", "a:1", "a:2"), "nothing ties two visitors"),
        (("split", "a:1", "u:2"), "Nothing ties a:1 to u:2. It was seen with: u:1"),
        (("show", "u:9"), "has the id 'u:9'"),
    ],
)
def test_what_cannot_be_is_refused(
    project: Project, capsys: Capture, arguments: tuple[str, ...], message: str
) -> None:
    code, _out, err = call(project, capsys, *arguments)
    assert code == 2
    assert message in err


def test_a_product_is_named_where_there_are_two(project: Project, capsys: Capture) -> None:
    other = EVENTS[1] | {"app": "shop", "message_id": "s1"}
    write_rows(project, "events", make_rows("events", [other]))
    project = open_project(project.folder)
    run(project)
    code, _out, err = call(project, capsys, "split", "a:1", "u:1")
    assert (code, "--app app | shop" in err) == (2, True)
    assert call(project, capsys, "split", "a:1", "u:1", "--app", "shop", "--yes")[0] == 0
    run(project)
    owned = {(row["app"], row["visitor_id"]) for row in dumped(project, capsys, "persons")}
    assert ("app", "a:1") in owned
    assert ("shop", "a:1") not in owned
