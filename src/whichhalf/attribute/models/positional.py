"""Credit by place in the path: first, last, linear, position. Arithmetic, nothing is fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from whichhalf.attribute.models.answer import answer
from whichhalf.attribute.models.paths import Floats, Integers, Paths
from whichhalf.attribute.models.reading import read_paths
from whichhalf.errors import UsageError


@dataclass(frozen=True)
class Credit:
    """Conversions and value by channel, shape (channels,), without those of empty paths."""

    conversions: Floats
    value: Floats | None


def first(paths: Any) -> pa.Table:
    """All credit to the first touch. Takes and gives what `linear` does."""
    return _credited(paths, lambda block: first_weights(block.offsets))


def last(paths: Any) -> pa.Table:
    """All credit to the last touch. Takes and gives what `linear` does."""
    return _credited(paths, lambda block: last_weights(block.offsets))


def linear(paths: Any) -> pa.Table:
    """Equal credit to each touch: in a > a > b, a has 2/3.

    paths: see `read_paths`. Returns channel, conversions[, value]; every channel that occurs has
    a row. Conversions of empty paths stand in a last row whose channel is null, so that the
    columns sum to what came in. No rows in: no rows out.
    """
    return _credited(paths, lambda block: linear_weights(block.offsets))


def position(paths: Any, first: float = 0.4, last: float = 0.4) -> pa.Table:
    """Fixed shares to the first and the last touch, the rest equally to those between.

    Of two touches each has its share of first + last (.5 and .5 by default); one touch has all.
    first, last: >= 0, together <= 1, else UsageError. Takes and gives what `linear` does.
    """
    _check_shares(first, last)
    return _credited(paths, lambda block: position_weights(block.offsets, first, last))


def first_weights(offsets: Integers) -> Floats:
    """Weight of each touch, shape (touches,): 1 for the first of a row, else 0."""
    weights = np.zeros(offsets[-1])
    weights[offsets[:-1][np.diff(offsets) > 0]] = 1.0
    return weights


def last_weights(offsets: Integers) -> Floats:
    """Weight of each touch, shape (touches,): 1 for the last of a row, else 0."""
    weights = np.zeros(offsets[-1])
    weights[offsets[1:][np.diff(offsets) > 0] - 1] = 1.0
    return weights


def linear_weights(offsets: Integers) -> Floats:
    """Weight of each touch, shape (touches,): one divided by the touches of its row."""
    lengths = np.diff(offsets)
    return np.repeat(1.0 / np.maximum(lengths, 1), lengths)


def position_weights(offsets: Integers, first: float, last: float) -> Floats:
    """Weight of each touch, shape (touches,), as `position` tells; sums to 1 in each row."""
    lengths = np.diff(offsets)
    middle = max(round(1.0 - first - last, 12), 0.0) / np.maximum(lengths - 2, 1)
    weights = np.repeat(middle, lengths)
    ends = first + last
    # Two touches share what the two ends have; where that is nothing they share equally.
    first_of_two, last_of_two = (first / ends, last / ends) if ends > 0 else (0.5, 0.5)
    some, two = lengths > 0, lengths == 2
    weights[offsets[:-1][some]] = np.where(two, first_of_two, first)[some]
    weights[offsets[1:][some] - 1] = np.where(two, last_of_two, last)[some]
    weights[offsets[:-1][lengths == 1]] = 1.0
    return weights


def credit(paths: Paths, weigh: Callable[[Paths], Floats]) -> Credit:
    """Sum each touch's weight × its row's conversions (and value) by channel.

    weigh: gives the weights of a block's touches, shape (touches,), Σ = 1 in each row.
    """
    count = len(paths.channels)
    conversions = np.zeros(count)
    value = None if paths.value is None else np.zeros(count)
    for block in paths.blocks():
        weights, lengths = weigh(block), block.lengths
        earned = weights * np.repeat(block.conversions, lengths)
        conversions += np.bincount(block.codes, earned, count)
        if value is not None and block.value is not None:
            earned = weights * np.repeat(block.value, lengths)
            value += np.bincount(block.codes, earned, count)
    return Credit(conversions, value)


def with_empty(
    paths: Paths, credited: Credit
) -> tuple[tuple[str | None, ...], Floats, Floats | None]:
    """Return channels, conversions and value, with a row for empty paths where they convert."""
    empty = paths.lengths == 0
    lost = paths.conversions[empty].sum()
    if not lost:
        return paths.channels, credited.conversions, credited.value
    value = None
    if credited.value is not None and paths.value is not None:
        value = np.append(credited.value, paths.value[empty].sum())
    return (*paths.channels, None), np.append(credited.conversions, lost), value


def _credited(frame: Any, weigh: Callable[[Paths], Floats]) -> pa.Table:
    paths = read_paths(frame)
    channels, conversions, value = with_empty(paths, credit(paths, weigh))
    return answer(channels, conversions, value=value, value_total=paths.value_total)


def _check_shares(first: float, last: float) -> None:
    if not (first >= 0 and last >= 0 and first + last <= 1 + 1e-12):
        raise UsageError(
            f"position: first={first}, last={last}. Expected: shares of 0 or more that sum to 1 at"
            " most. Lower them; what they leave goes to the touches between."
        )
