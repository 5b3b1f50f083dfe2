"""How sure a credit is: the same model over persons drawn again from those observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from whichhalf.attribute.models.paths import Flags, Floats, Paths, first_places
from whichhalf.errors import BadDataError, UsageError

# Converting persons who met the channel, below which a 95 % interval is not to be trusted:
# percentile intervals of a share cover too rarely where fewer than about 30 cases carry it.
TOO_FEW = 30
_LOWER, _UPPER = 0.025, 0.975


def resampled(
    paths: Paths, estimate: Callable[[Paths], Floats], *, replicates: int, seed: int | None
) -> Floats:
    """Return the estimate over each replicate, shape (replicates, channels).

    The unit is the person: a row with n conversions and m nulls is n + m persons, and each
    replicate draws as many persons as there are, with replacement (a multinomial draw).
    UsageError: no seed, or less than 2 replicates. BadDataError: counts that are not whole.
    """
    if replicates < 2 or seed is None:
        raise UsageError(
            f"bootstrap={replicates}, seed={seed}. Expected: 2 replicates or more (200 is usual)"
            " and a seed, so that the same paths give the same interval. Add seed=1."
        )
    cells = np.concatenate((paths.conversions, paths.nulls))
    if (cells != np.floor(cells)).any():
        raise BadDataError(
            "paths: conversions or nulls are not whole, so that persons cannot be drawn."
            " Expected: counts of persons. Round them, or leave out bootstrap."
        )
    some = np.flatnonzero(cells)  # the others are drawn by nobody
    persons = int(cells.sum())
    draw = np.random.default_rng(seed)
    drawn = np.empty((replicates, len(paths.channels)))
    for number in range(replicates):
        counts = np.zeros(len(cells))
        if persons:
            counts[some] = draw.multinomial(persons, cells[some] / persons)
        conversions, nulls = np.split(counts, 2)
        drawn[number] = estimate(replace(paths, conversions=conversions, nulls=nulls))
    return drawn


def spread_columns(paths: Paths, drawn: Floats, *, rows: int) -> dict[str, pa.Array]:
    """Return low, high and too_few beside `rows` channels; null in a last row without channel.

    low, high: 2.5 % and 97.5 % quantiles of the credited conversions. too_few: fewer than
    TOO_FEW converting persons met the channel, so that its interval is a guess.
    """
    low, high = np.quantile(drawn, (_LOWER, _UPPER), axis=0)
    few = met(paths) < TOO_FEW
    extra = [None] * (rows - len(few))
    return {
        "low": pa.array([*low.tolist(), *extra], pa.float64()),
        "high": pa.array([*high.tolist(), *extra], pa.float64()),
        "too_few": pa.array([*few.tolist(), *extra], pa.bool_()),
    }


def met(paths: Paths) -> Floats:
    """Return how many converting persons met each channel, shape (channels,)."""
    total = np.zeros(len(paths.channels))
    for block in paths.blocks():
        once: Flags = first_places(block) == np.arange(len(block.codes))
        persons = np.repeat(block.conversions, block.lengths)[once]
        total += np.bincount(block.codes[once], persons, len(total))
    return total
