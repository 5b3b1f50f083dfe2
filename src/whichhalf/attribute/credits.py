"""Credits of the wanted conversions: their touches judged, weighed, and paid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain

import pyarrow as pa

from whichhalf import sql
from whichhalf.attribute.lookback import Lookback
from whichhalf.attribute.weights import touch_credits
from whichhalf.config import AttributeConfig, Config
from whichhalf.engines import Engine
from whichhalf.tables import TABLES

_PACKAGE = "whichhalf.attribute"
Rows = str | Callable[[], pa.RecordBatchReader]  # a SELECT, or what streams the rows when called

# Every model, with what it can credit: any touch, one with a source, a paid one, what an install
# inherits. Fitted models credit conversions by their fit, when read: see credits.sql.
MODELS: dict[str, str] = {
    "first": "touches",
    "last": "touches",
    "first_non_direct": "sourced",
    "last_non_direct": "sourced",
    "first_paid": "paid",
    "last_paid": "paid",
    "linear": "touches",
    "position": "touches",
    "time_decay": "touches",
    "shapley": "touches",
    "install_last_touch": "installs",
    "markov": "sourced",
    "shapley_rate": "sourced",
}


def judge(engine: Engine, config: Config, lookback: Lookback, *, with_later: bool = False) -> None:
    """Materialise candidates: every touch of each wanted conversion, and why it may not count.

    Reads: wanted_conversions, new_conversions, person_touches, person_sessions, sources.
    with_later: touches after the conversion, too; they are refused, and only worth a story.
    """
    kinds = engine.table("select distinct credited_kind from wanted_conversions").column(0)
    channels = engine.table("select distinct channel from sources").column(0)
    engine.relation("lookbacks", lookback.table(kinds.to_pylist(), channels.to_pylist()))
    dialect, settings = engine.flags.dialect, config.attribute
    candidates = sql.load(_PACKAGE, "candidates").sql(
        dialect,
        strict_before=settings.strict_before,
        count_direct=settings.count_direct,
        count_converting_session=settings.count_converting_session,
        restart_cycles=settings.restart_cycles,
        session_gap_minutes=config.sessionize.session_gap_minutes,
        with_later=with_later,
    )
    engine.create("candidates", candidates)
    if settings.click_beats_impression:
        engine.create("unbeaten", sql.load(_PACKAGE, "beaten_impressions").sql(dialect))
        engine.drop("candidates")
        engine.create("candidates", "select * from unbeaten")
        engine.drop("unbeaten")


def weighed(engine: Engine, config: Config) -> Callable[[], pa.RecordBatchReader]:
    """Materialise models and install_credits; return what streams touch_credits."""
    dialect, settings = engine.flags.dialect, config.attribute
    models = pa.table({"model": list(MODELS), "credits": list(MODELS.values())})
    engine.relation("models", models)
    installs = sql.load(_PACKAGE, "install_credits").sql(
        dialect,
        install_click_lookback_days=settings.install_click_lookback_days,
        install_impression_lookback_days=settings.install_impression_lookback_days,
    )
    engine.create("install_credits", installs)
    return partial(_touch_credits, engine, settings)


def credited(engine: Engine, config: Config) -> dict[str, Rows]:
    """Return what makes touch_credits, unattributed, signups and useful_sessions."""
    dialect, stream = engine.flags.dialect, weighed(engine, config)
    engine.create("conversion_reasons", sql.load(_PACKAGE, "conversion_reasons").sql(dialect))
    engine.create("signup_sessions", sql.load(_PACKAGE, "signup_sessions").sql(dialect))
    engine.create("signup_touches", sql.load(_PACKAGE, "signup_touches").sql(dialect))
    gap = config.sessionize.session_gap_minutes
    return {
        "signups": sql.load(_PACKAGE, "signups").sql(dialect, session_gap_minutes=gap),
        "useful_sessions": sql.load(_PACKAGE, "useful_sessions").sql(dialect),
        "unattributed": sql.load(_PACKAGE, "unattributed").sql(dialect),
        "touch_credits": stream,
    }


def _touch_credits(engine: Engine, settings: AttributeConfig) -> pa.RecordBatchReader:
    """Stream table touch_credits."""
    columns = "number, day, app, conversion_id, conversion_kind, person_id, converted_at,"
    conversions = engine.table(
        f"select {columns} attributed_at, value from wanted_conversions order by number"
    )
    touches = engine.query(sql.load(_PACKAGE, "credited_touches").sql(engine.flags.dialect))
    rows = touch_credits(conversions, touches, settings)
    first = next(rows, None)
    schema = TABLES["touch_credits"].arrow if first is None else first.schema
    return pa.RecordBatchReader.from_batches(schema, chain(() if first is None else (first,), rows))
