"""Markov removal effects, solved exactly: one factorised system answers for all channels.

What it says: of the persons who converted, the share that the chain would lose if whoever comes
to the channel stopped there. An accounting rule over observed paths, no causal effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from whichhalf.attribute.models.answer import answer
from whichhalf.attribute.models.bootstrap import resampled, spread_columns
from whichhalf.attribute.models.paths import Floats, Integers, Paths
from whichhalf.attribute.models.positional import Credit, with_empty
from whichhalf.attribute.models.reading import read_paths
from whichhalf.attribute.models.transitions import (
    START,
    States,
    Transitions,
    count_transitions,
    states_of,
)
from whichhalf.errors import UsageError

# The inverse of 10,000 states takes 0.8 GB, and thrice that while it is made.
MAX_STATES = 10_000


@dataclass(frozen=True, eq=False)
class Effects:
    """A solved chain.

    base: P(a person converts), the observed rate; NaN where there are no persons.
    removal: share of the conversions that pass through each channel, shape (channels,), in
    [0, 1]; NaN where nobody converts, as there is nothing to lose.
    """

    base: float
    removal: Floats


def markov(paths: Any, order: int = 1, *, bootstrap: int = 0, seed: int | None = None) -> pa.Table:
    """Credit by removal effects of a Markov chain that remembers the last `order` channels.

    paths: see `read_paths`; without `nulls` the chain knows converting persons only.
    All conversions (and value) of paths with touches are shared in proportion to the effects.
    Returns channel, conversions[, value], removal_effect (null where nobody converts)[, low, high,
    too_few]: with `bootstrap` replicates, see `spread_columns`; they need a seed.
    Conversions of empty paths count in the chain and stand in a last row, channel null.
    UsageError: more than MAX_STATES states; group rare channels or lower the order.
    """
    read = read_paths(paths)
    states = states_of(read, order)
    effects = markov_effects(count_transitions(read, states))
    channels, conversions, value = with_empty(read, _shared(read, effects.removal))
    more = {"removal_effect": _or_null(effects.removal, len(channels))}
    if bootstrap:
        estimate = partial(_estimate, states=states)
        spread = resampled(read, estimate, replicates=bootstrap, seed=seed)
        more |= spread_columns(read, spread, rows=len(channels))
    return answer(channels, conversions, value=value, value_total=read.value_total, more=more)


def fit_markov(paths: Paths, order: int = 1) -> Effects:
    """Return the solved chain; its `removal` is what `path_weights` shares paths by."""
    return markov_effects(count_transitions(paths, states_of(paths, order)))


def markov_effects(transitions: Transitions) -> Effects:
    """Solve the chain: P(convert), and for each channel P(meets it and converts) / P(convert).

    With N = (I − Q)⁻¹ and b = N·r, the share through the states G of one channel is
    N[s, G] · N[G, G]⁻¹ · b[G] / b[s]; for one state (N_sk / N_kk) · b_k / b_s. It equals taking
    the channel out of the chain and solving anew.
    Source: Anderl, Becker, von Wangenheim, Schumann 2016 (removal effect); Kemeny, Snell 1960
    (fundamental matrix).
    """
    removal = np.full(transitions.channels, np.nan)
    live, reach, to_conversion = _system(transitions)
    if not len(live):
        return Effects(np.nan, removal)
    inverse = np.linalg.inv(reach)
    chance = inverse @ to_conversion
    base = float(chance[START])
    if base <= 0:
        return Effects(0.0, removal)
    removal[:] = 0.0
    channel = transitions.channel[live]
    if len(np.unique(channel)) == len(channel):
        share = inverse[START] / np.diagonal(inverse) * chance / base
        removal[channel[1:]] = share[1:]
    else:
        for members in _by_channel(channel):
            block = inverse[np.ix_(members, members)]
            removal[channel[members[0]]] = (
                inverse[START, members] @ np.linalg.solve(block, chance[members]) / base
            )
    return Effects(base, np.clip(removal, 0.0, 1.0))


def _system(transitions: Transitions) -> tuple[Integers, Floats, Floats]:
    """Return the states that persons leave, I − Q and r among them.

    Staying where one is changes no chance to arrive; without it the system stays well
    conditioned however often a channel repeats.
    """
    size = len(transitions.channel)
    moved = transitions.source != transitions.target
    source, target = transitions.source[moved], transitions.target[moved]
    count = transitions.count[moved]
    leaving = transitions.conversions + transitions.nulls + np.bincount(source, count, size)
    live = np.flatnonzero(leaving)
    if len(live) > MAX_STATES:
        raise UsageError(
            f"markov: {len(live):,} states. Expected: {MAX_STATES:,} at most, as the solve is"
            " exact. Group rare channels, or lower the order."
        )
    place = np.full(size, -1)
    place[live] = np.arange(len(live))
    reach = np.eye(len(live))
    reach[place[source], place[target]] = -count / leaving[source]
    return live, reach, transitions.conversions[live] / leaving[live]


def _by_channel(channel: Integers) -> list[Integers]:
    """Return the states of each channel, the start left out."""
    order = np.argsort(channel, kind="stable")
    cuts = np.flatnonzero(np.diff(channel[order])) + 1
    return [members for members in np.split(order, cuts) if channel[members[0]] >= 0]


def _shared(paths: Paths, removal: Floats) -> Credit:
    """Share what paths with touches bring in proportion to the removal effects."""
    touched = paths.lengths > 0
    whole = np.nansum(removal)
    share = np.nan_to_num(removal) / whole if whole > 0 else np.zeros(len(removal))
    value = None if paths.value is None else share * paths.value[touched].sum()
    return Credit(share * paths.conversions[touched].sum(), value)


def _estimate(paths: Paths, states: States) -> Floats:
    effects = markov_effects(count_transitions(paths, states))
    return _shared(paths, effects.removal).conversions


def _or_null(effects: Floats, rows: int) -> pa.Array:
    """Return the effects, null where unknown and in the row of the empty paths."""
    cells = np.concatenate((effects, np.full(rows - len(effects), np.nan)))
    return pa.array(cells, pa.float64(), mask=np.isnan(cells))
