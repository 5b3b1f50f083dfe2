"""Compaction changes nothing that is read; vacuum takes nothing that somebody may still read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from lake_rows import rows

from table_rows import make_rows
from whichhalf.engines import Engine
from whichhalf.errors import LakeError
from whichhalf.lake import Lake, Place
from whichhalf.lake.history import history
from whichhalf.lake.snapshots import Snapshots
from whichhalf.lake.upkeep import compact, small_files, vacuum
from whichhalf.project import Project, instant
from whichhalf.tables import TABLES

KEY_EVENTS, CAMPAIGNS = TABLES["key_events"], TABLES["loaded_campaigns"]
FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Ten files of the first day, two of the second."""
    lake = Lake(tmp_path / "lake")
    for number in range(10):
        lake.append(KEY_EVENTS, rows((f"a{number}", FIRST)), [FIRST])
    for number in range(2):
        lake.append(KEY_EVENTS, rows((f"b{number}", SECOND)), [SECOND])
    return lake


def read(engine: Engine, lake: Lake, version: int | None = None) -> pa.Table:
    engine.expose("key_events", lake.scan(KEY_EVENTS, version))
    columns = ", ".join(KEY_EVENTS.by_name)
    return engine.table(f"select {columns} from key_events order by message_id")


def paths(lake: Lake) -> set[str]:
    return {name for name in lake.place(KEY_EVENTS).sizes() if name.endswith(".parquet")}


def test_small_files_of_a_day_become_one(lake: Lake, sql_engine: Engine) -> None:
    before, state = read(sql_engine, lake), lake.state(KEY_EVENTS)
    assert small_files(lake, KEY_EVENTS, 8).keys() == {FIRST}
    done = compact(lake, [KEY_EVENTS, TABLES["users"]], at_least=8)
    assert [(one.table, one.days, one.before, one.after, one.left) for one in done] == [
        ("key_events", 1, 10, 1, 0)
    ]
    assert len(lake.scan(KEY_EVENTS).files) == 3
    assert read(sql_engine, lake).equals(before)
    assert lake.state(KEY_EVENTS) == Lake(lake.root).state(KEY_EVENTS) == state
    assert compact(lake, [KEY_EVENTS], at_least=8) == []


def test_compacted_files_keep_the_types_of_the_contract(lake: Lake) -> None:
    compact(lake, [KEY_EVENTS], at_least=2)
    assert len(lake.scan(KEY_EVENTS).files) == 2
    stored = DeltaTable(str(lake.path(KEY_EVENTS))).to_pyarrow_table()
    assert {f.name: f.type for f in stored.schema} == {f.name: f.type for f in KEY_EVENTS.arrow}
    lake.append(KEY_EVENTS, rows(("c", FIRST)), [FIRST])
    assert lake.state(KEY_EVENTS).days["2026-03-01"].version == 13


def test_a_table_without_days_is_compacted(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    for number in range(3):
        row = {"network": "meta", "campaign_id": str(number)}
        lake.append(CAMPAIGNS, make_rows("loaded_campaigns", [row]))
    assert [(one.days, one.after) for one in compact(lake, [CAMPAIGNS], at_least=3)] == [(1, 1)]
    assert DeltaTable(str(lake.path(CAMPAIGNS))).to_pyarrow_table().num_rows == 3


def test_compaction_keeps_to_its_time(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whichhalf.lake.upkeep.BATCH_DAYS", 1)
    ticks: Iterator[int] = count()
    done = compact(lake, [KEY_EVENTS], at_least=2, seconds=2, clock=lambda: float(next(ticks)))
    assert [(one.days, one.left) for one in done] == [(1, 1)]
    assert len(lake.scan(KEY_EVENTS).files) == 3  # the fullest day went first


def test_vacuum_keeps_what_is_needed(lake: Lake, sql_engine: Engine) -> None:
    needed = read(sql_engine, lake, 4)
    compact(lake, [KEY_EVENTS], at_least=2)
    orphan = lake.path(KEY_EVENTS) / "day=2026-03-01" / "of-a-killed-run.parquet"
    orphan.write_bytes(b"half of a fi")
    told = vacuum(lake, KEY_EVENTS, {4}, dry_run=True)
    assert told is not None
    assert (told.files, told.versions) == (8, 0)  # five of the first day, two of the second, orphan
    assert told.size > 0
    assert orphan.exists()
    assert vacuum(lake, KEY_EVENTS, {4}) == told
    assert not orphan.exists()
    assert read(sql_engine, lake, 4).equals(needed)
    assert read(sql_engine, lake).num_rows == 12
    assert len(paths(lake)) == 5 + 2
    assert vacuum(lake, TABLES["users"], set()) is None


def test_a_version_whose_files_are_gone_is_refused_with_its_name(lake: Lake) -> None:
    compact(lake, [KEY_EVENTS], at_least=2)
    vacuum(lake, KEY_EVENTS, set())
    with pytest.raises(LakeError, match=r"key_events: version 4 .*day 2026-03-01.*vacuumed"):
        lake.scan(KEY_EVENTS, 4)


def test_the_log_is_cut_before_a_checkpoint(lake: Lake, sql_engine: Engine) -> None:
    DeltaTable(str(lake.path(KEY_EVENTS))).create_checkpoint()
    lake.append(KEY_EVENTS, rows(("c", SECOND)), [SECOND])
    state, before = lake.state(KEY_EVENTS), read(sql_engine, lake)
    assert vacuum(lake, KEY_EVENTS, {9}).versions == 0
    told = vacuum(lake, KEY_EVENTS, {12})
    assert told is not None
    assert told.versions == 11  # 0 to 10; 11 is the checkpoint's
    again = Lake(lake.root)
    assert again.state(KEY_EVENTS) == state
    assert read(sql_engine, again).equals(before)
    assert read(sql_engine, again, 12).num_rows == 13
    again.append(KEY_EVENTS, rows(("d", SECOND)), [SECOND])
    assert read(sql_engine, again).num_rows == 14
    delta = again.open(KEY_EVENTS)
    assert [entry.version for entry in history(again.place(KEY_EVENTS), delta)][-1] == 11


def test_history_tells_what_each_commit_did(lake: Lake) -> None:
    lake.replace_days(KEY_EVENTS, rows(("x", SECOND)), {SECOND: "1"})
    compact(lake, [KEY_EVENTS], at_least=2)
    delta = lake.open(KEY_EVENTS)
    told = history(lake.place(KEY_EVENTS), delta, 3)
    assert [(e.version, e.operation, e.days, e.rows_added) for e in told] == [
        (13, "OPTIMIZE", ("2026-03-01",), 10),
        (12, "WRITE", ("2026-03-02",), 1),
        (11, "WRITE", ("2026-03-02",), 1),
    ]
    assert [(e.files_added, e.files_removed) for e in told] == [(1, 10), (1, 2), (1, 0)]
    assert abs(told[0].committed_at - datetime.now(UTC)) < timedelta(minutes=1)


def morning(day: int, hour: int = 8) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_the_snapshot_in_force_answers(tmp_path: Path) -> None:
    kept = Snapshots(Place(str(tmp_path)))
    assert kept.newest() is None
    with pytest.raises(LakeError, match="no run ended well"):
        kept.as_of(morning(1))
    kept.publish({"events": 1}, morning(18))
    kept.publish({"events": 2}, morning(19))
    kept.publish({"events": 2}, morning(20))  # says the same: none of its own
    kept.publish({"events": 3}, morning(21))
    assert [one.number for one in kept.all()] == [1, 2, 3]
    assert kept.as_of(morning(19)).versions == {"events": 2}
    assert kept.as_of(morning(20, 23)).versions == {"events": 2}
    assert kept.as_of(morning(30)).number == 3
    with pytest.raises(LakeError, match="oldest that is kept was published at 2026-11-18 08:00"):
        kept.as_of(morning(17))
    assert [one.number for one in kept.kept_since(morning(20))] == [2, 3]
    assert [one.number for one in kept.kept_since(morning(30))] == [3]
    kept.drop([1])
    with pytest.raises(LakeError, match="Snapshots 1 to 1 were vacuumed"):
        kept.as_of(morning(18))
    assert kept.publish({"events": 4}, morning(22)).number == 4


def test_snapshots_of_the_old_format_are_read(tmp_path: Path) -> None:
    (tmp_path / "00000001.json").write_bytes(b'{"events":7}')
    found = Snapshots(Place(str(tmp_path))).newest()
    assert found is not None
    assert found.versions == {"events": 7}
    assert abs(found.published_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("when", "is_at"),
    [
        ("2026-11-20", "2026-11-20T22:59:59.999999+00:00"),
        ("2026-11-20T09:00", "2026-11-20T08:00:00+00:00"),
        ("2026-11-20T09:00:00+00:00", "2026-11-20T09:00:00+00:00"),
        ("2026-10-25", "2026-10-25T22:59:59.999999+00:00"),  # 25 hours long
    ],
)
def test_a_date_is_its_end_and_a_time_is_local(when: str, is_at: str) -> None:
    assert instant(when, "Europe/Berlin").astimezone(UTC).isoformat() == is_at


def put(project: Project, *given: tuple[str, date]) -> None:
    project.lake.replace_days(KEY_EVENTS, rows(*given), {day: "" for _name, day in given})


def seen(project: Project) -> list[str]:
    return project.table("key_events").arrow().column("message_id").to_pylist()


def test_vacuum_of_a_project_keeps_as_of_alive(project_of: Any) -> None:
    project: Project = project_of("[lake]\nkeep_days = 30")
    now = datetime.now(UTC)
    ages = {"oldest": 90, "in force": 40, "young": 20, "newest": 1}
    for name, age in ages.items():
        put(project, (name, FIRST))
        project.publish(now - timedelta(days=age))
    put(project, ("not published", FIRST))
    dropped, gone = project.vacuum()
    assert dropped == 1
    assert [(one.table, one.files) for one in gone] == [("key_events", 1)]
    for name in ("in force", "young", "newest"):
        project.as_of = now - timedelta(days=ages[name], seconds=-1)
        assert seen(project) == [name]
    project.as_of = now - timedelta(days=60)
    with pytest.raises(LakeError, match="vacuumed"):
        seen(project)
    project.as_of = None
    assert seen(project) == ["newest"]


def test_the_newest_snapshot_stays_however_old(project_of: Any) -> None:
    project: Project = project_of("[lake]\nkeep_days = 0")
    put(project, ("a", FIRST))
    project.publish(datetime.now(UTC) - timedelta(days=900))
    put(project, ("b", FIRST))
    assert project.vacuum()[0] == 0
    assert seen(project) == ["a"]


def test_snapshots_follow_compaction_and_no_load(project_of: Any) -> None:
    project: Project = project_of()
    for number in range(3):
        project.lake.append(KEY_EVENTS, rows((f"a{number}", FIRST)), [FIRST])
    project.publish()
    compact(project.lake, [KEY_EVENTS], at_least=2)
    project.publish_unchanged()
    assert project.snapshot() == {"key_events": 3}
    project.lake.append(KEY_EVENTS, rows(("b", FIRST)), [FIRST])
    compact(project.lake, [KEY_EVENTS], at_least=2)
    project.publish_unchanged()
    assert project.snapshot() == {"key_events": 3}
    assert seen(project) == ["a0", "a1", "a2"]
