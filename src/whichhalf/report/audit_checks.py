"""Reconciliations: what went into a table against what came out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from whichhalf import tables
from whichhalf.engines import Engine
from whichhalf.report.audit_line import Line, not_measured, parts_of, reconciled
from whichhalf.report.head import select

NEEDS = (
    *("events", "session_parts", "excluded_visitors", "conversions", "touch_credits", "credits"),
    *("unattributed", "payments", "rates", "ad_costs", "cost_days", "sources"),
)
MODEL = "last_paid"
# Models that learn; the others are the columns of touch_credits.
_FITTED = ("markov", "shapley_rate")


@dataclass(frozen=True)
class Period:
    """Days of [report] time_zone, both inclusive; their instants in UTC: [starts_at, ends_at)."""

    first_on: date
    last_on: date
    starts_at: datetime
    ends_at: datetime

    @property
    def instants(self) -> dict[str, datetime]:
        """The parameters of most .sql files."""
        return {"starts_at": self.starts_at, "ends_at": self.ends_at}

    @property
    def days(self) -> dict[str, date]:
        """The parameters of those that go by days."""
        return {"first_on": self.first_on, "last_on": self.last_on}


def every_model() -> list[str]:
    """Names of all models, as the contract has them."""
    names = (column.name for column in tables.table("touch_credits").columns)
    rules = [name.removesuffix("_credit") for name in names if name.endswith("_credit")]
    return [*rules, *_FITTED]


def events(engine: Engine, period: Period) -> Iterator[Line]:
    """Every event is in a session, of a visitor left out, or a server's call. By UTC days."""
    row = engine.table(select(engine, "audit_events", **period.days)).to_pylist()[0]
    parts = {
        "in sessions": row["in_sessions"],
        "of visitors left out as too heavy": row["excluded"],
        "calls of servers, which name no visitor": row["server_calls"],
    }
    yield reconciled(
        "events",
        "events loaded = events in sessions, left out, or of servers",
        (row["events"], sum(parts.values())),
        f"{parts_of(parts)}. Ids in [stitch] ignored_user_ids lose the id, not the event."
        " Days are UTC days.",
    )


def kinds(engine: Engine, period: Period) -> Iterator[Line]:
    """Touched + untouched = all, a line a kind of conversion."""
    for row in _rows(engine, "audit_kinds", "conversion_kind", **period.instants):
        parts = {"touched": row["touched"], "untouched": row["untouched"]}
        yield reconciled(
            "conversions",
            f"{row['conversion_kind']}: all = touched + untouched",
            (row["conversions"], sum(parts.values())),
            f"{parts_of(parts)}.",
        )


def models(engine: Engine, period: Period) -> Iterator[Line]:
    """Credited + unattributed = all, in count and in value; and each conversion is whole."""
    engine.relation("every_model", pa.table({"model": every_model()}))
    for row in _rows(engine, "audit_models", "model", **period.instants):
        model = row["model"]
        counts = {"credited": row["credited"], "not attributed": row["unattributed"]}
        yield reconciled(
            "credit",
            f"{model}: conversions = credited + not attributed",
            (row["conversions"], sum(counts.values())),
            f"{parts_of(counts)}.",
        )
        values = {"credited": row["credited_value"], "not attributed": row["left_value"]}
        yield reconciled(
            "credit",
            f"{model}: value of conversions = credited + not attributed",
            (row["value"], sum(values.values(), Decimal(0))),
            f"{parts_of(values)}. Of all kinds: a first purchase counts beside its purchase.",
        )
        yield reconciled(
            "credit",
            f"{model}: conversions = those that are whole",
            (row["conversions"], row["whole"]),
            "Whole: its credits sum to 1 and to its value, or it is not attributed; never both.",
        )


def payments(engine: Engine, period: Period, purchases_from: str) -> Iterator[Line]:
    """Payments, in count and in the reporting currency = the conversions made of them."""
    paid = value = Decimal(0)
    for row in _rows(engine, "audit_payments", "conversion_kind", **period.instants):
        kind = row["conversion_kind"]
        if purchases_from != "payments" and kind != "ad_revenue":
            yield not_measured(
                "payments",
                f"{kind}: payments = conversions",
                f"[attribute] purchases_from = {purchases_from!r}: payments of this kind make no"
                " conversion.",
                row["payments"],
            )
            continue
        paid, value = paid + row["paid"], value + row["value"]
        yield reconciled(
            "payments",
            f"{kind}: payments = conversions",
            (row["payments"], row["conversions"]),
            "Payments under their highest version; charges and subscriptions are purchases.",
        )
        yield reconciled(
            "payments",
            f"{kind}: money paid = value of conversions",
            (row["paid"], row["value"]),
            "In the reporting currency; refunds and chargebacks at the rate of their charge.",
        )
    yield reconciled(
        "payments",
        "charges − refunds − chargebacks = revenue",
        (paid, value),
        "Fees and taxes are no revenue, and not in it.",
    )


def spend(engine: Engine, period: Period) -> Iterator[Line]:
    """Spend in = spend out, matched + unmatched = all; credit matched to a campaign + not = all."""
    for row in _rows(engine, "audit_spend", "network"):
        yield reconciled(
            "spend",
            f"{row['network']}: ad_costs = cost_days",
            (row["reported"], row["spend"]),
            "Spend in the reporting currency, all of the history.",
        )
        yield reconciled(
            "spend",
            f"{row['network']}: clicks of ad_costs = of cost_days",
            (row["reported_clicks"], row["clicks"]),
            "All of the history.",
        )
    for row in _rows(engine, "audit_matched", "network", **period.days):
        parts = {"of campaigns with a touch": row["matched"], "without one": row["unmatched"]}
        yield reconciled(
            "spend",
            f"{row['network']}: spend = of campaigns with a touch + without",
            (row["spend"], sum(parts.values(), Decimal(0))),
            f"{parts_of(parts)}. A touch of any day counts.",
        )
    yield from _credited(engine, period)


def _credited(engine: Engine, period: Period) -> Iterator[Line]:
    query = select(engine, "audit_credited", model=MODEL, **period.instants)
    row = engine.table(query).to_pylist()[0]
    parts = {"matched to a campaign": row["matched"], "to none": row["unmatched"]}
    yield reconciled(
        "spend",
        f"{MODEL}: credited conversions = matched to a campaign + to none",
        (float(row["credited"]), float(sum(parts.values()))),
        f"{parts_of(parts)}. All kinds of conversions (attributed).",
    )


def _rows(engine: Engine, name: str, key: str, **parameters: object) -> list[dict[str, Any]]:
    rows = engine.table(select(engine, name, **parameters)).to_pylist()
    return sorted(rows, key=lambda row: str(row[key]))
