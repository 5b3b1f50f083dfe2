"""Credits of the wanted conversions: their touches judged, weighed, and paid."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from whichhalf import sql
from whichhalf.attribute.lookback import Lookback
from whichhalf.config import Config
from whichhalf.engines import Engine

_PACKAGE = "whichhalf.attribute"

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


def weighed(engine: Engine, config: Config) -> str:
    """Materialise models, touch_weights and install_credits; return the SELECT of rule_credits."""
    dialect, settings = engine.flags.dialect, config.attribute
    models = pa.table({"model": list(MODELS), "credits": list(MODELS.values())})
    engine.relation("models", models)
    weights = sql.load(_PACKAGE, "touch_weights").sql(
        dialect,
        half_life_days=settings.half_life_days,
        first_share=settings.first_share,
        last_share=settings.last_share,
    )
    engine.create("touch_weights", weights)
    installs = sql.load(_PACKAGE, "install_credits").sql(
        dialect,
        install_click_lookback_days=settings.install_click_lookback_days,
        install_impression_lookback_days=settings.install_impression_lookback_days,
    )
    engine.create("install_credits", installs)
    return sql.load(_PACKAGE, "rule_credits").sql(dialect)


def credited(engine: Engine, config: Config) -> Mapping[str, str]:
    """Return the SELECTs of rule_credits, unattributed, signups and useful_sessions."""
    dialect, rule_credits = engine.flags.dialect, weighed(engine, config)
    engine.create("conversion_reasons", sql.load(_PACKAGE, "conversion_reasons").sql(dialect))
    engine.create("signup_sessions", sql.load(_PACKAGE, "signup_sessions").sql(dialect))
    engine.create("signup_touches", sql.load(_PACKAGE, "signup_touches").sql(dialect))
    gap = config.sessionize.session_gap_minutes
    return {
        "signups": sql.load(_PACKAGE, "signups").sql(dialect, session_gap_minutes=gap),
        "useful_sessions": sql.load(_PACKAGE, "useful_sessions").sql(dialect),
        "unattributed": sql.load(_PACKAGE, "unattributed").sql(dialect),
        "rule_credits": rule_credits,
    }
