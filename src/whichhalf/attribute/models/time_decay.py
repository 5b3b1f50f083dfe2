"""Credit by nearness in time: a touch one half-life older weighs half."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.attribute.models.answer import answer
from whichhalf.attribute.models.paths import Floats, Integers
from whichhalf.attribute.models.reading import (
    Names,
    add_exactly,
    as_text,
    no_total,
    open_stream,
    to_floats,
)
from whichhalf.errors import BadDataError, SchemaError, UsageError

_COLUMNS = ("conversion_id", "channel", "touched_at", "converted_at")
_MICROSECONDS_A_DAY = 86_400_000_000


def time_decay(touches: Any, half_life_days: float = 7.0) -> pa.Table:
    """Credit by 2 ** (−age / half-life), shared within each conversion.

    touches: a row a touch, in any order: conversion_id, channel, touched_at, converted_at
    (timestamps, both with a zone or both without), optional value (of the conversion, the same in
    each of its rows). A row whose channel and touched_at are both null is no touch: a conversion
    that has only such rows goes to a last row whose channel is null.
    Returns channel, conversions[, value], as the models over paths do; half-life 7 days is Google
    Ads' former one. UsageError: a half-life that is not above 0. BadDataError: touches after
    their conversion, rows of a conversion that disagree, null ids or times.
    """
    if not (half_life_days > 0 and np.isfinite(half_life_days)):
        raise UsageError(f"time_decay: half_life_days={half_life_days}. Expected: days above 0.")
    rows = open_stream(touches, _COLUMNS, "touches").read_all().combine_chunks()
    conversions, ids = _conversions(rows)
    channel = as_text(_cells(rows, "channel"), "touches: channel")
    touched = _cells(rows, "touched_at")
    if not pc.all(pc.equal(pc.is_null(channel), pc.is_null(touched)), min_count=0).as_py():
        raise BadDataError(
            "touches: rows with a channel but no touched_at, or the reverse. Expected: both, or"
            " neither for a conversion without touches. Complete them."
        )
    is_touch = pc.is_valid(channel)
    ages = _ages(touched.filter(is_touch), _cells(rows, "converted_at").filter(is_touch))
    of_touch = conversions[np.asarray(is_touch)]
    names = Names()
    channels, codes = names.sorted(names.codes(channel.filter(is_touch), "touches: channel"))
    weights = time_decay_weights(ages, of_touch, half_life_days)
    bare = np.bincount(of_touch, minlength=ids) == 0
    value, total = _values(rows, conversions, ids)
    labels: tuple[str | None, ...] = (*channels, None) if bare.any() else channels

    def by_channel(worth: Floats) -> Floats:
        earned = weights * worth[of_touch]
        sums: Floats = np.asarray(np.bincount(codes, earned, len(channels)), np.float64)
        return np.append(sums, worth[bare].sum()) if bare.any() else sums

    credited = None if value is None else by_channel(value)
    return answer(labels, by_channel(np.ones(ids)), value=credited, value_total=total)


def time_decay_weights(ages: Floats, conversions: Integers, half_life_days: float) -> Floats:
    """Weight of each touch, shape (touches,), Σ = 1 in each conversion.

    ages: days from touch to conversion, >= 0. conversions: the conversion's number, from 0.
    Ages are taken beyond the youngest of the conversion, so that no weight sum is ever 0.
    """
    count = int(conversions.max(initial=-1)) + 1
    youngest = np.full(count, np.inf)
    np.minimum.at(youngest, conversions, ages)
    weights = np.exp2(-(ages - youngest[conversions]) / half_life_days)
    return np.asarray(weights / np.bincount(conversions, weights, count)[conversions])


def _cells(rows: pa.Table, name: str) -> pa.Array:
    column = rows.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _conversions(rows: pa.Table) -> tuple[Integers, int]:
    """Return the number of each row's conversion, from 0, and how many there are."""
    column = _cells(rows, "conversion_id")
    if column.null_count:
        raise BadDataError(
            f"touches: conversion_id is null in {column.null_count:,} rows. Expected: an id."
        )
    if pa.types.is_string_view(column.type):  # which Arrow cannot number yet
        column = column.cast(pa.large_string())
    keyed = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    _, numbers = np.unique(np.asarray(keyed.indices), return_inverse=True)
    return numbers.astype(np.int64), int(numbers.max(initial=-1)) + 1


def _ages(touched: pa.Array, converted: pa.Array) -> Floats:
    """Days from touch to conversion, shape (touches,)."""
    for name, column in (("touched_at", touched), ("converted_at", converted)):
        if not (pa.types.is_timestamp(column.type) or pa.types.is_null(column.type)):
            raise SchemaError(f"touches: {name} is {column.type}. Expected: timestamps.")
        if column.null_count:
            raise BadDataError(f"touches: {name} is null in {column.null_count:,} rows.")
    if len({getattr(c.type, "tz", None) is None for c in (touched, converted)}) > 1:
        raise SchemaError(
            "touches: one of touched_at and converted_at has a time zone, the other has none."
            " Expected: both or neither. Give both in UTC."
        )
    micros = [
        np.asarray(c.cast(pa.timestamp("us", getattr(c.type, "tz", None))).cast(pa.int64()))
        for c in (touched, converted)
    ]
    ages: Floats = (micros[1] - micros[0]) / _MICROSECONDS_A_DAY
    late = int(np.count_nonzero(ages < 0))
    if late:
        raise BadDataError(
            f"touches: {late:,} lie after their conversion. Expected: touched_at at or before"
            " converted_at. Leave them out: they cannot have brought it."
        )
    return ages


def _values(rows: pa.Table, conversions: Integers, count: int) -> tuple[Floats | None, Any]:
    """Return each conversion's value, shape (conversions,), and the exact total of decimals."""
    times = _cells(rows, "converted_at")
    if pa.types.is_null(times.type):  # a frame without any touch may not know the type
        times = times.cast(pa.timestamp("us"))
    instants = np.asarray(times.fill_null(0).cast(pa.int64()))
    _same_in_each(instants, conversions, count, "converted_at")
    if "value" not in rows.column_names:
        return None, None
    column = _cells(rows, "value")
    cells = to_floats(column, "touches: value", is_count=False)
    _same_in_each(cells, conversions, count, "value")
    first = np.full(count, -1)
    first[conversions[::-1]] = np.arange(len(conversions))[::-1]
    total: Decimal | None = no_total(rows.schema, "value")
    if total is not None:
        total = add_exactly(total, column.take(pa.array(first, pa.int64())))
    return cells[first], total


def _same_in_each(cells: Any, conversions: Integers, count: int, name: str) -> None:
    one = np.zeros(count, cells.dtype)
    one[conversions] = cells
    if (one[conversions] != cells).any():
        raise BadDataError(
            f"touches: {name} differs between rows of one conversion_id. Expected: the same in each"
            " of its rows. Give each conversion an id of its own."
        )
