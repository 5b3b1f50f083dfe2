"""Quotes of exchange rates made dense: one rate per day and currency, to one currency.

A quote joins two currencies. The rate of a currency is the product along a way of at most three
quotes to the reporting currency: GBP → EUR → USD, or UAH → USD → EUR → GBP.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.tables import table

MAX_QUOTES = 3
SAME = "same"
_EPOCH = date(1970, 1, 1)
_ONE = Decimal(1).scaleb(-12)
# Wide enough for the exact product of three quotes, and far more than 12 decimals of their ratio.
_EXACT = Context(prec=90, rounding=ROUND_HALF_EVEN)

Ints = np.ndarray[Any, np.dtype[np.int64]]
# Beginning → ((other end, number of the pair, series of quotes that holds for the pair), …).
Edges = Mapping[str, list[tuple[str, int, "Series"]]]


@dataclass(frozen=True)
class Series:
    """The quotes of one pair by one source: `rows` of the table of quotes, `days` ascending."""

    number: int
    priority: int
    rate_source: str
    base: str
    currency: str
    days: Ints
    rows: Ints


def dense(
    quotes: pa.Table, currency: str, first_on: date, last_on: date, max_age_days: int
) -> pa.Table:
    """Return table `rates`: units of `currency` for one unit of each currency, on each day.

    quotes: rows of loaded_rates. Each day takes the last quote at or before it, never one older
    than max_age_days; of several sources the one with the highest priority that has such a quote,
    then the least name. quoted_on: the oldest quote behind the rate. rate_source: the sources
    along the way, joined by +. No row where there is no way: unknown is not 1. `currency` itself
    is 1 on every day. Rates are rounded half to even to 12 decimals; those that do not fit six
    digits before the point, or round to 0, have no row. Sorted by rate_on, currency.
    """
    quotes = _recent(quotes, first_on - timedelta(days=max_age_days), last_on)
    days = np.arange((first_on - _EPOCH).days, (last_on - _EPOCH).days + 1)
    series = list(_series(quotes))
    pairs, chosen = _choose(series, days, max_age_days)
    series_of = np.full(quotes.num_rows + 1, -1)  # the last stands for "no quote", row -1
    for one in series:
        series_of[one.rows] = one.number
    parts = [_same(currency, days)]
    # Days on which the same sources quote the same pairs have the same ways.
    kinds, kind_of = np.unique(series_of[chosen], axis=1, return_inverse=True)
    for number, kind in enumerate(kinds.T):
        edges = _edges(pairs, [series[n] if n >= 0 else None for n in kind])
        on = np.flatnonzero(kind_of.ravel() == number)
        for start in sorted(edges.keys() - {currency}):
            way = _way(start, currency, edges)
            if way is not None:
                rows = chosen[[pair for _, pair, _ in way]][:, on]
                parts.append(_along(start, way, quotes, days[on], rows))
    return pa.concat_tables(parts).sort_by([("rate_on", "ascending"), ("currency", "ascending")])


def _recent(quotes: pa.Table, first_on: date, last_on: date) -> pa.Table:
    """The quotes that can matter; a currency quoted in itself says nothing."""
    quoted = quotes["quoted_on"]
    timely = pc.and_(pc.greater_equal(quoted, first_on), pc.less_equal(quoted, last_on))
    sound = pc.and_(
        pc.not_equal(quotes["base"], quotes["currency"]), pc.greater(quotes["units_per_base"], 0)
    )
    return quotes.filter(pc.and_(timely, sound)).combine_chunks()


def _series(quotes: pa.Table) -> Iterator[Series]:
    """The series, those first that are preferred."""
    days = quotes["quoted_on"].cast(pa.int32()).to_numpy().astype(np.int64)
    names = ("priority", "rate_source", "base", "currency")
    keys = list(zip(*(quotes[name].to_pylist() for name in names), strict=True))
    rows: dict[tuple[int, str, str, str], list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows[key].append(row)
    ordered = sorted(rows, key=lambda key: (-key[0], *key[1:]))
    for number, key in enumerate(ordered):
        mine = np.array(rows[key])
        mine = mine[np.argsort(days[mine], kind="stable")]
        yield Series(number, *key, days[mine], mine)


def _choose(
    series: list[Series], days: Ints, max_age_days: int
) -> tuple[list[tuple[str, str]], Ints]:
    """(pairs of currencies, row of the quote that holds: shape (pairs, days), -1 for none)."""
    pairs = sorted({tuple(sorted((one.base, one.currency))) for one in series})
    number = {pair: n for n, pair in enumerate(pairs)}
    chosen = np.full((len(pairs), len(days)), -1)
    for one in series:
        last = np.searchsorted(one.days, days, side="right") - 1
        fresh = (last >= 0) & (days - one.days[last] <= max_age_days)
        held = chosen[number[tuple(sorted((one.base, one.currency)))]]
        np.copyto(held, one.rows[last], where=fresh & (held < 0))
    return pairs, chosen  # type: ignore[return-value]


def _edges(pairs: list[tuple[str, str]], kind: list[Series | None]) -> Edges:
    edges: dict[str, list[tuple[str, int, Series]]] = defaultdict(list)
    for number, ((left, right), one) in enumerate(zip(pairs, kind, strict=True)):
        if one is not None:
            edges[left].append((right, number, one))
            edges[right].append((left, number, one))
    return edges


def _way(
    start: str, end: str, edges: Edges, visited: frozenset[str] = frozenset()
) -> list[tuple[str, int, Series]] | None:
    """The preferred way: [(where it leads, pair, series), …]; None where there is none.

    A step along a quote of `start` itself, or straight to the end, comes before the step from a
    base to any of the many currencies quoted in it; then the higher priority, then the shorter
    way, then names.
    """
    if len(visited) == MAX_QUOTES:
        return None
    ways = []
    for other, pair, one in edges[start]:
        if other in visited:
            continue
        rest = [] if other == end else _way(other, end, edges, visited | {start})
        if rest is not None:
            strays = one.currency != start and other != end
            rank = (strays, -one.priority, len(rest), one.rate_source, other)
            ways.append((rank, [(other, pair, one), *rest]))
    return min(ways, key=lambda way: way[0])[1] if ways else None


def _along(
    start: str, way: list[tuple[str, int, Series]], quotes: pa.Table, days: Ints, rows: Ints
) -> pa.Table:
    """The rates of one currency on some days. rows: quotes of each step, shape (steps, days)."""
    key = np.zeros(len(days), np.int64)
    for step in rows:
        key = np.unique(key * quotes.num_rows + step, return_inverse=True)[1]
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    units = [quotes["units_per_base"].take(pa.array(step[first])).to_pylist() for step in rows]
    begins = [start, *(other for other, _, _ in way)]
    upward = [one.base == begin for (_, _, one), begin in zip(way, begins, strict=False)]
    rates = [_rate(step, upward) for step in zip(*units, strict=True)]
    quoted = quotes["quoted_on"].cast(pa.int32()).to_numpy()[rows].min(axis=0)
    source = "+".join(dict.fromkeys(one.rate_source for _, _, one in way))
    rate = pa.array(rates, pa.decimal128(18, 12)).take(pa.array(back))
    return _rates(start, days, rate, quoted, source).filter(rate.is_valid())


def _rate(units: tuple[Decimal, ...], upward: list[bool]) -> Decimal | None:
    """The product of the quotes; each counts upward from its base, downward to it."""
    over, under = Decimal(1), Decimal(1)
    for quote, up in zip(units, upward, strict=True):
        over, under = (
            (_EXACT.multiply(over, quote), under) if up else (over, _EXACT.multiply(under, quote))
        )
    rate = _EXACT.divide(over, under).quantize(_ONE, context=_EXACT)
    return rate if 0 < rate < 10**6 else None


def _same(currency: str, days: Ints) -> pa.Table:
    one = pa.array([Decimal(1)] * len(days), pa.decimal128(18, 12))
    return _rates(currency, days, one, days, SAME)


def _rates(currency: str, days: Ints, rate: pa.Array, quoted: Any, source: str) -> pa.Table:
    rows, schema = len(days), table("rates").arrow
    columns = {
        "rate_on": pa.array(days.astype(np.int32)).cast(pa.date32()),
        "currency": pa.array([currency] * rows, pa.string()),
        "rate": rate,
        "quoted_on": pa.array(np.asarray(quoted, np.int32)).cast(pa.date32()),
        "rate_source": pa.array([source] * rows, pa.string()),
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)
