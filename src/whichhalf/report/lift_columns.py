"""The columns of report `lift`: measured, incremental, attributed, each named for what it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from whichhalf.report.result import Column

_RATE = "people who signed up / people due an ad"


def columns(by: str, models: Sequence[str], chosen: str, currency: str) -> tuple[Column, ...]:
    """Columns of the report, in order. chosen: the model that is shown before the others."""
    texts = [Column("network", "Network", "text")]
    if by == "campaign":
        texts += [
            Column("campaign", "Campaign", "text"),
            Column("campaign_id", "Campaign id", "text", rank=9),
        ]
    return (
        *texts,
        Column("experiment", "Experiment", "text", rank=3),
        *_measured(currency),
        *_incremental(currency),
        *_money(currency),
        *(column for model in models for column in _attributed(model, chosen, currency)),
    )


def _measured(currency: str) -> Iterator[Column]:
    yield Column("treated", "Treated: people", "count", 0, "people due an ad who saw it", 2)
    yield Column("held_out", "Hold-out: people", "count", 0, "people due an ad, withheld", 2)
    yield Column("treated_rate", "Treated: signups / people", "share", 2, _RATE, 1)
    yield Column("hold_out_rate", "Hold-out: signups / people", "share", 2, _RATE, 1)
    yield Column("spend", f"Spend {currency}", "money", 2, "Σ spend on what was withheld", 2)


def _incremental(currency: str) -> Iterator[Column]:
    lift = "treated_rate − hold_out_rate"
    yield _estimate("lift", "Lift (incremental)", "share", 2, lift)
    yield _estimate("lift_standard_error", "Lift: s.e.", "share", 2, "√(s²/n + s²/n)", 1)
    yield from _ends("lift", "Lift", "share", 2, "lift ± 1.96 s.e.", 0)
    relative = "treated_rate / hold_out_rate − 1"
    yield _estimate("relative_lift", "Relative lift (incremental)", "share", 1, relative, 3)
    yield from _ends("relative_lift", "Relative lift", "share", 1, "Fieller", 4)
    signups = "lift × treated"
    yield _estimate("incremental_signups", "Signups (incremental)", "count", 0, signups)
    yield from _ends("incremental_signups", "Signups", "count", 0, signups, 1)
    cost = "spend / incremental_signups"
    heading = f"Cost of a signup (incremental) {currency}"
    yield _estimate("cost_per_incremental_signup", heading, "money", 2, cost, 3)
    yield from _ends("cost_per_incremental_signup", "Cost of a signup", "money", 2, cost, 4)


def _money(currency: str) -> Iterator[Column]:
    mean = "revenue / people due an ad"
    yield Column("treated_revenue_each", "Treated: revenue / people", "money", 4, mean, 5)
    yield Column("hold_out_revenue_each", "Hold-out: revenue / people", "money", 4, mean, 5)
    revenue = "(treated_revenue_each − hold_out_revenue_each) × treated"
    heading = f"Revenue (incremental) {currency}"
    yield _estimate("incremental_revenue", heading, "money", 2, revenue, 2)
    yield from _ends("incremental_revenue", "Revenue", "money", 2, revenue, 4)
    yield _estimate("iroas", "iROAS: incremental revenue / spend", "ratio", 2, revenue)
    yield from _ends("iroas", "iROAS", "ratio", 2, "incremental revenue / spend", 1)


def _attributed(model: str, chosen: str, currency: str) -> Iterator[Column]:
    """An accounting rule's numbers, of everybody, over the same days."""
    rank = 0 if model == chosen else 6
    yield Column(
        f"attributed_signups_{model}", f"Signups (attributed, {model})", "count", 0,
        "Σ credit of signups", rank,
    )  # fmt: skip
    yield Column(
        f"attributed_revenue_{model}", f"Revenue (attributed, {model}) {currency}", "money", 2,
        "Σ credited value", rank + 2,
    )  # fmt: skip
    yield Column(
        f"attributed_roas_{model}", f"ROAS (attributed, {model}): revenue / spend", "ratio", 2,
        "attributed revenue / spend", rank + 1,
    )  # fmt: skip


def _estimate(
    name: str, heading: str, kind: str, digits: int, formula: str, rank: int = 0
) -> Column:
    return Column(name, heading, kind, digits, formula, rank, is_estimate=True)


def _ends(
    name: str, heading: str, kind: str, digits: int, formula: str, rank: int
) -> Iterator[Column]:
    for end, word in (("low", "from"), ("high", "to")):
        yield _estimate(f"{name}_{end}", f"{heading}: 95 % {word}", kind, digits, formula, rank)
