"""Money without an exchange rate is set aside when it is loaded, not lost when it is reported."""

from __future__ import annotations

from dataclasses import replace

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


def without_rate(lake: Lake, engine: Engine, config: Config, part: Parsed) -> Parsed:
    """Move rows whose currency has no rate on their day to `bad`, reason no_rate."""
    rows = part.rows
    if not rows.num_rows:
        return part
    days = rows.column(PRICED[part.table_name]).cast(pa.date32())
    currencies = rows.column("currency")
    foreign = pc.unique(currencies.drop_null()).to_pylist()
    if set(foreign) <= {config.report.currency}:
        return part
    bounds = pc.min_max(days).as_py()
    engine.expose("loaded_rates", lake.scan(TABLES["loaded_rates"]))
    dense = rates_between(engine, config, bounds["min"], bounds["max"])
    known = set(zip(dense["currency"].to_pylist(), dense["rate_on"].to_pylist(), strict=True))
    pairs = list(zip(currencies.to_pylist(), days.to_pylist(), strict=True))
    missing = [i for i, pair in enumerate(pairs) if pair[0] is not None and pair not in known]
    if not missing:
        return part
    bad = [_bad(part, index, pairs[index], config) for index in missing]
    kept = pc.invert(pc.is_in(pa.array(range(rows.num_rows)), pa.array(missing)))
    positions = None if part.positions is None else part.positions.filter(kept)
    return replace(part, rows=rows.filter(kept), bad=(*part.bad, *bad), positions=positions)


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
