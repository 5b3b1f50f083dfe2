"""Cost rows of one key: repeated rows, and the two days a year on which hours are not 24.

A table of costs has the columns of KEY, row (in the draft), zone, currency, local_on, hour (null:
all day), spend, impressions, clicks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.ad_costs.columns import LEVEL_COLUMNS
from whichhalf.collect.ad_costs.days import hour_instants
from whichhalf.collect.ad_costs.draft import Draft, Flags, Numbers
from whichhalf.collect.ad_days import local_day
from whichhalf.tables.schema import ARROW_TYPES

KEY = ("account_id", *LEVEL_COLUMNS, "country", "os")
_TIMESTAMP = ARROW_TYPES["timestamp"]
AMOUNTS = ("spend", "impressions", "clicks")
Amounts = tuple[Decimal, int, int]


def settle_repeats(costs: pa.Table, draft: Draft) -> tuple[pa.Table, Counter[str]]:
    """Return one cost a key and time, and how many rows were left out.

    Rows that are equal in every cell are the same row twice (duplicate_row). Others of one key are
    summed (summed) where the export is broken down by what ad_costs does not keep; else nobody can
    know which holds, and they are called wrong.
    """
    left_out: set[int] = set()
    sums: dict[int, Amounts] = {}
    dropped: Counter[str] = Counter()
    for places in _repeats(costs, (*KEY, "local_on", "hour")):
        rows = {place: costs["row"][place].as_py() for place in places}
        first_of = {draft.export.rows[row]: place for place, row in reversed(rows.items())}
        distinct = sorted(first_of.values())
        dropped["duplicate_row"] += len(places) - len(distinct)
        left_out.update(set(places) - set(distinct))
        if len(distinct) == 1:
            continue
        currencies = {costs["currency"][place].as_py() for place in distinct}
        if draft.columns.unkept and len(currencies) == 1:
            dropped["summed"] += len(distinct) - 1
            left_out.update(distinct[1:])
            sums[distinct[0]] = _sum(costs, distinct)
            continue
        left_out.update(distinct)
        lines = ", ".join(str(draft.export.positions[rows[place]]) for place in distinct)
        detail = f"lines {lines} are about the same ad and time, and differ"
        draft.wrong.update({rows[place]: ("repeated_key", detail) for place in distinct})
    return _without(_with_amounts(costs, sums), left_out), dropped


def _repeats(costs: pa.Table, key: Sequence[str]) -> list[list[int]]:
    """The places of the rows that share a key, one list a key; only keys of several rows."""
    numbered = costs.select(list(key)).append_column("place", pa.array(range(len(costs))))
    groups = numbered.group_by(list(key), use_threads=False).aggregate([("place", "list")])
    if len(groups) == len(costs):
        return []
    places = groups["place_list"].filter(pc.greater(pc.list_value_length(groups["place_list"]), 1))
    return [sorted(one) for one in places.to_pylist()]


def _sum(costs: pa.Table, places: Sequence[int]) -> Amounts:
    spend, impressions, clicks = (costs[name].take(places).to_pylist() for name in AMOUNTS)
    return sum(spend, Decimal(0)), sum(impressions), sum(clicks)


def _with_amounts(costs: pa.Table, amounts: Mapping[int, Amounts]) -> pa.Table:
    """The costs with other amounts at some places."""
    if not amounts:
        return costs
    mask = np.zeros(len(costs), bool)
    mask[list(amounts)] = True
    new = [amounts[place] for place in sorted(amounts)]
    for number, name in enumerate(AMOUNTS):
        column = costs[name].combine_chunks()
        values = pa.array([one[number] for one in new], column.type)
        replaced = pc.replace_with_mask(column, pa.array(mask), values)
        costs = costs.set_column(costs.column_names.index(name), name, replaced)
    return costs


def _without(costs: pa.Table, places: set[int]) -> pa.Table:
    if not places:
        return costs
    keep = np.ones(len(costs), bool)
    keep[list(places)] = False
    return costs.filter(pa.array(keep))


def settle_times(costs: pa.Table) -> tuple[pa.Table, Counter[str], int, tuple[str, ...]]:
    """Return the costs with starts_at and hours, rows that went into others, rows gained, notes.

    An hour that clocks skip counts to the next one (skipped_hour); one that they repeat is split
    over both, the remainder in the first, so that one row becomes two.
    """
    hours = pc.fill_null(costs["hour"].cast(pa.string()), "")
    days = costs["local_on"].cast(pa.string())
    coded = pc.binary_join_element_wise(costs["zone"], days, hours, "|").combine_chunks()
    coded = coded.dictionary_encode()
    covered = [_covered(stamp) for stamp in coded.dictionary.to_pylist()]
    codes = coded.indices.to_numpy()
    twice = np.array([len(starts) > 1 for starts, _, _ in covered], bool)[codes]
    skipped = np.array([not exists for _, _, exists in covered], bool)[codes]
    timed = _timed(costs, covered, codes, 0)
    dropped: Counter[str] = Counter()
    if skipped.any():
        timed, dropped["skipped_hour"] = _moved(timed, skipped)
    if twice.any():
        places = np.flatnonzero(pc.is_in(timed["row"], costs["row"].filter(pa.array(twice))))
        first, second = _halved(timed, places)
        timed = pa.concat_tables([first, _timed(second, covered, codes[twice], 1)])
    split = int(twice.sum())
    return timed, dropped, split, _time_notes(int(skipped.sum()), split)


def _moved(timed: pa.Table, skipped: Flags) -> tuple[pa.Table, int]:
    """The costs, those of skipped hours summed into the next one's; how many were summed."""
    # Those that moved stand last, so that the hour's own row gives its names to the sum.
    timed = timed.take(pa.array(np.argsort(skipped, kind="stable")))
    repeats = _repeats(timed, (*KEY, "starts_at"))
    summed = _with_amounts(timed, {one[0]: _sum(timed, one) for one in repeats})
    left_out = {place for one in repeats for place in one[1:]}
    return _without(summed, left_out), len(left_out)


def _covered(stamp: str) -> tuple[tuple[object, ...], int, bool]:
    """(instants at which it begins, hours, whether it exists) of `zone|day|hour`."""
    zone, day, hour = stamp.split("|")
    if hour:
        starts, exists = hour_instants(date.fromisoformat(day), int(hour), zone)
        return starts, 1, exists
    start, hours = local_day(date.fromisoformat(day), zone)
    return (start,), hours, True


def _timed(
    costs: pa.Table,
    covered: Sequence[tuple[tuple[object, ...], int, bool]],
    codes: object,
    part: int,
) -> pa.Table:
    """The costs with the instant of that number, and the hours that it covers."""
    starts = pa.array([one[0][min(part, len(one[0]) - 1)] for one in covered], _TIMESTAMP)
    hours = pa.array([one[1] for one in covered], pa.int64())
    places = pa.array(codes, pa.int32())
    timed = costs.append_column("starts_at", starts.take(places))
    return timed.append_column("hours", hours.take(places))


def _halved(costs: pa.Table, places: Numbers) -> tuple[pa.Table, pa.Table]:
    """The costs, with halved amounts at some places, and those places' other halves.

    The halves sum to the whole to the last digit; what is left over is in the first.
    """
    rows = costs.take(pa.array(places, pa.int64()))
    whole = list(zip(*(rows[name].to_pylist() for name in AMOUNTS), strict=True))
    second = [
        (Decimal(int(spend.scaleb(6)) // 2).scaleb(-6), views // 2, clicks // 2)
        for spend, views, clicks in whole
    ]
    first = [
        (spend - other[0], views - other[1], clicks - other[2])
        for (spend, views, clicks), other in zip(whole, second, strict=True)
    ]
    halves = _with_amounts(costs, dict(zip(map(int, places), first, strict=True)))
    others = _with_amounts(rows, dict(enumerate(second))).drop_columns(["starts_at", "hours"])
    return halves, others


def _time_notes(skipped: int, split: int) -> tuple[str, ...]:
    notes = []
    if skipped:
        notes.append(
            f"{skipped} rows are of an hour that clocks skipped in the account's zone;"
            " they count to the next hour."
        )
    if split:
        notes.append(
            f"{split} rows are of an hour that clocks repeated; each is split over both hours."
        )
    return tuple(notes)
