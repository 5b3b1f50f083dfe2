"""What a reader of report `lift` must know: why a cell is "–", and who is in no arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from whichhalf.report.head import Freshness
from whichhalf.report.lift_estimate import LEAST_EVENTS
from whichhalf.report.query import Query

Row = Mapping[str, Any]


@dataclass
class Problems:
    """Rows whose cells are "–", by why. few_…: with the counts of both arms."""

    no_arm: list[str] = field(default_factory=list)
    few_signups: list[str] = field(default_factory=list)
    few_buyers: list[str] = field(default_factory=list)
    no_spend: list[str] = field(default_factory=list)
    no_cost: list[str] = field(default_factory=list)
    unknown_network: list[str] = field(default_factory=list)


def notes(
    query: Query,
    windows: Sequence[Row],
    left_out: Sequence[Row],
    problems: Problems,
    fresh: Freshness,
) -> Iterator[str]:
    """Notes on a computed report."""
    first, last = query.period
    if not windows:
        yield (
            f"No experiment runs between {first} and {last}. Load who was in which arm:"
            " `whichhalf load experiments FILE` (docs/experiments.md)."
        )
    yield from _on_windows(windows, fresh)
    yield from _on_problems(problems)
    for row in left_out:
        yield from _on_units(row)


def _on_windows(windows: Sequence[Row], fresh: Freshness) -> Iterator[str]:
    for row in windows:
        if not row["is_logged"]:
            yield (
                f"{row['experiment']}: nothing says for whom an ad was due (is_exposed,"
                " exposed_at), so whole arms are compared: lift is an average over people who"
                " would never have seen an ad, too."
            )
    ends = max((row["ends_at"] for row in windows), default=None)
    a_day = timedelta(days=1)  # the last day has its events, though none at its last instant
    if ends is not None and fresh.event_at is not None and fresh.event_at < ends - a_day:
        yield f"Not final: events reach to {fresh.event_at:%Y-%m-%d %H:%M} UTC."


def _on_problems(problems: Problems) -> Iterator[str]:
    reasons = (
        (problems.no_arm, "No lift without both a hold-out and treated people due an ad"),
        (
            problems.few_signups,
            f"No lift with fewer than {LEAST_EVENTS} people who signed up, or did not, in an arm"
            " (treated and hold-out)",
        ),
        (
            problems.few_buyers,
            f"No incremental revenue with fewer than {LEAST_EVENTS} buyers in an arm"
            " (treated and hold-out)",
        ),
        (problems.no_spend, "No iROAS and no cost of a signup without spend in the period"),
        (
            problems.unknown_network,
            "Nothing attributed is known of networks that no touch and no campaign names"
            " (meta, google_ads … : see `whichhalf dump campaigns`)",
        ),
        (
            problems.no_cost,
            "No upper end for the cost of a signup, or no cost at all, where the ads may have"
            " brought nobody",
        ),
    )
    for rows, why in reasons:
        if rows:
            yield f"{why}: {'; '.join(sorted(rows))}."


def _on_units(row: Row) -> Iterator[str]:
    whys = {
        "unknown_arm": "units whose arm is neither treated nor hold-out",
        "unknown_kind": "units that are no visitor, user or person",
        "not_due": "units for whom no ad was due",
        "in_both": "people with units in both arms",
    }
    parts = [f"{row[name]:,} {why}" for name, why in whys.items() if row[name]]
    if parts:
        yield f"{row['experiment']}: left out {', '.join(parts)}."
