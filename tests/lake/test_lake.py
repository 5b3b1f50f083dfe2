"""The lake: whole days at once, provenance in the same commit, old versions, two writers."""

from __future__ import annotations

import multiprocessing
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from lake_rows import append_each, rows

from table_rows import make_rows
from whichhalf.engines import Engine
from whichhalf.errors import LakeError, SchemaError
from whichhalf.lake import Lake, Selected
from whichhalf.provenance import EMPTY, WHOLE, Stamp
from whichhalf.tables import TABLES

KEY_EVENTS, USERS, EVENTS = TABLES["key_events"], TABLES["users"], TABLES["events"]
FIRST, SECOND, THIRD = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def ids(sql_engine: Engine) -> Any:
    """Message ids in a version of key_events, some days of it."""

    def read(lake: Lake, version: int | None = None, days: tuple[date, ...] = ()) -> list[str]:
        sql_engine.expose("key_events", lake.scan(KEY_EVENTS, version, days))
        found = sql_engine.table("select message_id from key_events order by message_id")
        return found.column(0).to_pylist()

    return read


def test_days_are_replaced_and_others_kept(lake: Lake, ids: Any) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST), ("b", SECOND)), {FIRST: "1", SECOND: "1"})
    lake.replace_days(KEY_EVENTS, rows(("c", SECOND), ("d", SECOND)), {SECOND: "2"})
    assert ids(lake) == ["a", "c", "d"]
    assert ids(lake, days=(SECOND,)) == ["c", "d"]
    assert ids(lake, days=(THIRD,)) == []
    assert lake.days(KEY_EVENTS) == [FIRST, SECOND]


def test_a_day_without_rows_becomes_empty(lake: Lake, ids: Any) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST), ("b", SECOND)), {FIRST: "1", SECOND: "1"})
    lake.replace_days(KEY_EVENTS, rows(), {FIRST: "2"})
    assert ids(lake) == ["b"]
    assert lake.days(KEY_EVENTS) == [SECOND]
    assert lake.state(KEY_EVENTS).days["2026-03-01"] == Stamp(1, "2")


def test_rows_of_other_days_are_refused_and_nothing_changes(lake: Lake, ids: Any) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST), ("b", SECOND)), {FIRST: "1", SECOND: "1"})
    before = lake.state(KEY_EVENTS)
    with pytest.raises(LakeError, match="key_events"):
        lake.replace_days(KEY_EVENTS, rows(("c", FIRST), ("d", SECOND)), {FIRST: "2"})
    lake.refresh()
    assert ids(lake) == ["a", "b"]
    assert lake.state(KEY_EVENTS) == before


def test_a_stream_that_breaks_changes_nothing(lake: Lake, ids: Any) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})

    def broken() -> Any:
        yield from rows(("b", FIRST)).to_batches()
        raise ValueError("the engine died")

    reader = pa.RecordBatchReader.from_batches(KEY_EVENTS.arrow, broken())
    with pytest.raises(Exception, match="the engine died"):
        lake.replace_days(KEY_EVENTS, reader, {FIRST: "2"})
    lake.refresh()
    assert ids(lake) == ["a"]
    assert lake.version(KEY_EVENTS) == 0


def test_state_survives_a_new_process(lake: Lake) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "one", SECOND: "two"}, {"events": 7})
    lake.replace_days(KEY_EVENTS, rows(("b", THIRD)), {THIRD: "three"})
    state = Lake(lake.root).state(KEY_EVENTS)
    assert state.days == {
        "2026-03-01": Stamp(0, "one"),
        "2026-03-02": Stamp(0, "two"),
        "2026-03-03": Stamp(1, "three"),
    }
    assert state.consumed == {"events": 7}
    assert state.changed == 1


def test_compaction_is_no_change(lake: Lake) -> None:
    lake.append(KEY_EVENTS, rows(("a", FIRST)), [FIRST])
    lake.append(KEY_EVENTS, rows(("b", FIRST)), [FIRST])
    before = lake.state(KEY_EVENTS)
    DeltaTable(str(lake.path(KEY_EVENTS))).optimize.compact()
    lake.refresh()
    assert lake.version(KEY_EVENTS) == 2
    assert lake.state(KEY_EVENTS) == before
    assert before.days == {"2026-03-01": Stamp(1, "")}


def test_old_versions_stay_readable(lake: Lake, ids: Any) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})
    lake.replace_days(KEY_EVENTS, rows(("b", FIRST)), {FIRST: "2"})
    assert ids(lake, version=0) == ["a"]
    with pytest.raises(LakeError, match="whichhalf run --full"):
        lake.scan(KEY_EVENTS, 9)


def test_nothing_was_ever_written(lake: Lake, ids: Any) -> None:
    assert lake.state(KEY_EVENTS) == EMPTY
    assert EMPTY.changed == -1
    assert lake.version(KEY_EVENTS) is None
    assert ids(lake) == []


def test_a_derived_table_of_other_columns_is_stale_and_replaced_whole(lake: Lake, ids: Any) -> None:
    old = rows(("a", FIRST), ("b", SECOND)).drop_columns("os").append_column("gone", [["x", "y"]])
    write_deltalake(str(lake.path(KEY_EVENTS)), old, partition_by=["day"])
    assert lake.state(KEY_EVENTS) == EMPTY
    lake.replace_days(KEY_EVENTS, rows(("c", FIRST)), {FIRST: "2"})
    assert ids(lake) == ["c"]
    assert sorted(DeltaTable(str(lake.path(KEY_EVENTS))).schema().to_arrow().names) == sorted(
        KEY_EVENTS.by_name
    )


def test_an_input_table_gains_columns(lake: Lake, sql_engine: Engine) -> None:
    events = [
        {"message_id": name, "visitor_id": "a:1", "occurred_at": f"{day} 10:00:00"}
        for name, day in (("a", FIRST), ("b", SECOND))
    ]
    old = make_rows("events", events[:1]).drop_columns(["term", "revenue"])
    write_deltalake(str(lake.path(EVENTS)), old, partition_by=["day"])
    lake.append(EVENTS, make_rows("events", events[1:]), [SECOND])
    sql_engine.expose("events", lake.scan(EVENTS))
    found = sql_engine.table("select message_id, term, revenue from events order by message_id")
    assert found.column("message_id").to_pylist() == ["a", "b"]
    assert found.column("revenue").to_pylist() == [None, None]


def test_a_table_without_days_is_replaced_whole(lake: Lake, sql_engine: Engine) -> None:
    for number, user in enumerate(("u:1", "u:2")):
        users = make_rows("users", [{"user_id": user, "person_id": user}])
        assert lake.replace(USERS, users, f"print {number}").version == number
    sql_engine.expose("users", lake.scan(USERS))
    assert sql_engine.table("select user_id from users").column(0).to_pylist() == ["u:2"]
    assert lake.state(USERS).days == {WHOLE: Stamp(1, "print 1")}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop_columns("app"), r"columns missing: \['app'\]"),
        (lambda t: t.append_column("more", [["x"]]), r"not in the contract: \['more'\]"),
    ],
)
def test_other_columns_are_refused(lake: Lake, change: Any, says: str) -> None:
    with pytest.raises(SchemaError, match=says):
        lake.replace_days(KEY_EVENTS, change(rows(("a", FIRST))), {FIRST: "1"})


def test_a_null_where_none_may_be_is_refused(lake: Lake) -> None:
    empty = rows(("a", FIRST)).set_column(0, "app", pa.nulls(1, pa.string()))
    with pytest.raises((SchemaError, LakeError), match="app is null in 1 rows"):
        lake.replace_days(KEY_EVENTS, empty, {FIRST: "1"})
    assert Lake(lake.root).version(KEY_EVENTS) is None


def _append(root: Path, names: list[str]) -> None:
    """In another process: append a row each, reading the newest version every time."""
    append_each(Lake(root), names, FIRST)


def test_two_processes_lose_no_row(lake: Lake, ids: Any) -> None:
    """Without the run lock each commit either stands or raises; a retry brings every row once."""
    lake.append(KEY_EVENTS, rows(("start", FIRST)), [FIRST])
    names = [[f"{side}{number}" for number in range(4)] for side in "ab"]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append, args=(lake.root, part)) for part in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    lake.refresh()
    assert ids(lake) == sorted(["start", *names[0], *names[1]])


def test_a_stale_writer_is_refused(lake: Lake) -> None:
    """Who read version 0 may not commit onto version 1: its stamps would deny that commit."""
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})
    late = Lake(lake.root)
    assert late.version(KEY_EVENTS) == 0
    assert late.state(KEY_EVENTS).changed == 0
    lake.replace_days(KEY_EVENTS, rows(("b", SECOND)), {SECOND: "2"})
    with pytest.raises(LakeError, match="run again"):
        late.replace_days(KEY_EVENTS, rows(("c", FIRST)), {FIRST: "3"})


@pytest.fixture
def selected(sql_engine: Engine) -> Any:
    """The same rows as the engine has them: it writes the files itself."""

    def select(rows: pa.Table) -> Selected:
        sql_engine.relation("rows_to_write", rows)
        sql_engine.create("written_rows", "select * from rows_to_write")
        return Selected(sql_engine, "select * from written_rows")

    return select


def files(lake: Lake) -> list[str]:
    return sorted(path.name for path in lake.path(KEY_EVENTS).rglob("*.parquet"))


def test_files_of_the_engine_are_committed(lake: Lake, ids: Any, selected: Any) -> None:
    both = selected(rows(("a", FIRST), ("b", SECOND)))
    assert lake.replace_days(KEY_EVENTS, both, {FIRST: "1", SECOND: "1"}).rows == 2
    lake.replace_days(KEY_EVENTS, selected(rows(("c", SECOND))), {SECOND: "2"})
    assert ids(lake) == ["a", "c"]
    assert lake.append(KEY_EVENTS, selected(rows(("d", THIRD))), [THIRD]).version == 2
    lake.replace_days(KEY_EVENTS, selected(rows()), {FIRST: "3"})
    assert ids(lake) == ["c", "d"]
    assert lake.state(KEY_EVENTS).days["2026-03-01"] == Stamp(3, "3")
    stored = DeltaTable(str(lake.path(KEY_EVENTS))).to_pyarrow_table()
    assert stored.column("occurred_at").type == pa.timestamp("us", tz="UTC")
    assert stored.num_rows == 2


def test_files_that_break_the_contract_are_removed(lake: Lake, ids: Any, selected: Any) -> None:
    lake.replace_days(KEY_EVENTS, selected(rows(("a", FIRST))), {FIRST: "1"})
    before = files(lake)
    with pytest.raises(SchemaError, match="2026-03-03"):
        lake.replace_days(KEY_EVENTS, selected(rows(("c", THIRD))), {SECOND: "2"})
    nameless = rows(("c", SECOND)).set_column(1, "message_id", pa.array([None], pa.string()))
    with pytest.raises(SchemaError, match="message_id is null in 1 rows"):
        lake.replace_days(KEY_EVENTS, selected(nameless), {SECOND: "2"})
    dayless = rows(("c", SECOND))
    index = dayless.schema.get_field_index("day")
    dayless = dayless.set_column(index, "day", pa.array([None], pa.date32()))
    with pytest.raises(SchemaError, match="rows without a day"):
        lake.replace_days(KEY_EVENTS, selected(dayless), {SECOND: "2"})
    assert files(lake) == before
    assert ids(lake) == ["a"]


@pytest.mark.parametrize("mode", ["replace", "append"])
def test_files_of_a_stale_writer_are_refused(
    lake: Lake, ids: Any, selected: Any, mode: str
) -> None:
    """A write transaction from a stale handle would double a day in silence."""
    lake.replace_days(KEY_EVENTS, selected(rows(("a", FIRST))), {FIRST: "1"})
    late = Lake(lake.root)
    assert late.version(KEY_EVENTS) == 0
    lake.replace_days(KEY_EVENTS, selected(rows(("b", FIRST))), {FIRST: "2"})
    before = files(lake)
    with pytest.raises(LakeError, match="run again"):
        if mode == "replace":
            late.replace_days(KEY_EVENTS, selected(rows(("c", FIRST))), {FIRST: "3"})
        else:
            late.append(KEY_EVENTS, selected(rows(("c", FIRST))), [FIRST])
    lake.refresh()
    assert ids(lake) == ["b"]
    assert files(lake) == before
