"""Shapley values of channels, in a game that has a name: what a coalition is worth.

"conversions": a set of channels is worth the conversions of all persons who met only channels of
it. "rate": it is worth the share of those persons who converted, so that nulls speak too.
"""

from __future__ import annotations

from math import factorial
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from whichhalf.attribute.models.answer import answer
from whichhalf.attribute.models.bootstrap import resampled, spread_columns
from whichhalf.attribute.models.paths import Floats, Integers, Paths, first_places
from whichhalf.attribute.models.positional import credit, with_empty
from whichhalf.attribute.models.reading import read_paths
from whichhalf.errors import UsageError

MAX_RATE_CHANNELS = 15


def shapley(
    paths: Any,
    game: Literal["conversions", "rate"] = "conversions",
    *,
    bootstrap: int = 0,
    seed: int | None = None,
) -> pa.Table:
    """Credit by Shapley values of the named game; see docs/models.md for what each means.

    paths: see `read_paths`. "conversions" takes any number of channels: each path is split
    equally over its distinct channels. "rate" takes MAX_RATE_CHANNELS, may credit a channel with
    less than 0, and needs `nulls` to differ from counting; its row with channel null is what all
    persons would bring at the rate of those with an empty path.
    Returns channel, conversions[, value][, low, high, too_few], the latter see `spread_columns`.
    Σ conversions = all that came in. UsageError: another game, too many channels for "rate".
    """
    read = read_paths(paths)
    if game == "rate":
        channels, conversions, value = _by_rate(read)
    elif game == "conversions":
        channels, conversions, value = with_empty(read, credit(read, distinct_weights))
    else:
        raise UsageError(f"shapley: no game {game!r}. Expected: 'conversions' or 'rate'.")
    more = {}
    if bootstrap:
        estimate = _rate_conversions if game == "rate" else _equal_conversions
        drawn = resampled(read, estimate, replicates=bootstrap, seed=seed)
        more = spread_columns(read, drawn, rows=len(channels))
    return answer(channels, conversions, value=value, value_total=read.value_total, more=more)


def distinct_weights(paths: Paths) -> Floats:
    """Weight of each touch: one by its row's distinct channels where it is the first of its own.

    The Shapley value of worth = conversions: the unanimity game of each path's set.
    Source: Zhao, Mahboobi, Bagheri 2018, "Shapley value methods for attribution modeling".
    """
    once = first_places(paths) == np.arange(len(paths.codes))
    before = np.concatenate(([0], np.cumsum(once)))
    distinct = np.diff(before[paths.offsets])
    return np.asarray(once / np.repeat(np.maximum(distinct, 1), paths.lengths))


def shapley_values(worth: Floats) -> Floats:
    """Shapley values of a game given by the worth of each coalition; exact.

    worth: shape (2 ** players,), place = bits of the players in it. Returns shape (players,),
    Σ = worth[all] − worth[none].
    """
    players = len(worth).bit_length() - 1
    sets = np.arange(len(worth))
    sizes = np.bitwise_count(sets)
    share = np.array(
        [
            factorial(size) * factorial(players - size - 1) / factorial(players)
            for size in range(players)
        ]
    )
    values = np.empty(players)
    for player in range(players):
        without = sets[(sets >> player) & 1 == 0]
        gain = worth[without | (1 << player)] - worth[without]
        values[player] = share[sizes[without]] @ gain
    return values


def coalition_sums(sets: Integers, amounts: Floats, players: int) -> Floats:
    """Sum the amounts of all rows whose set lies inside each coalition, shape (2 ** players,).

    sets: bits of the channels of each row, shape (rows,). A zeta transform: players × 2 ** players
    additions.
    """
    sums: Floats = np.asarray(np.bincount(sets, amounts, 1 << players), np.float64)
    for player in range(players):
        halves = sums.reshape(-1, 2, 1 << player)
        halves[:, 1] += halves[:, 0]
    return sums


def rate_game(paths: Paths, amounts: Floats) -> Floats:
    """Worth of each coalition: amounts by persons among rows that met only its channels.

    amounts: conversions or value, shape (rows,). A coalition whom nobody met alone is worth 0.
    """
    players, sets = len(paths.channels), _sets(paths)
    persons = coalition_sums(sets, paths.persons, players)
    gained = coalition_sums(sets, amounts, players)
    return np.divide(gained, persons, out=np.zeros_like(gained), where=persons > 0)


def _sets(paths: Paths) -> Integers:
    """Bits of the distinct channels of each row, shape (rows,)."""
    sets = np.zeros(len(paths), np.int64)
    some = paths.lengths > 0
    bits = np.left_shift(1, paths.codes.astype(np.int64))
    if len(bits):
        sets[some] = np.bitwise_or.reduceat(bits, paths.offsets[:-1][some])
    return sets


def fit_shapley(paths: Paths) -> Floats:
    """Shapley values of the rate game, shape (channels,): what `path_weights` shares paths by."""
    _check_players(paths)
    return shapley_values(rate_game(paths, paths.conversions))


def _by_rate(paths: Paths) -> tuple[tuple[str | None, ...], Floats, Floats | None]:
    """Return channels, conversions and value; a last row for the rate without any channel."""
    _check_players(paths)
    persons = paths.persons.sum()
    columns = []
    for amounts in (paths.conversions, paths.value):
        if amounts is not None:
            worth = rate_game(paths, amounts)
            columns.append(np.append(shapley_values(worth), worth[0]) * persons)
    conversions, value = columns[0], columns[1] if len(columns) > 1 else None
    if (paths.lengths > 0).all():
        return paths.channels, conversions[:-1], None if value is None else value[:-1]
    return (*paths.channels, None), conversions, value


def _rate_conversions(paths: Paths) -> Floats:
    return np.asarray(fit_shapley(paths) * paths.persons.sum())


def _equal_conversions(paths: Paths) -> Floats:
    return credit(paths, distinct_weights).conversions


def _check_players(paths: Paths) -> None:
    count = len(paths.channels)
    if count > MAX_RATE_CHANNELS:
        raise UsageError(
            f"shapley: the rate game is exact up to {MAX_RATE_CHANNELS} channels, given: {count:,}."
            " Put rare channels together under one name, or use game='conversions', which takes"
            " any number."
        )
