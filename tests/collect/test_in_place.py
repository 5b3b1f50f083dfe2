"""Parquet files that become part of the lake as they are: linked, checked by footers, unread."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from table_rows import make_rows
from whichhalf import pipeline
from whichhalf.collect.in_place import load_in_place
from whichhalf.errors import BadDataError, SchemaError, UsageError
from whichhalf.tables import TABLES

EVENTS = TABLES["events"]


def file_of(folder: Path, name: str, *times: str) -> Path:
    """A file of events at these times, one visitor."""
    rows = make_rows(
        "events",
        [
            {"message_id": f"{name}{n}", "visitor_id": "a:1", "call": "page", "occurred_at": time}
            for n, time in enumerate(times)
        ],
    )
    path = folder / f"{name}.parquet"
    pq.write_table(rows.drop_columns(["day"]), path)
    return path


def test_files_are_linked_and_counted_once(tmp_path: Path, project_of) -> None:
    project = project_of("")
    files = [
        file_of(tmp_path, "one", "2026-03-01 00:00:00", "2026-03-01 23:59:59.999999"),
        file_of(tmp_path, "two", "2026-03-02 10:00:00"),
    ]
    told = load_in_place(project, "events", files)
    assert (told.files, told.lines, told.loaded) == (2, 3, 3) and told.adds_up
    linked = sorted(path for path, _day in project.lake.scan(EVENTS).files)
    assert [Path(path).stat().st_ino for path in linked] == [f.stat().st_ino for f in files]
    again = load_in_place(project, "events", files)
    assert (again.skipped_files, again.loaded) == (2, 0)
    pipeline.run(project)
    parts = project.table("session_parts").arrow()
    assert parts.column("part_id").to_pylist() == ["one0", "one1", "two0"]


def test_a_file_of_two_days_is_refused(tmp_path: Path, project_of) -> None:
    project = project_of("")
    good = file_of(tmp_path, "good", "2026-03-01 10:00:00")
    both = file_of(tmp_path, "both", "2026-03-01 10:00:00", "2026-03-02 10:00:00")
    with pytest.raises(BadDataError, match="2026-03-01 to 2026-03-02"):
        load_in_place(project, "events", [good, both])
    assert not project.lake.days(EVENTS)


def test_columns_of_another_kind_are_refused(tmp_path: Path, project_of) -> None:
    project = project_of("")
    good = file_of(tmp_path, "good", "2026-03-01 10:00:00")
    bare = tmp_path / "bare.parquet"
    pq.write_table(pq.read_table(good).drop_columns(["url"]), bare)
    with pytest.raises(SchemaError, match="url"):
        load_in_place(project, "events", [good, bare])
    assert not list((project.folder / "lake").rglob("*.parquet"))


def test_nulls_where_none_may_be_are_refused(tmp_path: Path, project_of) -> None:
    project = project_of("")
    rows = pq.read_table(file_of(tmp_path, "good", "2026-03-01 10:00:00"))
    index = rows.schema.get_field_index("call")
    nameless = tmp_path / "nameless.parquet"
    pq.write_table(rows.set_column(index, "call", pa.array([None], pa.string())), nameless)
    with pytest.raises(SchemaError, match="call is null in 1 rows"):
        load_in_place(project, "events", [nameless])


def test_tables_without_days_are_refused(tmp_path: Path, project_of) -> None:
    with pytest.raises(UsageError, match="only tables with days"):
        load_in_place(project_of(""), "products", [tmp_path / "x.parquet"])
