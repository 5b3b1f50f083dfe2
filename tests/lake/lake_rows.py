"""Rows of key_events for tests of the lake, and a process that appends some among others."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from table_rows import make_rows
from whichhalf.errors import LakeError
from whichhalf.lake import Lake
from whichhalf.tables import TABLES


def rows(*given: tuple[str, date]) -> pa.Table:
    """Rows of key_events: (message id, day)."""
    return make_rows(
        "key_events",
        [
            {"message_id": name, "event_kind": "login", "occurred_at": f"{day} 10:00:00"}
            for name, day in given
        ],
    )


def append_each(lake: Lake, names: list[str], day: date) -> None:
    """Append a row each; where another process was first, read the newest version and try again."""
    for name in names:
        for _ in range(50):
            try:
                lake.append(TABLES["key_events"], rows((name, day)), [day])
                break
            except LakeError:
                lake.refresh()
        else:
            raise AssertionError("never got through")
