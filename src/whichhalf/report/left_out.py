"""What every report that counts visits must say: which visitors are in none of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from whichhalf.engines import Engine
from whichhalf.report.head import select

NEEDS = ("session_parts", "excluded_visitors")


def left_out(engine: Engine, starts_at: datetime, ends_at: datetime) -> Iterator[str]:
    """Yield the note on visitors left out, if any came in the period. Reads NEEDS."""
    parameters = {"starts_at": starts_at, "ends_at": ends_at}
    row = engine.table(select(engine, "left_out", **parameters)).to_pylist()[0]
    count = row["visitor_count"]
    if count:
        yield (
            f"Left out as too heavy to be people: {count:,} visitor{'s' * (count > 1)} with"
            f" {row['event_count']:,} events in the period; none of their visits counts or takes"
            " credit. See: whichhalf dump excluded_visitors"
        )
