"""The ECB's history where it is written as the ECB writes it: columns of numbers, straight to rows.

Files with anything odd in them go cell by cell instead (rates.py), with the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.cells import Cells
from whichhalf.collect.currencies import is_currency
from whichhalf.collect.reading import EARLIEST, Parsed
from whichhalf.tables.inputs import RATES_LOADED
from whichhalf.tables.schema import ARROW_TYPES

ECB = "ecb"
BEFORE_2000, OVER_999999 = "before_2000", "over_999999"  # steps that drop a quote
LARGE = "^[0-9]{7}"
_NOT_QUOTED = ("N/A", "-", "")
_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_UNITS = r"^[0-9]{1,6}(\.[0-9]{1,12})?$"
_RATE = ARROW_TYPES["rate"]


def is_quoted(units: pa.Array) -> pa.Array:
    """Whether each cell says anything."""
    return pc.invert(pc.is_in(pc.coalesce(units, pa.scalar("")), pa.array(_NOT_QUOTED)))


def plain_quotes(
    wide: Cells, fixed: Sequence[pa.Table], priority: int, now: datetime
) -> Parsed | None:
    """Return the rows of a history; None where one of its cells needs a closer look.

    wide: a column `date`, and one a currency. fixed: cells of further quotes, none before 2000.
    """
    days = _days(wide.columns["date"], now)
    names = [name for name in wide.columns if len(name) == 3]
    if days is None or not all(name.isascii() and is_currency(name.upper()) for name in names):
        return None
    timely = pc.greater_equal(days, EARLIEST.date())
    dropped: Counter[str] = Counter()
    parts = []
    for name in names:
        units, quoted = wide.columns[name], is_quoted(wide.columns[name])
        large = pc.fill_null(pc.match_substring_regex(units, LARGE), False)
        dropped[BEFORE_2000] += pc.sum(pc.and_not(quoted, timely)).as_py() or 0
        quoted = pc.and_(quoted, timely)
        dropped[OVER_999999] += pc.sum(pc.and_(quoted, large)).as_py() or 0
        parts.append((name.upper(), units, pc.and_not(quoted, large)))
    read = [_quotes(currency, days, units, kept, wide) for currency, units, kept in parts]
    if any(one is None for one in read):
        return None
    return _parsed(wide, [*read, *map(_fixed, fixed)], priority, +dropped)


def _days(cells: pa.Array, now: datetime) -> pa.Array | None:
    """The days; None where one is odd, comes twice, or is still to come."""
    if cells.null_count or not pc.all(pc.match_substring_regex(cells, _DAY)).as_py():
        return None
    try:
        days = cells.cast(pa.date32())
    except pa.ArrowInvalid:  # a 30th of February
        return None
    is_past = pc.all(pc.less_equal(days, now.date())).as_py()
    return days if is_past and pc.count_distinct(days).as_py() == len(days) else None


def _quotes(
    currency: str, days: pa.Array, units: pa.Array, kept: pa.Array, wide: Cells
) -> pa.Table | None:
    """The quotes of one currency; None where one is no plain number above 0."""
    units = units.filter(kept)
    if not pc.all(pc.match_substring_regex(units, _UNITS), min_count=0).as_py():
        return None
    rates = units.cast(_RATE)
    if pc.any(pc.less_equal(rates, 0), min_count=0).as_py():
        return None
    positions = pa.array(np.asarray(wide.positions), pa.int64())
    return _rows(currency, days.filter(kept), rates, positions.filter(kept))


def _fixed(cells: pa.Table) -> pa.Table:
    """Rows of cells that are known to be plain."""
    currency = cells["currency"][0].as_py() if len(cells) else ""
    days, rates = cells["quoted_on"].cast(pa.date32()), cells["units_per_base"].cast(_RATE)
    return _rows(currency, days, rates, cells["position"])


def _rows(currency: str, days: pa.Array, rates: pa.Array, positions: pa.Array) -> pa.Table:
    columns = {"quoted_on": days, "units_per_base": rates, "position": positions}
    return pa.table({"currency": pa.repeat(currency, len(days)), **columns})


def _parsed(wide: Cells, parts: Sequence[pa.Table], priority: int, dropped: Counter[str]) -> Parsed:
    quotes = pa.concat_tables(parts).combine_chunks()
    constants = {"rate_source": ECB, "base": "EUR", "priority": priority}
    columns = {name: pa.repeat(value, len(quotes)) for name, value in constants.items()}
    columns |= {name: quotes[name] for name in quotes.column_names}
    bad = tuple(sorted(wide.bad, key=lambda row: row.position))
    dropped = wide.dropped + dropped
    return Parsed(
        RATES_LOADED.name,
        pa.table([columns[name] for name in RATES_LOADED.arrow.names], schema=RATES_LOADED.arrow),
        len(quotes) + len(bad) + dropped.total(),
        bad,
        dropped,
        positions=quotes["position"].combine_chunks(),
    )
