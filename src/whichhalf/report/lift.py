"""Report `lift`: what ads caused, by the people from whom they were withheld. docs/experiments.md.

The only report whose numbers are *incremental*; beside them stands what models *attributed*.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from whichhalf.project import Project
from whichhalf.report import head
from whichhalf.report.campaign_columns import share
from whichhalf.report.lift_columns import columns
from whichhalf.report.lift_estimate import Arm, Estimate, cost_each, difference, is_enough, relative
from whichhalf.report.lift_found import NEEDS, Found, Key, Row, find, key_of
from whichhalf.report.lift_notes import Problems, notes
from whichhalf.report.query import Query
from whichhalf.report.result import Cell, Fact, Report

NO_ARM = Arm(0, 0.0, 0.0, 0)
_MICRO = Decimal("0.000001")


def lift(project: Project, query: Query) -> Report:
    """The report: one row an experiment and what it withheld."""
    with project.engine() as engine:
        project.expose_read(engine, NEEDS)
        fresh = head.freshness(engine, project)
        found = find(engine, query, head.zone_of(project))
    shown = columns(query.by, list(found.models), query.model, project.config.report.currency)
    problems = Problems()
    records = [_record(row, found, problems) for row in found.rows]
    records.sort(key=lambda r: (r["network"], r["campaign"], r["campaign_id"], r["experiment"]))
    first, last = query.period
    method = "difference of means of people due an ad, treated − hold-out; normal, 95 %"
    return Report(
        name="lift",
        title=f"Lift by {query.by}, {first} to {last}",
        currency=project.config.report.currency,
        facts=(
            Fact("incremental", method),
            Fact("attributed", "what a model credits to touches; no experiment, no cause"),
            *head.facts(project, query, fresh, "model"),
        ),
        columns=shown,
        rows=tuple(tuple(record[column.name] for column in shown) for record in records),
        notes=tuple(notes(query, found.windows, found.left_out, problems, fresh)),
    )


def _record(row: Row, found: Found, problems: Problems) -> dict[str, Any]:
    """All cells of a row by name; None where there is nothing to say, with a note why."""
    key = key_of(row)
    label = f"{key[0]} ({', '.join(part for part in key[1:] if part) or 'no network named'})"
    treated, held_out = (found.arms.get((key, arm)) for arm in ("treated", "hold-out"))
    spend = found.spend.get(key)
    if spend is None or spend <= 0:
        spend = None
        problems.no_spend.append(label)
    record: dict[str, Any] = {
        "network": key[1] or "(not named)",
        "campaign": found.names.get((key[1], key[2]), key[2]) or "(whole network)",
        "campaign_id": key[2],
        "experiment": key[0],
        "treated": treated["people"] if treated else 0,
        "held_out": held_out["people"] if held_out else 0,
        "spend": spend,
    }
    record |= _of_signups(_signups(treated), _signups(held_out), spend, label, problems)
    record |= _of_money(_paid(treated), _paid(held_out), spend, label, problems)
    if key[1] not in found.known:
        problems.unknown_network.append(label)
    for model in found.models:
        record |= _attributed(found, key, model, spend)
    return record


def _signups(row: Row | None) -> Arm:
    """One number a person: whether they signed up."""
    return Arm(row["people"], *(row["signups"],) * 3) if row else NO_ARM


def _paid(row: Row | None) -> Arm:
    """One number a person: what they paid."""
    if row is None:
        return NO_ARM
    return Arm(row["people"], float(row["paid"]), row["squares"], row["buyers"])


def _of_signups(
    treated: Arm, held_out: Arm, spend: Decimal | None, label: str, problems: Problems
) -> dict[str, Any]:
    """Rates, lift, incremental signups and what each of them cost."""
    cells: dict[str, Any] = {"treated_rate": treated.mean, "hold_out_rate": held_out.mean}
    lifted = ratio = count = cost = None
    if not treated.people or not held_out.people:
        problems.no_arm.append(label)
    elif not is_enough(treated, held_out, is_share=True):
        problems.few_signups.append(f"{label}: {treated.events:,} and {held_out.events:,}")
    else:
        lifted = difference(treated, held_out)
        ratio = relative(treated, held_out)
        count = lifted.times(treated.people)
        cost = cost_each(float(spend), count) if spend else None
        if spend and (cost is None or cost.high is None):
            problems.no_cost.append(label)
    cells |= _cells("lift", lifted)
    cells["lift_standard_error"] = lifted.standard_error if lifted else None
    cells |= _cells("relative_lift", ratio) | _cells("incremental_signups", count)
    return cells | _cells("cost_per_incremental_signup", cost, is_money=True)


def _of_money(
    treated: Arm, held_out: Arm, spend: Decimal | None, label: str, problems: Problems
) -> dict[str, Any]:
    """Revenue a person, incremental revenue, iROAS."""
    cells: dict[str, Any] = {
        "treated_revenue_each": _money(treated.mean),
        "hold_out_revenue_each": _money(held_out.mean),
    }
    revenue = returned = None
    if treated.people and held_out.people:
        if is_enough(treated, held_out, is_share=False):
            revenue = difference(treated, held_out).times(treated.people)
            returned = revenue.times(1 / float(spend)) if spend else None
        else:
            problems.few_buyers.append(f"{label}: {treated.events:,} and {held_out.events:,}")
    return cells | _cells("incremental_revenue", revenue, is_money=True) | _cells("iroas", returned)


def _attributed(found: Found, key: Key, model: str, spend: Decimal | None) -> dict[str, Cell]:
    """One model's numbers: 0 where it credits nothing here, None where it never credits such."""
    row = found.attributed.get((key, model))
    credited = found.models[model] if key[1] in found.known else frozenset()
    signups: Cell = (row["signups"] if row else 0.0) if "signups" in credited else None
    revenue: Cell = (row["revenue"] if row else Decimal(0)) if "revenue" in credited else None
    return {
        f"attributed_signups_{model}": signups,
        f"attributed_revenue_{model}": revenue,
        f"attributed_roas_{model}": share(revenue, spend),
    }


def _cells(name: str, estimate: Estimate | None, *, is_money: bool = False) -> dict[str, Any]:
    """The estimate and the ends of its interval."""
    if estimate is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    ends = {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return {key: _money(value) for key, value in ends.items()} if is_money else ends


def _money(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(_MICRO)
