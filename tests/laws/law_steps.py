"""The steps of the core one after the other, over rows in memory: no lake, no runner."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from table_rows import make_rows, plain_times
from whichhalf import views
from whichhalf.attribute import conversions, histories, referrers
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.sessionize import parts
from whichhalf.stitch import persons
from whichhalf.tables import TABLES

Rows = Iterable[dict[str, Any]]
CONFIG = Config()
_INPUTS = ("events", "installs", "clicks", "impressions", "loaded_touches", "payments")
_INPUTS += ("loaded_conversions", "cut_edges")


def put_inputs(engine: Engine, **given: Rows) -> None:
    """Make every input readable; those not given are empty."""
    for name in _INPUTS:
        engine.relation(name, plain_times(make_rows(name, given.get(name, ()))))


def put_history(engine: Engine, config: Config = CONFIG) -> None:
    """From the inputs: edges, users, persons, parts, touches, and every person's sessions."""
    _put(engine, persons.identity_edges(engine, config))
    _put(engine, persons.persons(engine, config))
    ignored = partial(referrers.is_ignored, own_hosts=(), more=())
    made = parts.session_parts(
        engine, config, ignored_hosts=lambda hosts: [host for host in hosts if ignored(host)]
    )
    _put(engine, {name: made[name] for name in ("touches", "excluded_visitors", "session_parts")})
    engine.create("wanted_parts", "select * from session_parts")
    histories.coalesce_sessions(engine, config)


def put_credits(engine: Engine, config: Config = CONFIG) -> None:
    """From inputs and history: conversions, credits, unattributed. Paid: medium cpc, and clicks."""
    _put(engine, parts.key_events(engine, config))
    engine.relation("rates", plain_times(make_rows("rates", _rates())))
    engine.create(
        "sources",
        "select source_key, coalesce(min(medium) = 'cpc'"
        " or min(touch_type) in ('click', 'impression'), false) as is_paid,"
        " min(source) as source, min(medium) as medium, min(campaign) as campaign,"
        " min(referrer_host) as referrer_host, case when min(touch_type) in ('click', 'impression')"
        " then min(touch_type) else coalesce(min(medium), 'none') end as channel"
        " from touches group by source_key",
    )
    _put(engine, conversions.attribute(engine, config, Path(), everything=True).tables)
    views.create(engine, config, "rule_credits")


def _rates() -> Rows:
    days = [f"2026-03-{day:02d}" for day in range(1, 20)]
    return [{"rate_on": day, "quoted_on": day, "currency": "USD", "rate": "1"} for day in days]


def _put(engine: Engine, outputs: Any) -> None:
    """Materialise outputs under their names; each may read relations that the next replaces."""
    tables = {
        name: engine.table(made) if isinstance(made, str) else made().read_all()
        for name, made in outputs.items()
    }
    for name, rows in tables.items():
        engine.relation(name, rows)


def read(engine: Engine, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """Sorted rows of a relation."""
    rows: pa.Table = engine.table(f"select {', '.join(columns)} from {name}")
    return sorted(zip(*(c.to_pylist() for c in rows.columns), strict=True), key=repr)


def everything(engine: Engine, name: str) -> list[tuple[Any, ...]]:
    """Sorted rows of a table of the contract, all its columns."""
    return read(engine, name, *TABLES[name].by_name)
