"""The conversions of one person: the money, every touch with its verdict, every model's credit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from whichhalf import sql
from whichhalf.attribute.credits import MODELS
from whichhalf.attribute.explain.verdicts import left_out, verdict
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.project import Project

Facts = dict[str, Any]

_FITTED = ("markov", "shapley_rate")
_OF_FIT = (
    "channel", "fitted_as", "weight", "is_too_few", "converting_paths", "other_paths", "base_rate",
)  # fmt: skip
# Where the original money of a conversion stands: its id, amount and currency, by source table.
_MONEY = {
    "payments": "select app, payment_id as id, version, payment_kind, amount, currency,"
    " refunded_payment_id from payments where payment_id in"
    " (select conversion_id from new_conversions) order by version, paid_at",
    "events": "select app, message_id as id, revenue as amount, currency from key_events"
    " where message_id in (select conversion_id from new_conversions)",
    "loaded_conversions": "select app, conversion_id as id, amount, currency"
    " from loaded_conversions where conversion_id in (select conversion_id from new_conversions)",
}


@dataclass(frozen=True)
class Told:
    """touches: of the person, in order. conversions: all of the person's, in order."""

    touches: list[Facts]
    conversions: list[Facts]


def conversion_facts(
    project: Project,
    engine: Engine,
    person: str,
    excluded: Sequence[Facts],
    sessions: Sequence[Facts],
) -> Told:
    """Return the person's touches and conversions.

    Reads: wanted_conversions, candidates, person_touches, part_sessions, wanted_touches,
    wanted_parts, person_installs, sources, credits, unattributed, model_fits, rates, and the
    tables that the conversions come from.
    """
    config = project.config
    touches = _touches(engine, person)
    rows = engine.table(
        "select * from wanted_conversions"
        " order by attributed_at, converted_at, conversion_id, conversion_kind, app"
    ).to_pylist()
    judged = _by(engine.table("select * from candidates").to_pylist(), "number")
    money, rates = _money(engine, rows), _rates(engine)
    models = _models(engine)
    installs = engine.table("select * from person_installs").to_pylist()
    conversions = []
    for row in rows:
        seen = {(item["app"], item["touch_id"]): item for item in judged[row["number"]]}
        conversions.append(
            {
                **_what(row),
                "session_number": _session(row, sessions, config),
                "money": _worth(row, money, rates, config),
                "install": _install(row, installs, config),
                "touches": [
                    touch | {"verdict": _verdict(touch, touches, seen, row, excluded, config)}
                    for touch in touches
                ],
                "models": models(row),
            }
        )
    return Told(touches, conversions)


def _by(rows: Iterable[Facts], *names: str) -> dict[Any, list[Facts]]:
    """Rows by the values of a column, or of several."""
    found: dict[Any, list[Facts]] = defaultdict(list)
    for row in rows:
        key = tuple(row[name] for name in names)
        found[key if len(names) > 1 else key[0]].append(row)
    return found


def _touches(engine: Engine, person: str) -> list[Facts]:
    """Every touch of the person once, in the order of time; `number` counts from 1."""
    query = sql.load("whichhalf.attribute.explain", "explained_touches").sql(engine.flags.dialect)
    rows = engine.table(
        f"select * from ({query}) as found order by touched_at, touch_id, app"
    ).to_pylist()
    own = [row for row in rows if row.pop("person_id") == person]
    return [{"number": number, **row} for number, row in enumerate(own, 1)]


def _verdict(
    touch: Facts,
    touches: Sequence[Facts],
    judged: Mapping[tuple[str, str], Facts],
    conversion: Facts,
    excluded: Sequence[Facts],
    config: Config,
) -> Facts:
    if touch["left_out_by"]:
        return left_out(touch, touches, excluded, config)
    return verdict(judged[touch["app"], touch["touch_id"]], conversion)


def _what(row: Facts) -> Facts:
    """What the conversion is, and the row that it comes from."""
    names = (
        "app", "conversion_id", "conversion_kind", "credited_kind", "converted_at",
        "attributed_at", "refers_to", "visitor_id", "user_id", "product_id", "quantity",
        "source_table",
    )  # fmt: skip
    return {name: row[name] for name in names}


def _session(row: Facts, sessions: Sequence[Facts], config: Config) -> int | None:
    """Number of the session that the conversion falls into, as candidates.sql has it."""
    gap = timedelta(minutes=config.sessionize.session_gap_minutes)
    for session in sessions:
        if session["started_at"] <= row["attributed_at"] <= session["ended_at"] + gap:
            number: int = session["session_number"]
            return number
    return None


def _install(row: Facts, installs: Sequence[Facts], config: Config) -> Facts | None:
    """The install whose credit model install_last_touch hands on, as install_credits.sql has it."""
    before = [
        install
        for install in installs
        if install["installed_at"] <= row["attributed_at"]
        and (row["conversion_kind"] != "install" or install["install_id"] == row["conversion_id"])
    ]
    if not before:
        return None
    before.sort(key=lambda install: str(install["app"]))
    latest = max(before, key=lambda install: (install["installed_at"], install["install_id"]))
    return {name: latest[name] for name in ("app", "install_id", "installed_at")} | {
        "click_lookback_days": config.attribute.install_click_lookback_days,
        "impression_lookback_days": config.attribute.install_impression_lookback_days,
    }


def _money(engine: Engine, rows: Sequence[Facts]) -> dict[tuple[str, str, str], Facts]:
    """Original money of the conversions: (source table, app, id) → its row; the last version."""
    return {
        (name, money["app"], money["id"]): money
        for name in sorted({row["source_table"] for row in rows} & set(_MONEY))
        for money in engine.table(_MONEY[name]).to_pylist()
    }


def _rates(engine: Engine) -> dict[tuple[str, Any], Facts]:
    """(currency, day) → its rate, on the days that the conversions are valued on."""
    rows = engine.table(
        "select currency, rate_on, rate, quoted_on, rate_source from rates"
        " where rate_on in (select cast(attributed_at as date) from new_conversions)"
    ).to_pylist()
    return {(row["currency"], row["rate_on"]): row for row in rows}


def _worth(
    row: Facts,
    money: Mapping[tuple[str, str, str], Facts],
    rates: Mapping[tuple[str, Any], Facts],
    config: Config,
) -> Facts:
    """Value in the reporting currency, and the original amount and rate behind it, if any."""
    original = money.get((row["source_table"], row["app"], row["conversion_id"]), {})
    rate = rates.get((original.get("currency", ""), row["attributed_at"].date()), {})
    named = original.get("refunded_payment_id")
    return {
        "value": row["value"],
        "currency": config.report.currency,
        "original_amount": original.get("amount"),
        "original_currency": original.get("currency"),
        "payment_kind": original.get("payment_kind"),
        "payment_version": original.get("version"),
        "charge_is_named": named == row["refers_to"] if row["refers_to"] else None,
        "rate": rate.get("rate"),
        "rate_on": rate.get("rate_on"),
        "rate_quoted_on": rate.get("quoted_on"),
        "rate_source": rate.get("rate_source"),
    }


def _models(engine: Engine) -> Any:
    """Return the function that gives the models of a conversion: credits, or why none."""
    key = ("app", "conversion_id", "conversion_kind")
    credits = _by(
        engine.table("select * from credits order by touched_at, touch_id").to_pylist(), *key
    )
    reasons = _by(engine.table("select * from unattributed").to_pylist(), *key)
    kinds = "(select credited_kind from wanted_conversions)"
    fits = engine.table(f"select * from model_fits where conversion_kind in {kinds}").to_pylist()

    def models(row: Facts) -> list[Facts]:
        this = tuple(row[name] for name in key)
        given, why = _by(credits[this], "model"), _by(reasons[this], "model")
        found = []
        for model in MODELS:
            weights = [
                {name: fit[name] for name in _OF_FIT}
                for fit in fits
                if fit["model"] == model and fit["conversion_kind"] == row["credited_kind"]
            ]
            shares = [
                {name: share[name] for name in ("app", "touch_id", "credit", "value")}
                for share in given[model]
            ]
            reason = why[model][0]["reason"] if why[model] else None
            found.append({"model": model, "credits": shares, "reason": reason, "fit": weights})
        return found

    return models
