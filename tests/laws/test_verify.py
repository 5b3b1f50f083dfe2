"""`whichhalf verify`: clean after thirty daily runs of late data, dirty when one row is another."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from table_rows import make_rows, write_rows
from whichhalf import pipeline
from whichhalf.beside import FOLDER
from whichhalf.cli import main
from whichhalf.collect.load import load_sources
from whichhalf.collect.store import store
from whichhalf.errors import EngineError, UsageError
from whichhalf.project import Project, open_project
from whichhalf.provenance import WHOLE
from whichhalf.tables import TABLES, Kind
from whichhalf.verify import drawn, verify
from whichhalf.world import PRESETS, generate

RUNS = 30
SEED = 20261122
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world whose rows came in thirty parts, in any order, with a run after each."""
    folder = tmp_path_factory.mktemp("verify")
    generate(replace(PRESETS["tiny"], users=15, days=3), SEED, folder / "world")
    world = open_project(folder / "world")
    with world.lock():
        load_sources(world)
    (folder / "grown").mkdir()
    text = (folder / "world" / "whichhalf.toml").read_text("utf-8")
    few = "[attribute]\nbootstrap_replicates = 0\n"  # thirty fits: the draws cost most
    assert "[attribute]" not in text
    (folder / "grown" / "whichhalf.toml").write_text(few + text, "utf-8")
    grown = open_project(folder / "grown")
    rows = [(name, row) for name in inputs(world) for row in world.newest(name).to_pylist()]
    chance = random.Random(SEED)
    chance.shuffle(rows)
    rates = [row for row in rows if row[0] == "loaded_rates"]  # money without one is refused
    rest = [row for row in rows if row[0] != "loaded_rates"]
    for number in range(RUNS):
        with grown.lock(), grown.engine() as engine:
            put(grown, engine, [*rest[number::RUNS], *(() if number else rates)])
            pipeline.run(grown)
    return grown.folder


def inputs(project: Project) -> list[str]:
    kept = ("events", "ad_costs", "payments", "loaded_rates", "loaded_campaigns", "installs")
    return [name for name in kept if project.lake.version(TABLES[name]) is not None]


def put(project: Project, engine: Any, rows: list[tuple[str, dict[str, Any]]]) -> None:
    for name in sorted({name for name, _row in rows}):
        table = TABLES[name]
        made = pa.Table.from_pylist([row for of, row in rows if of == name], schema=table.arrow)
        store(project.lake, engine, table, made.drop_columns(["day"] if table.clock else []), 30)


@pytest.fixture
def project(grown: Path, tmp_path: Path) -> Iterator[Project]:
    """A copy of it, of which nothing is left behind by any verification."""
    shutil.copytree(grown, tmp_path / "copy")
    project = open_project(tmp_path / "copy")
    yield project
    assert not (project.state_folder / FOLDER).exists()


def told(project: Project, capsys: Capture, *options: str) -> tuple[int, Any, str]:
    capsys.readouterr()
    code = main(["-C", str(project.folder), "verify", "--format", "json", *options])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else None, err


def rewrite(project: Project, name: str, change: Callable[[pa.Table], pa.Table]) -> date:
    """Rewrite the first day of a table that has rows, and say that nothing happened."""
    table = TABLES[name]
    state = project.lake.state(table)
    rows = project.newest(name)
    day = min(rows["day"].to_pylist())
    rows = change(rows.filter(pc.equal(rows["day"], day)))
    prints = {day: state.days[day.isoformat()].fingerprint}
    project.lake.replace_days(table, rows, prints, state.consumed)
    return day


def with_first(rows: pa.Table, column: str, value: Any) -> pa.Table:
    cells = [value, *rows[column].to_pylist()[1:]]
    place = rows.column_names.index(column)
    return rows.set_column(place, column, pa.array(cells, rows.schema.field(column).type))


@pytest.mark.slow
def test_it_is_clean_after_thirty_runs_and_dirty_after_a_touch(
    project: Project, capsys: Capture
) -> None:
    code, found, talk = told(project, capsys)
    assert (code, found["is_clean"]) == (0, True)
    stored = {name for name, table in TABLES.items() if table.kind is Kind.DERIVED}
    assert {one["table"] for one in found["tables"]} == stored
    counts = {one["table"]: one["live_rows"] for one in found["tables"]}
    assert all(counts[name] >= 12 for name in ("session_parts", "touch_credits", "signups"))
    assert all(one["live_rows"] == one["rebuilt_rows"] for one in found["tables"])
    assert "Clean" in talk
    rewrite(project, "touch_credits", lambda rows: with_first(rows, "linear_credit", 0.123))
    code, found, _talk = told(project, capsys)
    assert code == 1
    assert [one["table"] for one in found["tables"] if not one["is_equal"]] == ["touch_credits"]


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [("session_parts", "page_count", 999), ("touch_credits", "linear_credit", 0.123)],
)
def test_one_row_that_is_another_is_found(
    project_of, capsys: Capture, name: str, column: str, value: float
) -> None:
    project = small(project_of)
    pipeline.run(project)
    day = rewrite(project, name, lambda rows: with_first(rows, column, value))
    code, found, talk = told(project, capsys)
    assert code == 1
    (dirty,) = [one for one in found["tables"] if not one["is_equal"]]
    assert (dirty["table"], dirty["only_live"], dirty["only_rebuilt"]) == (name, 1, 1)
    live, rebuilt = dirty["differing"]
    assert (live["side"], live[column], live["day"]) == ("live", value, day.isoformat())
    assert rebuilt["side"] == "rebuilt"
    grain = TABLES[name].grain
    assert [live[key] for key in grain] == [rebuilt[key] for key in grain]
    assert rebuilt[column] != value
    assert "whichhalf run --full" in talk
    assert f"by no run that read anything new: {name}" in talk
    assert main(["-C", str(project.folder), "run", "--no-load", "--full"]) == 0
    assert told(project, capsys)[0] == 0, "the advice helps"


def small(project_of: Callable[..., Project]) -> Project:
    """Two people on two days, one of whom pays."""
    project = project_of("[attribute]\nbootstrap_replicates = 0\n")
    events = [
        {"message_id": f"m{n}", "visitor_id": f"a:{n}", "user_id": f"u:{n}", "call": "page",
         "source": "ads", "occurred_at": f"2026-03-0{n} 10:00:00"}
        for n in (1, 2)
    ]  # fmt: skip
    write_rows(project, "events", make_rows("events", events))
    payment = {"payment_id": "p", "user_id": "u:1", "paid_at": "2026-03-02 11:00:00"}
    write_rows(project, "payments", make_rows("payments", [payment | {"amount": "5"}]))
    return project


def test_nothing_to_verify_before_a_run(project_of) -> None:
    with pytest.raises(UsageError, match="whichhalf run"):
        verify(small(project_of))


def test_rows_too_many_and_too_few_are_found(project_of) -> None:
    project = small(project_of)
    pipeline.run(project)
    rewrite(project, "session_parts", lambda rows: pa.concat_tables([rows, rows]))
    rewrite(project, "touches", lambda rows: rows.slice(0, 0))
    dirty = {one.table: one for one in verify(project).tables if not one.is_equal}
    assert set(dirty) == {"session_parts", "touches"}
    twice, gone = dirty["session_parts"], dirty["touches"]
    assert (twice.only_live, twice.only_rebuilt) == (1, 0)
    assert (gone.only_live, gone.only_rebuilt) == (0, 1)
    assert [row["side"] for row in gone.differing] == ["rebuilt"]


def test_what_was_loaded_since_is_told_and_left_out(project_of) -> None:
    project = small(project_of)
    pipeline.run(project)
    event = {"message_id": "m3", "visitor_id": "a:3", "occurred_at": "2026-03-03 10:00:00"}
    write_rows(project, "events", make_rows("events", [event]))
    found = verify(project)
    assert found.is_clean
    assert any(
        "Loaded since the last good run" in note and "events" in note for note in found.notes
    )


def test_a_run_that_did_not_end_is_no_fault(project_of) -> None:
    """Killed after some steps: their tables stand at newer versions, made from newer inputs."""
    project = small(project_of)
    pipeline.run(project)
    event = {"message_id": "m3", "visitor_id": "a:1", "occurred_at": "2026-03-01 10:10:00"}
    write_rows(project, "events", make_rows("events", [event]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Project, "publish", lambda _self: None)
        pipeline.run(project, until="session_parts")
    assert verify(project).is_clean


@pytest.mark.parametrize("change", ["settings", "until"])
def test_stale_tables_are_run_first(project_of, change: str) -> None:
    project = small(project_of)
    pipeline.run(project, until="persons" if change == "until" else None)
    if change == "settings":
        (project.folder / "whichhalf.toml").write_text("[sessionize]\nsession_gap_minutes = 5\n")
        project = Project(project.folder)
    with pytest.raises(UsageError, match=r"session_parts.*First: whichhalf run"):
        verify(project)


def test_nothing_is_left_and_nothing_committed(project_of, monkeypatch) -> None:
    project = small(project_of)
    pipeline.run(project)
    before = {name: project.lake.version(table) for name, table in TABLES.items()}
    snapshot = project.snapshot()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise EngineError("no")

    monkeypatch.setattr("whichhalf.verify._compare", fail)
    with pytest.raises(EngineError):
        verify(project)
    assert not (project.state_folder / FOLDER).exists()
    project.lake.refresh()
    assert {name: project.lake.version(table) for name, table in TABLES.items()} == before
    assert project.snapshot() == snapshot


def test_a_sample_finds_what_is_wrong_on_its_days_only(project_of) -> None:
    project = small(project_of)
    pipeline.run(project)
    day = rewrite(project, "session_parts", lambda rows: with_first(rows, "page_count", 999))
    found = {seed: verify(project, sample_percent=50, seed=seed) for seed in range(1, 9)}
    assert {day in (one.days or ()) for one in found.values()} == {True, False}
    for one in found.values():
        assert one.is_clean == (day not in (one.days or ()))
        assert "model_fits" not in {compared.table for compared in one.tables}


def test_days_are_drawn_by_seed() -> None:
    days = [date(2026, 3, day) for day in range(1, 31)]
    assert drawn(days, 10, 1) == drawn(days, 10, 1)
    assert len(drawn(days, 10, 1)) == 3
    assert len({drawn(days, 10, seed) for seed in range(20)}) > 10
    assert len(drawn(days, 0.1, 1)) == 1, "one at least"
    assert drawn(days, 100, 1) == tuple(days)
    assert drawn([], 10, 1) == ()
    assert WHOLE not in drawn(days, 100, 1)


def test_lines_say_what_differs(project_of, capsys: Capture) -> None:
    project = small(project_of)
    pipeline.run(project)
    rewrite(project, "session_parts", lambda rows: with_first(rows, "page_count", 999))
    assert main(["-C", str(project.folder), "verify"]) == 1
    out = capsys.readouterr().out
    assert "session_parts app=app part_id=m1: page_count is 999 live, 1 rebuilt" in out
    assert main(["-C", str(project.folder), "verify", "--format", "csv"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "table,side,row"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["session_parts", "live"], ["session_parts", "rebuilt"]
    ]  # fmt: skip
