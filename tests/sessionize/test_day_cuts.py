"""Days that are cut from files: read right, within memory, and said where they cannot be read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from table_rows import make_project, make_rows
from whichhalf import pipeline
from whichhalf.engines import Limits, Scan
from whichhalf.errors import EngineError
from whichhalf.project import Project
from whichhalf.sessionize import day_cuts
from whichhalf.tables import TABLES

DAY = date(2026, 3, 1)


def event(number: int, **values: Any) -> dict[str, Any]:
    return {
        "app": "web",
        "message_id": f"m{number}",
        "visitor_id": f"a:{number % 3}",
        "occurred_at": f"2026-03-0{1 + number % 2}T10:{number:02d}:00Z",
        "call": "page",
        "url": "https://x.io/blog/1",
        "url_path": "/blog/1",
        **values,
    }


EVENTS = [
    event(0),
    event(1, source="news"),
    event(2, user_id="u:1"),
    event(30, referrer_host="x.org"),
    event(32, source="news", user_id="u:2"),
    event(41, visitor_id=None, user_id="u:1", call="track"),
]


def scan(folder: Path, *tables: pa.Table) -> Scan:
    files = []
    for number, table in enumerate(tables):
        path = folder / f"{number}.parquet"
        pq.write_table(table, path)
        files.append((str(path), DAY))
    return Scan(str(folder), 0, TABLES["events"].arrow, tuple(files))


def test_files_of_a_day_are_one_day(tmp_path: Path) -> None:
    """Also where one is older than some columns, and one has no event of a visitor."""
    rows = make_rows("events", [event(0), event(10), event(2)]).drop_columns("day")
    older = rows.slice(0, 1).drop_columns(["utm_id", "os"])
    server = make_rows("events", [event(4, visitor_id=None, user_id="u:1")]).drop_columns("day")
    both = scan(tmp_path, older, rows.slice(1), server)
    read = day_cuts.read(both, [path for path, _day in both.files])
    assert read.column_names == list(day_cuts.COLUMNS)
    assert read["message_id"].to_pylist() == ["m0", "m10", "m2", "m4"]
    assert read["utm_id"].null_count == 4


def test_as_many_days_at_once_as_fit(tmp_path: Path) -> None:
    rows = make_rows("events", [event(n) for n in range(0, 40, 2)]).drop_columns("day")
    one_day = scan(tmp_path, rows, rows)
    needed = 40 * day_cuts.EVENT_BYTES
    fitting = [
        day_cuts.fitting_threads(one_day, Limits(memory, 4, tmp_path))
        for memory in (needed - 1, needed, 3 * needed, 9 * needed)
    ]
    assert fitting == [0, 1, 3, 4]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = scan(tmp_path, make_rows("events", [event(0)]).drop_columns("day"))
    path = Path(broken.files[0][0])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(EngineError, match=path.name):
        day_cuts.read(broken, [str(path)])


def run(folder: Path) -> dict[str, list[dict[str, Any]]]:
    project, rows = make_project(folder), make_rows("events", EVENTS)
    with project.lock():
        project.lake.append(TABLES["events"], rows, sorted(set(rows["day"].to_pylist())))
        pipeline.run(project, until="session_parts")
    return {name: stored(project, name) for name in day_cuts.OUTPUTS}


def stored(project: Project, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = project.newest(name).to_pylist()
    return rows


def test_days_too_large_for_memory_are_cut_by_sql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_arrays = run(tmp_path / "arrays")
    monkeypatch.setattr(day_cuts, "EVENT_BYTES", 10**15)
    monkeypatch.setattr(day_cuts, "cut_days", None)  # nothing calls it
    assert run(tmp_path / "sql") == by_arrays
    assert [len(rows) for rows in by_arrays.values()] == [5, 3, 0]
