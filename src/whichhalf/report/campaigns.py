"""Report `campaigns`: what each campaign cost, whom it brought, what they have paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from whichhalf.engines import Engine
from whichhalf.project import Project
from whichhalf.report import campaign_labels, head, left_out, looked_up
from whichhalf.report.campaign_columns import (
    IDS,
    Labels,
    Product,
    columns,
    labels_of,
    number,
    with_ratios,
)
from whichhalf.report.campaign_notes import notes
from whichhalf.report.head import select
from whichhalf.report.looked_up import Dimension
from whichhalf.report.query import Query, bounds
from whichhalf.report.result import Cell, Report

NEEDS = (
    *head.NEEDS,
    *left_out.NEEDS,
    *("conversions", "credits", "unattributed", "sources", "campaigns", "cost_days", "products"),
    *("users", "persons"),
)

# Conversions that no paid touch is credited with, always in this order.
REASONS: dict[str, str] = {
    "organic": "organic",
    "direct": "direct",
    "out_of_window": "out of window",
    "rejected": "rejected",
    "redacted": "redacted",
}
# Reasons that nothing finds yet: "–" until a conversion of the model carries them.
_FOUND_LATER = ("rejected", "redacted")

_COSTS = ("spend", "impressions", "clicks")
# Column → what must have been seen once, anywhere, for its 0 to mean none rather than unknown.
_MEASURED_BY = {
    "installs": "installs",
    "registrations": "registrations",
    "logins": "logins",
    "buyers": "purchases",
    "buying_frequency": "purchases",
    "revenue": "revenue",
}
_KEY = (
    "reason",
    "is_matched",
    "network",
    "account_id",
    "campaign_id",
    "ad_set_id",
    "ad_id",
    "part",
)
Row = Mapping[str, Cell]


@dataclass(frozen=True)
class Found:
    """What the engine found: rows with spend and sums, purchases by row and product, TOTAL."""

    rows: Sequence[Row]
    packs: Mapping[tuple[Cell, ...], Mapping[str, float]]
    total: Row
    products: Sequence[Product]
    measured: frozenset[str]
    reasons: frozenset[str]


def campaigns(project: Project, query: Query) -> Report:
    """The campaign report."""
    first, last = query.period
    starts_at, ends_at = bounds(first, last, head.zone_of(project))
    with project.engine() as engine:
        project.expose_read(engine, NEEDS)
        fresh = head.freshness(engine, project)
        dimension = looked_up.dimension(project, engine, query)
        count_items(engine, query, dimension.base, starts_at, ends_at)
        found = _found(engine, query, dimension)
        told = notes(engine, project, query, dimension, fresh)
    labels = labels_of(dimension)
    shown = columns(labels, IDS.get(query.by, ()), found.products, project.config.report.currency)
    names = [column.name for column in shown]
    rows = [_record(row, found, labels) for row in found.rows if not row["reason"]]
    rows.sort(key=lambda row: _order(row, labels))
    rows += _not_attributed(found, labels)
    return Report(
        name="campaigns",
        title=f"Campaigns by {query.by}, {first} to {last}",
        currency=project.config.report.currency,
        facts=head.facts(project, query, fresh, "model", "basis"),
        columns=shown,
        rows=tuple(tuple(row[name] for name in names) for row in rows),
        total=tuple(_total(found, labels)[name] for name in names),
        notes=told,
    )


def count_items(
    engine: Engine, query: Query, base: str, starts_at: datetime, ends_at: datetime
) -> None:
    """Make `items` readable, what counts for the query, and `credited_items`, on whose credit."""
    between = {"starts_at": starts_at, "ends_at": ends_at}
    engine.create("acquisitions", select(engine, "acquisitions"))
    if query.basis == "acquisition":
        # Logins can come up to a window after the last acquisition.
        later = {"starts_at": starts_at, "ends_at": ends_at + timedelta(days=query.window_days)}
        engine.create("logins", select(engine, "logins", **later))
        items = select(engine, "acquisition_items", window_days=query.window_days, **between)
    else:
        engine.create("logins", select(engine, "logins", **between))
        items = select(engine, "event_items", **between)
    engine.create("items", items)
    engine.create("credited_items", select(engine, "credited_items", model=query.model, by=base))


def _found(engine: Engine, query: Query, dimension: Dimension) -> Found:
    first, last = query.period
    days = {"first_on": first, "last_on": last}
    placed = select(engine, "placed_items", by=dimension.base)
    costing = select(engine, "row_costs", by=dimension.base, **days)
    if dimension.is_own:
        engine.create("placed_items", placed)
        engine.create("row_costs", costing)
    else:
        campaign_labels.relabel(engine, dimension, placed, costing)
    engine.create("row_measures", select(engine, "row_measures"))
    packs: dict[tuple[Cell, ...], dict[str, float]] = {}
    for row in engine.table(select(engine, "row_products")).to_pylist():
        key = tuple(row[name] for name in _KEY)
        packs.setdefault(key, {})[row["product_id"]] = row["purchases"]
    costs = engine.table(select(engine, "total_costs", **days)).to_pylist()[0]
    measures = engine.table(select(engine, "total_measures")).to_pylist()[0]
    return Found(
        rows=engine.table(select(engine, "report_rows")).to_pylist(),
        packs=packs,
        total=measures | costs,
        products=_products(engine, has_other=any("" in counts for counts in packs.values())),
        measured=_measured(engine, has_costs=costs["ever"] > 0),
        reasons=_reasons(engine, query.model),
    )


def _products(engine: Engine, *, has_other: bool) -> list[Product]:
    """Every product by price, so that packs stand in the order of their size."""
    rows = engine.table(
        "select product_id, label, list_price from products"
        " order by coalesce(list_price, 0), label, product_id"
    ).to_pylist()
    found = [Product(row["product_id"], row["label"]) for row in rows]
    return [*found, Product("", "Other")] if has_other else found


def _measured(engine: Engine, *, has_costs: bool) -> frozenset[str]:
    row = engine.table(select(engine, "measured")).to_pylist()[0]
    found = {name for name, seen in row.items() if seen}
    if engine.table("select 1 as seen from key_events where event_kind = 'login' limit 1").num_rows:
        found.add("logins")
    return frozenset(found | {"costs"} if has_costs else found)


def _reasons(engine: Engine, model: str) -> frozenset[str]:
    """Reasons that can be told from 0: those found, and those that are always looked for."""
    rows = engine.table(select(engine, "reasons", model=model)).to_pylist()
    found = {row["reason"] for row in rows}
    return frozenset(found | (set(REASONS) - set(_FOUND_LATER)))


def _record(row: Row, found: Found, labels: Labels) -> dict[str, Cell]:
    """One row that spend or a credited touch made."""
    texts = _texts(row, labels)
    sums = _sums(row, found, tuple(row[name] for name in _KEY))
    return {**texts, **with_ratios(sums)}


def _sums(row: Row, found: Found, key: tuple[Cell, ...]) -> dict[str, Cell]:
    """Measures of a row: 0 where measured as none, None where never measured."""
    values = {**row, "buying_frequency": row.get("purchases")}
    sums: dict[str, Cell] = {name: row.get(name) for name in _COSTS}
    for name, seen in _MEASURED_BY.items():
        none = Decimal(0) if name == "revenue" else 0
        sums[name] = number(values.get(name) or none) if seen in found.measured else None
    counts = found.packs.get(key, {})
    for product in found.products:
        count = counts.get(product.product_id, 0)
        sums[product.column] = number(count) if "purchases" in found.measured else None
    return sums


def _texts(row: Row, labels: Labels) -> dict[str, Cell]:
    """Names and ids of a row; one known from its touches only is marked."""
    if labels[0][0] != "network":
        return {labels[0][0]: row["part"], "match": "costs" if row["has_costs"] else "no costs"}
    names = {
        "network": row["network"],
        "campaign": row["campaign_name"] or row["campaign_id"] or "(no campaign)",
        "ad_set": row["ad_set_name"] or row["ad_set_id"] or "(not broken down)",
        "ad": row["ad_name"] or row["ad_id"] or "(not broken down)",
    }
    match = "costs" if row["has_costs"] else "no costs"
    ids: dict[str, Cell] = {
        name: row[name] for name in ("account_id", "campaign_id", "ad_set_id", "ad_id")
    }
    if not row["is_matched"]:
        match = "unmatched"
        names["campaign"] = f"{names['campaign']} (unmatched)"
        ids = dict.fromkeys(ids, "")
    return {**names, **ids, "match": match}


def _not_attributed(found: Found, labels: Labels) -> list[dict[str, Cell]]:
    """The five rows of what no paid touch is credited with, there whether or not they hold any."""
    by_reason = {row["reason"]: row for row in found.rows if row["reason"]}
    records = []
    for reason, label in REASONS.items():
        row: Row = by_reason.get(reason, {})
        key = (reason, 1, "", "", "", "", "", "")
        sums = _sums(row, found, key)
        if reason not in found.reasons:
            sums = dict.fromkeys(sums)
        records.append({**_label(labels, label, "not attributed"), **with_ratios(sums)})
    return records


def _label(labels: Labels, label: str, match: str) -> dict[str, Cell]:
    """Texts of a row that is no campaign: its label in the second text column, or the only one."""
    names = [name for name, _heading in labels]
    texts: dict[str, Cell] = dict.fromkeys([*names, "account_id", "campaign_id"], "")
    texts |= {"ad_set_id": "", "ad_id": "", "match": match}
    if len(names) == 1:
        return {**texts, names[0]: f"({label})"}
    return {**texts, names[0]: f"({match})", names[1]: label}


def _total(found: Found, labels: Labels) -> dict[str, Cell]:
    sums = _sums(found.total, found, ())
    if "costs" not in found.measured:
        sums |= dict.fromkeys(_COSTS)
    for product in found.products:
        counted = sum(counts.get(product.product_id, 0.0) for counts in found.packs.values())
        sums[product.column] = number(counted) if "purchases" in found.measured else None
    texts = dict.fromkeys([*(name for name, _heading in labels), "match"], "")
    texts |= dict.fromkeys(("account_id", "campaign_id", "ad_set_id", "ad_id"), "")
    return {**texts, labels[0][0]: "TOTAL", **with_ratios(sums)}


def _order(row: Row, labels: Labels) -> tuple[object, ...]:
    """Most spend first, rows without spend after, then by revenue and name."""
    spend, revenue = row["spend"], row["revenue"]
    names = tuple(str(row.get(name) or "") for name in (*[n for n, _h in labels], "campaign_id"))
    return (spend is None, -(spend or 0), -(revenue or 0), names)  # type: ignore[operator]
