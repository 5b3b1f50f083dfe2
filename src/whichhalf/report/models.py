"""Report `models`: what every model attributes to the same touches, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from whichhalf.project import Project
from whichhalf.report import head, left_out, looked_up, models_columns, models_notes
from whichhalf.report.campaign_columns import IDS, Labels, number
from whichhalf.report.campaigns import REASONS
from whichhalf.report.looked_up import Dimension
from whichhalf.report.models_columns import FITTED
from whichhalf.report.models_found import KEY, Found, Key, find
from whichhalf.report.query import MODELS, Query, bounds
from whichhalf.report.result import Cell, Report

NEEDS = (
    *head.NEEDS,
    *left_out.NEEDS,
    *("conversions", "credits", "unattributed", "sources", "campaigns", "cost_days"),
    *("model_fits", "users", "persons"),
)
# Reasons that not every model looks for: "–" until a conversion of the model carries them.
_FOUND_LATER = ("rejected", "redacted")


def models(project: Project, query: Query) -> Report:
    """The report over conversions of one kind in the period, by a dimension of their touches."""
    first, last = query.period
    starts_at, ends_at = bounds(first, last, head.zone_of(project))
    with project.engine() as engine:
        project.expose_read(engine, NEEDS)
        fresh = head.freshness(engine, project)
        dimension = looked_up.dimension(project, engine, query)
        found = find(engine, query, dimension, starts_at, ends_at)
        unseen = tuple(left_out.left_out(engine, starts_at, ends_at))
    labels, has_totals = models_columns.labels_of(dimension), _has_totals(dimension)
    shown = models_columns.columns(
        labels,
        IDS.get(query.by, ()) if dimension.is_own else (),
        project.config.report.currency,
        has_totals=has_totals,
    )
    names = [column.name for column in shown]
    rows = [*_attributed(found, labels), *_not_attributed(found, labels)]
    return Report(
        name="models",
        title=f"Models of credit for {query.kind} by {query.by}, {first} to {last}",
        currency=project.config.report.currency,
        facts=(*head.facts(project, query, fresh), *models_notes.facts(project, query)),
        columns=shown,
        rows=tuple(tuple(row.get(name) for name in names) for row in rows),
        total=tuple(_total(found, labels).get(name) for name in names),
        notes=(*models_notes.notes(found, query, has_totals=has_totals), *unseen),
    )


def _has_totals(dimension: Dimension) -> bool:
    """Whether fits can be shown: they are of channels."""
    return dimension.is_own and dimension.by == "channel"


def _attributed(found: Found, labels: Labels) -> list[dict[str, Cell]]:
    """The rows of the dimension's values, in their order."""
    rows = (_record(key, found, labels) for key in found.keys)
    return sorted(rows, key=lambda row: _order(row, labels))


def _record(key: Key, found: Found, labels: Labels) -> dict[str, Cell]:
    """One row that spend, a credited touch or a fit made."""
    cost = found.costs.get(key)
    cells: dict[str, Cell] = {"spend": cost["spend"] if cost else None}
    for model in MODELS:
        conversions, value = found.credit(model, key)
        cells |= _credit(model, conversions, value)
    for model in FITTED:
        cells |= _fit(model, key[-1], found)
    return {**_texts(key, found, labels), **cells}


def _credit(model: str, conversions: float | None, value: Decimal | None) -> dict[str, Cell]:
    return {f"attributed_{model}": number(conversions), f"attributed_value_{model}": value}


def _fit(model: str, channel: str, found: Found) -> dict[str, Cell]:
    """The classical total of a channel; None where the fit does not hold it by itself."""
    fit = found.fits.get((model, channel))
    if fit is None or fit["fitted_as"] != channel:
        return {}
    name = f"attributed_{model}_total"
    return {
        name: number(fit["conversions"]),
        f"{name}_low": number(fit["low"]),
        f"{name}_high": number(fit["high"]),
        f"{name}_too_few": "too few" if fit["is_too_few"] else "",
    }


def _texts(key: Key, found: Found, labels: Labels) -> dict[str, Cell]:
    """Names and ids of a row; one known from its touches only is marked."""
    match = "costs" if key in found.costs else "no costs"
    row: Mapping[str, str] = dict(zip(KEY, key, strict=True))
    if labels[0][0] != "network":
        return {labels[0][0]: row["part"], "match": match}
    named = found.names.get(key, {})
    ids: dict[str, Cell] = {name: row[name] for name in IDS["ad"]}
    names = {
        "network": row["network"],
        "campaign": named.get("campaign_name") or row["campaign_id"] or "(no campaign)",
        "ad_set": named.get("ad_set_name") or row["ad_set_id"] or "(not broken down)",
        "ad": named.get("ad_name") or row["ad_id"] or "(not broken down)",
    }
    if not row["is_matched"]:
        match = "unmatched"
        names["campaign"] = f"{names['campaign']} (unmatched)"
        ids = dict.fromkeys(ids, "")
    return {**names, **ids, "match": match}


def _not_attributed(found: Found, labels: Labels) -> list[dict[str, Cell]]:
    """A row for each reason, there whether or not it holds any conversion."""
    records = []
    for reason, label in REASONS.items():
        record = _label(labels, label, "not attributed")
        for model in MODELS:
            conversions, value = found.credit(model, (reason, 1, "", "", "", "", "", ""))
            if reason in _FOUND_LATER and (model, reason) not in found.reasons:
                record |= _credit(model, None, None)
            else:
                record |= _credit(model, conversions, value)
        records.append(record)
    return records


def _label(labels: Labels, label: str, match: str) -> dict[str, Cell]:
    """Texts of a row that is no value of the dimension."""
    names = [name for name, _heading in labels]
    texts: dict[str, Cell] = dict.fromkeys([*names, *IDS["ad"]], "")
    if len(names) == 1:
        return {**texts, names[0]: f"({label})", "match": match}
    return {**texts, names[0]: f"({match})", names[1]: label, "match": match}


def _total(found: Found, labels: Labels) -> dict[str, Cell]:
    """All conversions of the period, before any credit is shared; of fits, all that they share."""
    count, value = found.total
    texts: dict[str, Cell] = dict.fromkeys([*(name for name, _h in labels), *IDS["ad"]], "")
    cells: dict[str, Cell] = {"match": "", "spend": found.spend}
    for model in MODELS:
        cells |= _credit(model, count, value)
    for model in FITTED:
        fits = [row for (named, _channel), row in found.fits.items() if named == model]
        if fits:
            cells[f"attributed_{model}_total"] = fits[0]["converting_paths"]
    return {**texts, labels[0][0]: "TOTAL", **cells}


def _order(row: Mapping[str, Cell], labels: Labels) -> tuple[object, ...]:
    """Most credit under model linear first, then by spend and name."""
    credit, spend = row["attributed_linear"] or 0, row["spend"] or 0
    names = tuple(str(row.get(name) or "") for name in (*[n for n, _h in labels], "campaign_id"))
    return (-credit, -spend, names)  # type: ignore[operator]
