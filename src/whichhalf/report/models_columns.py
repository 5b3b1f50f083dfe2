"""The columns of report `models`: whatever a model says is named attributed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whichhalf.report.campaign_columns import IDS, LABELS, Labels
from whichhalf.report.looked_up import Dimension
from whichhalf.report.query import MODELS
from whichhalf.report.result import Column

# Models that share all conversions over the channels at once, beside their credits → as shown.
FITTED = {"markov": "Markov", "shapley_rate": "Shapley rate"}
# Shown first where room is short.
_CLOSEST = ("first", "last", "last_non_direct", "linear", "markov")


def labels_of(dimension: Dimension) -> Labels:
    """The text columns: (name, heading) each; a looked-up dimension has one."""
    if dimension.is_own:
        return LABELS[dimension.by]
    taken = {column.name for column in measures("", has_totals=True)}
    taken |= {"match", "network", "campaign", "ad_set", "ad", *IDS["ad"]}
    return ((dimension.column(taken), dimension.by.replace("_", " ").capitalize()),)


def columns(
    labels: Labels, ids: Iterable[str], currency: str, *, has_totals: bool
) -> tuple[Column, ...]:
    """Columns of the report, in order. ids: columns for machines; has_totals: those of fits."""
    return (
        *(Column(name, heading, "text") for name, heading in labels),
        *(Column(name, name.replace("_", " ").capitalize(), "text", rank=9) for name in ids),
        Column("match", "Match", "text", formula="how the row's spend is known", rank=9),
        *measures(currency, has_totals=has_totals),
    )


def measures(currency: str, *, has_totals: bool) -> Iterator[Column]:
    """Spend, conversions by model, the totals of fits, and value by model."""
    yield Column("spend", f"Spend {currency}", "money", 2, "Σ spend of the period", 2)
    for model in MODELS:
        rank = 0 if model in _CLOSEST else 3
        yield Column(f"attributed_{model}", f"{model} (attributed)", "count", 0, "Σ credit", rank)
    if has_totals:
        for model, shown in FITTED.items():
            yield from _totals(model, shown)
    for model in MODELS:
        heading = f"{model}: value (attributed) {currency}"
        yield Column(f"attributed_value_{model}", heading, "money", 2, "Σ credited value", 7)


def _totals(model: str, shown: str) -> Iterator[Column]:
    """All conversions shared over channels at once: another number than the sum of credits."""
    name, heading = f"attributed_{model}_total", f"{shown} total (attributed, whole history)"
    share = "conversions × weight / Σ weights"
    yield Column(name, heading, "count", 0, share, 4)
    yield Column(f"{name}_low", f"{shown} total: 95 % from", "count", 0, share, 5)
    yield Column(f"{name}_high", f"{shown} total: 95 % to", "count", 0, share, 5)
    few = f"{shown} total: too few"
    yield Column(f"{name}_too_few", few, "text", 0, "converting persons < 30", 6)
