"""Steps that change paths before a model reads them. Each gives a frame for the next.

    linear(capped(without_direct(paths), 10))

Counts and value stay with their rows, so that totals are what they were. A step takes any frame
that `read_paths` takes. What peers call "unique path" is here either `first_occurrences` (the
order kept) or `distinct` (only the set); Snowplow's step of that name changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from whichhalf.attribute.models.paths import Paths, first_places
from whichhalf.attribute.models.reading import read_paths
from whichhalf.errors import UsageError


def first_occurrences(paths: Any) -> Paths:
    """Keep each channel where it is first met: a > b > a becomes a > b."""
    read = read_paths(paths)
    return read.keeping(first_places(read) == np.arange(len(read.codes)))


def distinct(paths: Any) -> Paths:
    """Keep the set of channels, in the order of their names: b > a > b becomes a > b."""
    once = first_occurrences(paths)
    order = np.lexsort((once.codes, once.rows))
    return replace(once, codes=once.codes[order])


def without_repeats(paths: Any) -> Paths:
    """Put touches of one channel in a row together: a > a > b > a becomes a > b > a."""
    read = read_paths(paths)
    kept = np.ones(len(read.codes), np.bool_)
    kept[1:] = read.codes[1:] != read.codes[:-1]
    kept[read.offsets[:-1][read.lengths > 0]] = True
    return read.keeping(kept)


def capped(paths: Any, n: int) -> Paths:
    """Keep the last n touches: capped at 2, a > b > c becomes b > c. UsageError: n below 1."""
    if n < 1:
        raise UsageError(f"capped: n={n}. Expected: 1 or more touches to keep.")
    read = read_paths(paths)
    to_come = np.repeat(read.offsets[1:], read.lengths) - np.arange(len(read.codes))
    return read.keeping(to_come <= n)


def without_direct(paths: Any, direct: str = "direct") -> Paths:
    """Drop touches of the channel `direct`, but from paths that hold nothing else.

    Before any weights, so that what direct would have got goes to the others and is not lost.
    """
    read = read_paths(paths)
    if direct not in read.channels:
        return read
    other = read.codes != read.channels.index(direct)
    before = np.concatenate(([0], np.cumsum(other)))
    only_direct = np.diff(before[read.offsets]) == 0
    return read.keeping(other | np.repeat(only_direct, read.lengths))
