"""Two engines by turns on one lake on S3: the same rows, one protocol of commits."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from table_rows import make_rows
from whichhalf.engines import open_engine
from whichhalf.engines.base import Limits
from whichhalf.lake import Lake, Place, Selected, s3
from whichhalf.tables import TABLES

KEY_EVENTS = TABLES["key_events"]
FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)


def test_engines_alternate_on_s3(local_spark: str, s3_lake: str, tmp_path: Path) -> None:
    lake = Lake(Place(s3_lake, s3.options(os.environ)), lambda: None)
    cells = {"event_kind": "login", "visitor_id": "a:1"}
    days = [FIRST, FIRST, SECOND]
    given = [
        cells | {"message_id": f"m{n}", "occurred_at": f"{day} 23:59:59.999999"}
        for n, day in enumerate(days)
    ]
    lake.replace_days(KEY_EVENTS, make_rows("key_events", given), {FIRST: "1", SECOND: "1"})
    found = []
    for turn, url in enumerate((local_spark, "duckdb", local_spark)):
        engine = open_engine(url, Limits(2**30, 1, tmp_path / "spill"))
        try:
            engine.expose("key_events", lake.scan(KEY_EVENTS))
            columns = ", ".join(KEY_EVENTS.by_name)
            query = f"select {columns} from key_events order by message_id"
            found.append(engine.table(query).to_pylist())
            chosen = Selected(engine, f"select {columns} from key_events where message_id <> 'm1'")
            lake.replace_days(KEY_EVENTS, chosen, {FIRST: f"{turn}", SECOND: f"{turn}"})
        finally:
            engine.close()
    assert [[row["message_id"] for row in rows] for rows in found] == [
        ["m0", "m1", "m2"], ["m0", "m2"], ["m0", "m2"],
    ]  # fmt: skip
    assert found[0][0] == found[1][0] == found[2][0]
    assert found[1] == found[2]
    assert lake.version(KEY_EVENTS) == 3
