"""Step `attribute`: conversions, and the credit of those that a change touches, in whole days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from whichhalf import sql
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.errors import BadDataError

_PACKAGE = "whichhalf.attribute"
OUTPUTS = ("signups", "useful_sessions", "unattributed", "credits", "conversions")


@dataclass(frozen=True)
class Outcome:
    """days: conversion days to replace. tables: SELECT of each output for these days."""

    days: Sequence[date]
    tables: Mapping[str, str]


def attribute(engine: Engine, config: Config, *, everything: bool) -> Outcome:
    """Compute the outputs for every conversion day that a change touches.

    Reads: key_events, installs, payments, loaded_conversions, rates, users, persons, session_parts,
    touches, excluded_visitors, sources; unless `everything`: old_conversions, and changed_visitors
    (visitor_key, changed_from), changed_persons (person_id, changed_from): whose history differs
    from what was consumed, and since when.
    """
    dialect = engine.flags.dialect
    engine.create("valued_payments", sql.load(_PACKAGE, "valued_payments").sql(dialect))
    purchases_from = config.attribute.purchases_from
    conversions = sql.load(_PACKAGE, "conversions").sql(dialect, purchases_from=purchases_from)
    _refuse_unpriced(engine, config)
    engine.create("new_conversions", conversions)
    days = _all_days(engine) if everything else _touched_days(engine)
    listed = ", ".join(f"date '{day}'" for day in days) or "date '1970-01-01'"
    engine.create("wanted_conversions", f"select * from new_conversions where day in ({listed})")
    _histories(engine, config)
    return Outcome(days, _credited(engine, config))


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


def _touched_days(engine: Engine) -> list[date]:
    """Days on which a conversion differs from before, or belongs to a changed history."""
    columns = (
        "day, app, conversion_id, conversion_kind, person_id, visitor_id, visitor_key, user_id,"
        " converted_at, attributed_at, refers_to, value, product_id, quantity, country, os,"
        " source_table"
    )
    new, old = (f"select {columns} from {name}" for name in ("new_conversions", "old_conversions"))
    rows = engine.table(
        f"select distinct day from (({new} except all {old}) union all ({old} except all {new}))"
        " union select distinct c.day from new_conversions as c inner join changed_visitors as v"
        " on c.visitor_key = v.visitor_key and c.attributed_at >= v.changed_from"
        " union select distinct c.day from new_conversions as c inner join changed_persons as p"
        " on c.person_id = p.person_id and c.attributed_at >= p.changed_from order by day"
    )
    days: list[date] = rows.column(0).to_pylist()
    return days


def _histories(engine: Engine, config: Config) -> None:
    """Materialise parts, sessions and touches of the persons who convert on these days."""
    engine.create("wanted_persons", "select distinct person_id from wanted_conversions")
    engine.create(
        "wanted_visitors",
        "select p.visitor_key from persons as p inner join wanted_persons as w"
        " on p.person_id = w.person_id union select visitor_key from wanted_conversions"
        " where visitor_key is not null",
    )
    engine.create(
        "wanted_users",
        "select u.user_id from users as u inner join wanted_persons as w"
        " on u.person_id = w.person_id union select user_id from wanted_conversions"
        " where user_id is not null",
    )
    engine.create(
        "wanted_parts",
        "select * from session_parts"
        " where visitor_key in (select visitor_key from wanted_visitors)",
    )
    engine.create(
        "wanted_touches",
        "select * from touches where visitor_key in (select visitor_key from wanted_visitors)"
        " union all select * from touches"
        " where visitor_key is null and user_id in (select user_id from wanted_users)",
    )
    engine.create(
        "person_installs",
        "select c.app, c.conversion_id as install_id, c.person_id, c.converted_at as installed_at"
        " from new_conversions as c where c.conversion_kind = 'install'"
        " and c.person_id in (select person_id from wanted_persons)",
    )
    coalesce_sessions(engine, config)
    engine.create("person_touches", sql.load(_PACKAGE, "person_touches").sql(engine.flags.dialect))


def coalesce_sessions(engine: Engine, config: Config) -> None:
    """From the parts wanted, materialise person_parts, part_sessions and person_sessions.

    Reads: wanted_parts, excluded_visitors, users, persons.
    """
    dialect = engine.flags.dialect
    engine.create("person_parts", sql.load(_PACKAGE, "person_parts").sql(dialect))
    gap = config.sessionize.session_gap_minutes
    numbered = sql.load(_PACKAGE, "part_sessions").sql(dialect, session_gap_minutes=gap)
    engine.create("part_sessions", numbered)
    engine.create("person_sessions", sql.load(_PACKAGE, "person_sessions").sql(dialect))


def _credited(engine: Engine, config: Config) -> Mapping[str, str]:
    dialect = engine.flags.dialect
    lookback = config.attribute.click_lookback_days
    credit = sql.load(_PACKAGE, "credits").sql(dialect, click_lookback_days=lookback)
    engine.create("new_credits", credit)
    engine.create("signup_sessions", sql.load(_PACKAGE, "signup_sessions").sql(dialect))
    gap = config.sessionize.session_gap_minutes
    return {
        "signups": sql.load(_PACKAGE, "signups").sql(dialect, session_gap_minutes=gap),
        "useful_sessions": sql.load(_PACKAGE, "useful_sessions").sql(dialect),
        "unattributed": sql.load(_PACKAGE, "unattributed").sql(dialect),
        "credits": "select * from new_credits",
        "conversions": "select * from wanted_conversions",
    }
