"""Step `attribute`: conversions, and the credit of those that a change touches, in whole days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from whichhalf import sql
from whichhalf.attribute.credits import Rows, credited, judge
from whichhalf.attribute.histories import histories
from whichhalf.attribute.kept import with_kept
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
    stored: Callable[[Sequence[date]], None] | None = None,
) -> Outcome:
    """Compute the outputs for every conversion day that a change touches; or for `only` these.

    Only the conversions that a change affects are credited anew; what is stored of the others of
    their days is kept. folder: of the project, to which paths of rule files are relative.
    stored(days): makes stored_<output> of these days readable; asked for where neither `everything`
    nor `only` is wanted.
    Reads: key_events, installs, payments, loaded_conversions, rates, users, persons, session_parts,
    touches, excluded_visitors, sources; unless `everything` or `only`: old_conversions,
    old_useful_sessions, and changed_visitors (visitor_key, changed_from), changed_persons
    (person_id, changed_from): whose history differs from what was consumed, and since when.
    """
    dialect = engine.flags.dialect
    engine.create("valued_payments", sql.load(_PACKAGE, "valued_payments").sql(dialect))
    purchases_from = config.attribute.purchases_from
    conversions = sql.load(_PACKAGE, "new_conversions")
    _refuse_unpriced(engine, config)
    engine.create("new_conversions", conversions.sql(dialect, purchases_from=purchases_from))
    days = _want(engine, config, everything=everything, only=only)
    engine.create("wanted_conversions", sql.load(_PACKAGE, "wanted_conversions").sql(dialect))
    histories(engine, config)
    judge(engine, config, load_lookback(config.attribute, folder))
    found = credited(engine, config)
    found["conversions"] = sql.load(_PACKAGE, "conversions").sql(dialect)
    if everything or only or not days:
        return Outcome(days, found)
    assert stored is not None
    stored(days)
    return Outcome(days, with_kept(engine, found))


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


def _want(engine: Engine, config: Config, *, everything: bool, only: Sequence[date]) -> list[date]:
    """Materialise wanted_keys; return the days on which these conversions are, or were."""
    keys = "app, conversion_id, conversion_kind"
    if everything or only:
        if only:
            engine.relation("only_days", pa.table({"day": pa.array(only, pa.date32())}))
        chosen = " where day in (select day from only_days)" if only else ""
        engine.create("wanted_keys", f"select {keys} from new_conversions{chosen}")
        return list(only) or _days(engine, "new_conversions")
    new, old = (f"select {_COLUMNS} from {name}" for name in ("new_conversions", "old_conversions"))
    differing = f"({new} except all {old}) union all ({old} except all {new})"
    engine.create("differing_conversions", differing)
    affected = sql.load(_PACKAGE, "affected_conversions").sql(
        engine.flags.dialect,
        restart_cycles=config.attribute.restart_cycles,
        session_gap_minutes=config.sessionize.session_gap_minutes,
    )
    engine.create("affected_conversions", affected)
    engine.create("wanted_keys", f"select distinct {keys} from affected_conversions")
    return _days(engine, "affected_conversions")


def _days(engine: Engine, relation: str) -> list[date]:
    rows = engine.table(f"select distinct day from {relation} order by day")
    days: list[date] = rows.column(0).to_pylist()
    return days
