"""The answer of every model: one row a channel, in an order that never depends on the rows'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext

import pyarrow as pa

from whichhalf.attribute.models.paths import Floats, scale_of


def answer(
    channels: Sequence[str | None],
    conversions: Floats,
    *,
    value: Floats | None = None,
    value_total: Decimal | None = None,
    more: Mapping[str, pa.Array] | None = None,
) -> pa.Table:
    """Return channel, conversions[, value] and what `more` holds.

    channels: names; None is the row of what no channel is credited with.
    value: credited worth; with value_total it becomes decimals that sum exactly to that.
    Order: conversions descending, then channel; the row without a channel stands last.
    """
    places = sorted(
        range(len(channels)),
        # Rounded, as equal credits may differ in their last digit by the order of the rows.
        key=lambda i: (channels[i] is None, -round(float(conversions[i]), 9), channels[i] or ""),
    )
    columns = {
        "channel": pa.array(channels, pa.string()),
        "conversions": pa.array(conversions, pa.float64()),
    }
    if value is not None:
        # What no channel has is a plain sum: rounding is made good among the channels.
        takers = [i for i in places if channels[i] is not None] or places
        columns["value"] = _money(value, value_total, takers)
    return pa.table({**columns, **(more or {})}).take(pa.array(places, pa.int64()))


def _money(value: Floats, total: Decimal | None, takers: Sequence[int]) -> pa.Array:
    """Return floats, or decimals whose rounding is made good on the largest of the takers."""
    if total is None:
        return pa.array(value, pa.float64())
    with localcontext(prec=76):
        unit = Decimal(1).scaleb(-scale_of(total))
        cells = [Decimal(float(v)).quantize(unit) for v in value]
        if cells:
            largest = min(takers, key=lambda i: -abs(cells[i]))
            cells[largest] += total - sum(cells, Decimal(0))
    return pa.array(cells, pa.decimal128(38, scale_of(total)))
