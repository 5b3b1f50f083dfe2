"""Paths: what people touched before they converted or did not, in integer codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Codes = NDArray[np.int32]
Flags = NDArray[np.bool_]

# Touches worked on at once: their temporary arrays stay in the cache, and memory bounded.
_BLOCK_TOUCHES = 1 << 18
# Cells of the table in which repeats inside a path are looked up; 4 MB as int32.
_LOOKUP_CELLS = 1 << 20


@dataclass(frozen=True, eq=False)
class Paths:
    """Rows of paths. Itself a frame that speaks Arrow (columns as `read_paths` takes them).

    channels: names, ascending, distinct. codes: channel of each touch, shape (touches,).
    offsets: row i has the touches offsets[i] to offsets[i + 1], shape (rows + 1,), from 0.
    conversions, nulls: persons of the row who converted and who did not, shape (rows,), >= 0.
    value: worth of all conversions of the row together, shape (rows,), or None.
    value_total: exact sum of value where it came as decimals, None where as floats.
    """

    channels: tuple[str, ...]
    codes: Codes
    offsets: Integers
    conversions: Floats
    nulls: Floats
    value: Floats | None = None
    value_total: Decimal | None = None

    def __len__(self) -> int:
        return len(self.conversions)

    @property
    def lengths(self) -> Integers:
        """Touches of each row, shape (rows,)."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> Integers:
        """Row of each touch, shape (touches,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def persons(self) -> Floats:
        """Conversions and nulls of each row, shape (rows,)."""
        return self.conversions + self.nulls

    def blocks(self) -> Iterator[Paths]:
        """Yield the same rows in order, a cache's worth of touches at a time."""
        low = 0
        while low < len(self):
            limit = self.offsets[low] + _BLOCK_TOUCHES
            high = int(np.searchsorted(self.offsets, limit, side="right")) - 1
            high = min(max(high, low + 1), low + _BLOCK_TOUCHES)
            yield self._between(low, high)
            low = high

    def _between(self, low: int, high: int) -> Paths:
        """Return rows low to high; without copies but of the offsets."""
        first, last = self.offsets[low], self.offsets[high]
        return replace(
            self,
            codes=self.codes[first:last],
            offsets=self.offsets[low : high + 1] - first,
            conversions=self.conversions[low:high],
            nulls=self.nulls[low:high],
            value=None if self.value is None else self.value[low:high],
        )

    def keeping(self, kept: Flags) -> Paths:
        """Return the same rows with only the flagged touches, shape (touches,)."""
        before = np.concatenate(([0], np.cumsum(kept)))
        return replace(self, codes=self.codes[kept], offsets=before[self.offsets])

    def to_arrow(self) -> pa.Table:
        """Return columns path (list of names), conversions, nulls and value where there is one."""
        names = pa.array(self.channels, pa.string())
        path = pa.LargeListArray.from_arrays(self.offsets, names.take(pa.array(self.codes)))
        columns = {"path": path, "conversions": self.conversions, "nulls": self.nulls}
        if self.value is not None:
            value = pa.array(self.value)
            if self.value_total is not None:
                value = value.cast(pa.decimal128(38, scale_of(self.value_total)))
            columns["value"] = value
        return pa.table(columns)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.to_arrow().__arrow_c_stream__(requested_schema)


def scale_of(total: Decimal) -> int:
    """Decimals of a total, as it is written."""
    return -int(total.as_tuple().exponent)


def first_places(paths: Paths) -> Integers:
    """Position of the first touch of the same path with the same channel, shape (touches,).

    A touch is the first of its channel in its path where this equals its own position.
    No sorting: a table (row, channel) is filled from the last touch to the first, so that the
    first stays; cells that nobody filled are never read.
    """
    channels = max(len(paths.channels), 1)
    step = max(_LOOKUP_CELLS // channels, 64)
    table = np.empty(step * channels, np.int64)
    places = np.empty(len(paths.codes), np.int64)
    positions = np.arange(len(paths.codes))
    for low in range(0, len(paths), step):
        high = min(low + step, len(paths))
        touches = slice(paths.offsets[low], paths.offsets[high])
        row = np.repeat(np.arange(high - low), np.diff(paths.offsets[low : high + 1]))
        cells = row * channels + paths.codes[touches]
        table[cells[::-1]] = positions[touches][::-1]
        places[touches] = table[cells]
    return places
