"""Cost rows of one key: repeated rows, and the two days a year on which hours are not 24."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from whichhalf.collect.ad_costs.days import hour_instants
from whichhalf.collect.ad_costs.draft import Draft
from whichhalf.collect.ad_days import local_day

Key = tuple[Hashable, ...]
Amounts = tuple[Decimal, int, int]


@dataclass(frozen=True)
class Cost:
    """One row: where it stood, what it is about, when (hour None: all day), how much.

    amounts: spend, impressions, clicks.
    """

    row: int
    key: Key
    zone: str
    currency: str
    day: date
    hour: int | None
    amounts: Amounts


@dataclass(frozen=True)
class Timed:
    """A cost at its instant. hours: that it covers."""

    cost: Cost
    starts_at: datetime
    hours: int
    amounts: Amounts


def settle_repeats(costs: Sequence[Cost], draft: Draft) -> tuple[list[Cost], Counter[str]]:
    """Return one cost a key and time, and how many rows were left out.

    Rows that are equal in every cell are the same row twice (duplicate_row). Others of one key are
    summed (summed) where the export is broken down by what ad_costs does not keep; else nobody can
    know which holds, and they are called wrong.
    """
    groups: dict[Key, list[Cost]] = {}
    for cost in costs:
        groups.setdefault((cost.key, cost.day, cost.hour), []).append(cost)
    if len(groups) == len(costs):
        return list(costs), Counter()
    settled, dropped = [], Counter[str]()
    for members in groups.values():
        distinct = list({tuple(draft.export.rows[one.row]): one for one in members}.values())
        dropped["duplicate_row"] += len(members) - len(distinct)
        if len(distinct) == 1 or (
            draft.columns.unkept and len({one.currency for one in distinct}) == 1
        ):
            dropped["summed"] += len(distinct) - 1
            settled.append(_summed(distinct))
            continue
        lines = ", ".join(str(draft.export.positions[one.row]) for one in distinct)
        detail = f"lines {lines} are about the same ad and time, and differ"
        draft.wrong.update({one.row: ("repeated_key", detail) for one in distinct})
    return settled, dropped


def _summed(costs: Sequence[Cost]) -> Cost:
    first = costs[0]
    total = _sum([one.amounts for one in costs])
    return Cost(first.row, first.key, first.zone, first.currency, first.day, first.hour, total)


def _sum(amounts: Sequence[Amounts]) -> Amounts:
    spend, impressions, clicks = zip(*amounts, strict=True)
    return sum(spend, Decimal(0)), sum(impressions), sum(clicks)


def settle_times(
    costs: Sequence[Cost],
) -> tuple[list[Timed], Counter[str], int, tuple[str, ...]]:
    """Return the costs at their instants, rows that went into others, rows gained, and notes.

    An hour that clocks skip counts to the next one (skipped_hour); one that they repeat is split
    over both, the remainder in the first, so that one row becomes two.
    """
    timed: dict[Key, list[Timed]] = {}
    skipped = split = 0
    for cost in costs:
        if cost.hour is None:
            start, hours = local_day(cost.day, cost.zone)
            timed[cost.key, start] = [Timed(cost, start, hours, cost.amounts)]
            continue
        starts, exists = hour_instants(cost.day, cost.hour, cost.zone)
        skipped += not exists
        split += len(starts) - 1
        parts = [cost.amounts] if len(starts) == 1 else _halves(cost.amounts)
        for start, amounts in zip(starts, parts, strict=True):
            timed.setdefault((cost.key, start), []).append(Timed(cost, start, 1, amounts))
    merged = sum(map(len, timed.values())) - len(timed)
    rows = [one[0] if len(one) == 1 else _at_one_time(one) for one in timed.values()]
    return rows, Counter(skipped_hour=merged), split, _time_notes(skipped, split)


def _at_one_time(costs: Sequence[Timed]) -> Timed:
    """The hour itself with what moved into it."""
    own = min(costs, key=lambda one: -(one.cost.hour or 0))
    return Timed(own.cost, own.starts_at, 1, _sum([one.amounts for one in costs]))


def _halves(amounts: Amounts) -> list[Amounts]:
    """Two parts that sum to the whole to the last digit; what is left over is in the first."""
    spend, impressions, clicks = amounts
    micros = int(spend.scaleb(6))
    second = (Decimal(micros // 2).scaleb(-6), impressions // 2, clicks // 2)
    first = (spend - second[0], impressions - second[1], clicks - second[2])
    return [first, second]


def _time_notes(skipped: int, split: int) -> tuple[str, ...]:
    notes = []
    if skipped:
        notes.append(
            f"{skipped} rows are of an hour that clocks skipped in the account's zone;"
            " they count to the next hour."
        )
    if split:
        notes.append(
            f"{split} rows are of an hour that clocks repeated; each is split over both hours,"
            " and counts as two lines."
        )
    return tuple(notes)
