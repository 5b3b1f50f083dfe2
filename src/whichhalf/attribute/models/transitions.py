"""Counts of moves between the states of a Markov chain, from paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whichhalf.attribute.models.paths import Floats, Integers, Paths
from whichhalf.errors import UsageError

START = 0
# Up to here moves are counted in a table (from, to): 128 MB of floats. Beyond, by sorting.
_TABLE_CELLS = 1 << 24
_LARGEST_KEY = 1 << 62


@dataclass(frozen=True, eq=False)
class Transitions:
    """How many persons moved from state to state. State 0 is the start.

    source, target, count: moves between states, each pair once, shape (moves,); count > 0.
    conversions, nulls: moves from each state into conversion and into null, shape (states,).
    channel: the channel a state stands on, -1 for the start, shape (states,).
    channels: how many there are.
    """

    source: Integers
    target: Integers
    count: Floats
    conversions: Floats
    nulls: Floats
    channel: Integers
    channels: int


@dataclass(frozen=True, eq=False)
class States:
    """The state at each touch (shape (touches,), from 1), and the channel of each state."""

    of_touch: Integers
    channel: Integers


def states_of(paths: Paths, order: int) -> States:
    """Return the states of a chain that remembers the last `order` channels.

    A path's first touches remember what there is. UsageError: an order below 1, or so many
    channels to that power that they cannot be numbered.
    """
    channels = len(paths.channels)
    if order < 1 or (channels + 1) ** order > _LARGEST_KEY:
        raise UsageError(
            f"markov: order={order} with {channels:,} channels. Expected: 1 or more, with"
            " (channels + 1) ** order below 2 ** 62. Lower the order or group the channels."
        )
    if order == 1:
        return States(paths.codes.astype(np.int64) + 1, np.arange(-1, channels))
    place = np.arange(len(paths.codes)) - np.repeat(paths.offsets[:-1], paths.lengths)
    keys = paths.codes.astype(np.int64) + 1
    for back in range(1, order):
        has = np.flatnonzero(place >= back)
        keys[has] += (paths.codes[has - back].astype(np.int64) + 1) * (channels + 1) ** back
    known, of_touch = np.unique(keys, return_inverse=True)
    channel = np.concatenate(([-1], known % (channels + 1) - 1))
    return States(of_touch.astype(np.int64) + 1, channel)


def count_transitions(paths: Paths, states: States) -> Transitions:
    """Count each row's moves once for each of its persons; rows without persons count nothing."""
    size = len(states.channel)
    table = np.zeros(size * size) if size * size <= _TABLE_CELLS else None
    pairs: list[tuple[Integers, Floats]] = []
    conversions, nulls = np.zeros(size), np.zeros(size)
    done = 0
    for block in paths.blocks():
        state = states.of_touch[done : done + len(block.codes)]
        done += len(block.codes)
        keys, weights, ends = _moves(block, state, size)
        conversions += np.bincount(ends, block.conversions, size)
        nulls += np.bincount(ends, block.nulls, size)
        if table is not None:
            np.add(table, np.bincount(keys, weights, size * size), out=table)
        else:
            pairs.append(_summed(keys, weights))
    if table is not None:
        keys = np.flatnonzero(table)
        counts = table[keys]
    else:
        keys, counts = _summed(
            np.concatenate([k for k, _ in pairs]), np.concatenate([c for _, c in pairs])
        )
        keys, counts = keys[counts > 0], counts[counts > 0]
    return Transitions(
        source=keys // size,
        target=keys % size,
        count=counts,
        conversions=conversions,
        nulls=nulls,
        channel=states.channel,
        channels=len(paths.channels),
    )


def _moves(block: Paths, state: Integers, size: int) -> tuple[Integers, Floats, Integers]:
    """Return from × size + to and persons of each touch, and the last state of each row."""
    lengths = block.lengths
    before = np.empty_like(state)
    before[1:] = state[:-1]
    some = lengths > 0
    before[block.offsets[:-1][some]] = START
    ends = np.full(len(block), START)
    ends[some] = state[block.offsets[1:][some] - 1]
    return before * size + state, np.repeat(block.persons, lengths), ends


def _summed(keys: Integers, weights: Floats) -> tuple[Integers, Floats]:
    known, place = np.unique(keys, return_inverse=True)
    return known, np.asarray(np.bincount(place, weights, len(known)), np.float64)
