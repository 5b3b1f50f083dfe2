"""Step `attribute`: conversions, and the credit of those that a change touches, in whole days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from whichhalf import sql
from whichhalf.attribute.credits import Rows, credited, judge
from whichhalf.attribute.histories import histories
from whichhalf.attribute.lookback import load_lookback
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.errors import BadDataError
from whichhalf.tables import TABLES

_PACKAGE = "whichhalf.attribute"
OUTPUTS = ("signups", "useful_sessions", "unattributed", "touch_credits", "conversions")
# Why models credit a conversion to nothing: known when its touches are judged, not before.
REASONS = ("reason", "reason_sourced", "reason_paid", "reason_install")
_COLUMNS = ", ".join(c.name for c in TABLES["conversions"].columns if c.name not in REASONS)


@dataclass(frozen=True)
class Outcome:
    """days: conversion days to replace. tables: what makes each output for these days."""

    days: Sequence[date]
    tables: Mapping[str, Rows]


def attribute(
    engine: Engine,
    config: Config,
    folder: Path,
    *,
    everything: bool = False,
    only: Sequence[date] = (),
) -> Outcome:
    """Compute the outputs for every conversion day that a change touches; or for `only` these.

    folder: of the project, to which paths of rule files are relative.
    Reads: key_events, installs, payments, loaded_conversions, rates, users, persons, session_parts,
    touches, excluded_visitors, sources; unless `everything` or `only`: old_conversions, and
    changed_visitors (visitor_key, changed_from), changed_persons (person_id, changed_from): whose
    history differs from what was consumed, and since when.
    """
    dialect = engine.flags.dialect
    engine.create("valued_payments", sql.load(_PACKAGE, "valued_payments").sql(dialect))
    purchases_from = config.attribute.purchases_from
    conversions = sql.load(_PACKAGE, "new_conversions")
    _refuse_unpriced(engine, config)
    engine.create("new_conversions", conversions.sql(dialect, purchases_from=purchases_from))
    if only:
        days = list(only)
    else:
        days = _all_days(engine) if everything else _touched_days(engine, config)
    engine.relation("wanted_days", pa.table({"day": pa.array(days, pa.date32())}))
    engine.create("wanted_conversions", sql.load(_PACKAGE, "wanted_conversions").sql(dialect))
    histories(engine, config)
    judge(engine, config, load_lookback(config.attribute, folder))
    tables = credited(engine, config)
    return Outcome(days, {**tables, "conversions": sql.load(_PACKAGE, "conversions").sql(dialect)})


def _refuse_unpriced(engine: Engine, config: Config) -> None:
    """A payment without a rate would vanish from revenue: say so instead."""
    missing = engine.table(
        "select currency, count(*) as row_count, min(attributed_at) as first_at"
        " from valued_payments where value is null group by currency order by currency limit 1"
    ).to_pylist()
    if missing:
        row = missing[0]
        raise BadDataError(
            f"payments: {row['row_count']} rows in {row['currency']} from"
            f" {row['first_at']:%Y-%m-%d} on have no rate to {config.report.currency}. Load quotes:"
            " a source of kind ecb_rates, or `whichhalf load rates FILE`."
        )


def _all_days(engine: Engine) -> list[date]:
    rows = engine.table("select distinct day from new_conversions order by day")
    days: list[date] = rows.column(0).to_pylist()
    return days


def _touched_days(engine: Engine, config: Config) -> list[date]:
    """Days on which a conversion differs from before, or belongs to a changed history."""
    new, old = (f"select {_COLUMNS} from {name}" for name in ("new_conversions", "old_conversions"))
    differing = f"({new} except all {old}) union all ({old} except all {new})"
    engine.create("differing_conversions", differing)
    touched = sql.load(_PACKAGE, "touched_days").sql(
        engine.flags.dialect, restart_cycles=config.attribute.restart_cycles
    )
    rows = engine.table(f"select day from ({touched}) as touched order by day")
    days: list[date] = rows.column(0).to_pylist()
    return days
