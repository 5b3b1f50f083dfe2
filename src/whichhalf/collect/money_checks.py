"""Money without an exchange rate is set aside when it is loaded, not lost when it is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.quotes import rates_between
from whichhalf.collect.reading import Bad, Parsed
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.lake import Lake
from whichhalf.tables import TABLES

PRICED = {"ad_costs": "local_on", "payments": "paid_at", "loaded_conversions": "converted_at"}


def without_rate(
    lake: Lake, engine: Engine, config: Config, parts: Sequence[Parsed]
) -> list[Parsed]:
    """Move rows whose currency has no rate on their day to `bad`, reason no_rate.

    parts: of one table, a key of PRICED. The rates are looked up once for all of them.
    """
    foreign = [part for part in parts if _currencies(part) - {config.report.currency}]
    if not foreign:
        return list(parts)
    days = pa.chunked_array([chunk for part in foreign for chunk in _days(part).chunks])
    bounds = pc.min_max(days).as_py()
    engine.expose("loaded_rates", lake.scan(TABLES["loaded_rates"]))
    dense = rates_between(engine, config, bounds["min"], bounds["max"])
    known = pc.unique(_pairs(dense["currency"], dense["rate_on"]))
    return [_checked(part, known, config) for part in parts]


def _currencies(part: Parsed) -> set[str]:
    return set(pc.unique(part.rows["currency"].drop_null()).to_pylist())


def _days(part: Parsed) -> pa.ChunkedArray:
    return part.rows[PRICED[part.table_name]].cast(pa.date32())


def _pairs(currencies: pa.ChunkedArray, days: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(currencies, days.cast(pa.string()), " ")


def _checked(part: Parsed, known: pa.Array, config: Config) -> Parsed:
    """The part without the rows whose currency is not known on their day."""
    currencies, days = part.rows["currency"], _days(part)
    if _currencies(part) <= {config.report.currency}:
        return part
    has_rate = pc.is_in(_pairs(currencies, days), value_set=known)
    kept = pc.or_(pc.is_null(currencies), has_rate)
    missing = np.flatnonzero(~kept.to_numpy()).tolist()
    if not missing:
        return part
    bad = [_bad(part, row, (currencies[row].as_py(), days[row].as_py()), config) for row in missing]
    positions = None if part.positions is None else part.positions.filter(kept.combine_chunks())
    return replace(part, rows=part.rows.filter(kept), bad=(*part.bad, *bad), positions=positions)


def _bad(part: Parsed, index: int, pair: tuple[str, object], config: Config) -> Bad:
    if part.positions is None:
        raise AssertionError(f"{part.table_name}: rows of money need their positions")
    currency, day = pair
    detail = (
        f"no rate {currency} → {config.report.currency} for {day} at most"
        f" {config.collect.max_rate_age_days} days old; load quotes, then"
        " `whichhalf quarantine replay --reason no_rate`"
    )
    cells = {k: v for k, v in part.rows.slice(index, 1).to_pylist()[0].items() if v is not None}
    return Bad(
        part.positions[index].as_py(), "no_rate", detail, orjson.dumps(cells, default=str).decode()
    )
