"""What the engine found for report `models`: rows with spend, credits by model, and fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.errors import UsageError, nearest
from whichhalf.report import campaign_labels
from whichhalf.report.head import select
from whichhalf.report.looked_up import Dimension
from whichhalf.report.query import MODELS, Query

# reason, is_matched, network, account_id, campaign_id, ad_set_id, ad_id, part
Key = tuple[Any, ...]
KEY = (
    *("reason", "is_matched", "network", "account_id", "campaign_id", "ad_set_id"),
    *("ad_id", "part"),
)
_NO_CREDIT = (0.0, Decimal(0))


@dataclass(frozen=True)
class Found:
    """What the engine found.

    costs: row → spend and cost rows, of any day. credits: (model, row) → conversions and value.
    names: row → latest names. fits: (model, channel) → row of models_fits. reasons: (model, reason)
    ever found. total: conversions and value of the period. spend: None without any costs.
    unexplained: conversions by model that are neither credited nor explained.
    """

    costs: Mapping[Key, Mapping[str, Any]]
    credits: Mapping[tuple[str, Key], tuple[float, Decimal]]
    names: Mapping[Key, Mapping[str, Any]]
    fits: Mapping[tuple[str, str], Mapping[str, Any]]
    reasons: frozenset[tuple[str, str]]
    total: tuple[int, Decimal]
    spend: Decimal | None
    unexplained: Mapping[str, int]

    def credit(self, model: str, key: Key) -> tuple[float, Decimal]:
        """Conversions and value of a row; 0 is measured as none."""
        return self.credits.get((model, key), _NO_CREDIT)

    @property
    def keys(self) -> list[Key]:
        """Rows that were spent on in the period, credited, or fitted, each once."""
        spent = [key for key, row in self.costs.items() if row["cost_rows"] > 0]
        credited = [key for _model, key in self.credits if not key[0]]
        fitted = [("", 1, "", "", "", "", "", channel) for _model, channel in self.fits]
        return list(dict.fromkeys([*spent, *credited, *fitted]))


def find(
    engine: Engine, query: Query, dimension: Dimension, starts_at: datetime, ends_at: datetime
) -> Found:
    """Count everything once, for all models at once."""
    _check_kind(engine, query.kind)
    _place(engine, query, dimension, starts_at, ends_at)
    names = {}
    if dimension.is_own:
        names = {("", *_key(row)[1:]): row for row in _rows(engine, select(engine, "row_keys"))}
    first, last = query.period
    days = {"first_on": first, "last_on": last}
    costs = _rows(engine, select(engine, "total_costs", **days))[0]
    total = _rows(engine, "select count(*) as found, sum(value) as value from models_asked")[0]
    return Found(
        costs={("", 1, *_key(row)[2:]): row for row in _rows(engine, "select * from row_costs")},
        credits=_credits(engine),
        names=names,
        fits=_fits(engine, query, dimension),
        reasons=_reasons(engine),
        total=(total["found"], total["value"] or Decimal(0)),
        spend=costs["spend"] if costs["ever"] else None,
        unexplained=_unexplained(engine),
    )


def _check_kind(engine: Engine, kind: str) -> None:
    """Refuse a kind that no conversion has; a project without any is reported as empty."""
    rows = _rows(engine, "select distinct conversion_kind as kind from conversions order by kind")
    kinds = [row["kind"] for row in rows]
    if kinds and kind not in kinds:
        raise UsageError(
            f"--kind {kind!r}: no conversion is of that kind.{nearest(kind, kinds)}"
            f" Found: {', '.join(kinds)}."
        )


def _place(
    engine: Engine, query: Query, dimension: Dimension, starts_at: datetime, ends_at: datetime
) -> None:
    """Make models_asked, credited_items, placed_items and row_costs readable."""
    asked = {"kind": query.kind, "starts_at": starts_at, "ends_at": ends_at}
    engine.relation("report_models", pa.table({"model": list(MODELS)}))
    engine.create("acquisitions", select(engine, "acquisitions"))
    engine.create("models_asked", select(engine, "models_asked", **asked))
    items = select(engine, "models_items", by=dimension.base, **asked)
    engine.create("credited_items", items)
    first, last = query.period
    placed = select(engine, "placed_items", by=dimension.base)
    costing = select(engine, "row_costs", by=dimension.base, first_on=first, last_on=last)
    if not dimension.is_own:
        campaign_labels.relabel(engine, dimension, placed, costing)
        return
    engine.create("own_items", placed)
    engine.create("own_costs", costing)
    engine.view("placed_items", "select * from own_items")
    engine.view("row_costs", "select * from own_costs")


def _credits(engine: Engine) -> dict[tuple[str, Key], tuple[float, Decimal]]:
    """Sums by model and row, without the last digits, which the order of adding decides."""
    return {
        (row["model"], _key(row)): (round(row["conversions"], 9), row["value"])
        for row in _rows(engine, select(engine, "models_sums"))
    }


def _reasons(engine: Engine) -> frozenset[tuple[str, str]]:
    rows = _rows(engine, "select distinct model, reason from unattributed")
    return frozenset((row["model"], row["reason"]) for row in rows)


def _unexplained(engine: Engine) -> dict[str, int]:
    rows = _rows(engine, select(engine, "unexplained") + " order by measure")
    return {row["measure"]: row["item_count"] for row in rows}


def _fits(
    engine: Engine, query: Query, dimension: Dimension
) -> dict[tuple[str, str], dict[str, Any]]:
    """Fits are of channels: no other dimension has any."""
    if not dimension.is_own or dimension.by != "channel":
        return {}
    rows = _rows(engine, select(engine, "models_fits", kind=query.kind))
    return {(row["model"], row["channel"]): row for row in rows}


def _key(row: Mapping[str, Any]) -> Key:
    return tuple(row.get(name, "") for name in KEY)


def _rows(engine: Engine, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = engine.table(query).to_pylist()
    return rows
