"""What came of rows that were set aside, put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from whichhalf.collect.ad_costs.cost_rows import SCHEMA
from whichhalf.collect.reading import Bad, Parsed


def joined(parts: Sequence[Parsed], bad: Sequence[Bad]) -> Parsed:
    """Return one Parsed for several, and for the rows that could not even be taken apart."""
    rows = pa.concat_tables([SCHEMA.empty_table(), *(part.rows for part in parts)])
    dropped: Counter[str] = Counter()
    for part in parts:
        dropped += part.dropped
    return Parsed(
        "ad_costs",
        rows,
        len(bad) + sum(part.lines for part in parts),
        tuple(sorted([*bad, *(one for part in parts for one in part.bad)], key=_position)),
        dropped,
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        pa.concat_arrays([pa.array([], pa.int64()), *(part.positions for part in parts)]),
        sum(part.split for part in parts),
    )


def _position(one: Bad) -> int:
    return one.position
