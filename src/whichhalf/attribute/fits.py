"""Step `fits`: what each channel weighs under the models that learn from all paths at once.

One fit for each kind of conversion. Paths are the touches that `linear` credits, direct visits left
out, and those of persons who never converted. Credits join the fit when they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf import sql
from whichhalf.attribute.models.bootstrap import TOO_FEW, met
from whichhalf.attribute.models.markov import fit_markov
from whichhalf.attribute.models.paths import Floats, Integers, Paths
from whichhalf.attribute.models.shapley import MAX_RATE_CHANNELS, fit_shapley
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.tables import table

_PACKAGE = "whichhalf.attribute"
_SEED = 1  # of the draws behind intervals: the same paths give the same intervals
OTHER = "(other)"
_UNIT = 2.0**-40  # weights are multiples of it: their sums are exact, in whatever order
# Refunds and the like take the credit of what they refer to; no model learns from them.
_NOT_FITTED = ("refund", "chargeback", "fee", "tax")


def _markov(paths: Paths) -> Floats:
    return np.nan_to_num(fit_markov(paths).removal)


def _shapley_rate(paths: Paths) -> Floats:
    return fit_shapley(paths)


FITTED: dict[str, Callable[[Paths], Floats]] = {"markov": _markov, "shapley_rate": _shapley_rate}


def model_fits(engine: Engine, config: Config) -> Mapping[str, pa.Table]:
    """Return table model_fits.

    Reads: touch_credits, unattributed, touches, excluded_visitors, users, persons, sources.
    """
    converting = converting_paths(engine)
    other = other_paths(engine, config.attribute.session_touches)
    kinds = sorted(set(pc.unique(converting["conversion_kind"]).to_pylist()) - {*_NOT_FITTED})
    replicates = config.attribute.bootstrap_replicates
    rows = [
        row
        for kind in kinds
        for row in _fitted(kind, _of_kind(converting, kind), _of_kind(other, kind), replicates)
    ]
    return {"model_fits": pa.Table.from_pylist(rows, schema=table("model_fits").arrow)}


def converting_paths(engine: Engine) -> pa.Table:
    """Return channels before each conversion: conversion_kind, person_id, channel, begins_path."""
    _view_credits(engine)
    return engine.table(sql.load(_PACKAGE, "converting_paths").sql(engine.flags.dialect))


def other_paths(engine: Engine, session_touches: str) -> pa.Table:
    """Return channels of persons who never converted, columns as of `converting_paths`."""
    _view_credits(engine)
    select = sql.load(_PACKAGE, "other_paths")
    return engine.table(select.sql(engine.flags.dialect, session_touches=session_touches))


def _view_credits(engine: Engine) -> None:
    engine.view("rule_credits", sql.load(_PACKAGE, "rule_credits").sql(engine.flags.dialect))


def _of_kind(steps: pa.Table, kind: str) -> pa.Table:
    return steps.filter(pc.equal(steps["conversion_kind"], kind))


def _fitted(
    kind: str, converting: pa.Table, other: pa.Table, replicates: int
) -> list[dict[str, object]]:
    """Rows of one kind: every model × channel."""
    paths, persons = paths_of(converting, other)
    rows = []
    for model, fit in FITTED.items():
        players, named = _players(paths) if model == "shapley_rate" else (paths, paths.channels)
        values = fit(players)
        weights = np.round(values / _UNIT) * _UNIT
        totals = _totals(players, values)
        drawn = _redrawn(players, persons, fit, replicates)
        few = met(players) < TOO_FEW
        for channel, player in zip(paths.channels, named, strict=True):
            i = players.channels.index(player)
            low, high = (None, None) if drawn is None else drawn[:, i].tolist()
            rows.append(
                {
                    "conversion_kind": kind,
                    "model": model,
                    "channel": channel,
                    "fitted_as": player,
                    "weight": float(weights[i]),
                    "conversions": float(totals[i]),
                    "low": low,
                    "high": high,
                    "is_too_few": bool(few[i]),
                    "converting_paths": int(paths.conversions.sum()),
                    "other_paths": int(paths.nulls.sum()),
                    "base_rate": float(paths.conversions.sum() / paths.persons.sum()),
                }
            )
    return rows


def paths_of(converting: pa.Table, other: pa.Table) -> tuple[Paths, Integers]:
    """Return the paths, and the person of each row as a number; equal paths stay apart.

    converting, other: columns person_id, channel, begins_path (1 where a path begins), in order.
    A person who converted more than once has more than one path.
    """
    steps = pa.concat_tables([converting, other])
    names = pa.array(sorted(pc.unique(steps["channel"]).to_pylist()), pa.string())
    codes = pc.index_in(steps["channel"].combine_chunks(), names).to_numpy().astype(np.int32)
    begins = np.flatnonzero(steps["begins_path"].to_numpy())
    offsets = np.append(begins, len(codes)).astype(np.int64)
    holders = pc.take(steps["person_id"].combine_chunks(), pa.array(begins))
    persons = holders.dictionary_encode().indices.to_numpy().astype(np.int64)
    is_converting = (begins < converting.num_rows).astype(np.float64)
    read = Paths(tuple(names.to_pylist()), codes, offsets, is_converting, 1 - is_converting)
    return read, persons


def _players(paths: Paths) -> tuple[Paths, tuple[str, ...]]:
    """Put rare channels together where there are more than the rate game holds.

    Returns the paths over players, and the player of each channel. Rare: met by the fewest
    paths, ties by name.
    """
    if len(paths.channels) <= MAX_RATE_CHANNELS:
        return paths, paths.channels
    counts = np.bincount(paths.codes, minlength=len(paths.channels))
    order = sorted(range(len(counts)), key=lambda i: (-counts[i], paths.channels[i]))
    kept = {paths.channels[i] for i in order[: MAX_RATE_CHANNELS - 1]}
    named = tuple(name if name in kept else OTHER for name in paths.channels)
    players = tuple(sorted(set(named)))
    places = np.array([players.index(name) for name in named], np.int32)
    return replace(paths, channels=players, codes=places[paths.codes]), named


def _totals(paths: Paths, weights: Floats) -> Floats:
    """All conversions shared over the channels at once, as the classical models do."""
    positive = np.maximum(weights, 0.0)
    whole = positive.sum()
    share = positive / whole if whole > 0 else np.full(len(weights), 1 / len(weights))
    return np.asarray(share * paths.conversions.sum())


def _redrawn(
    paths: Paths, persons: Integers, fit: Callable[[Paths], Floats], replicates: int
) -> Floats | None:
    """Return 2.5 % and 97.5 % quantiles of the totals, shape (2, channels); None for no draws.

    The unit is the person: all paths of a person are drawn together.
    """
    if replicates < 2:
        return None
    kept, unit, sizes = units(paths, persons)
    everyone, draw = int(sizes.sum()), np.random.default_rng(_SEED)
    totals = np.empty((replicates, len(paths.channels)))
    for number in range(replicates):
        times = draw.multinomial(everyone, sizes / everyone)[unit]
        drawn = replace(kept, conversions=kept.conversions * times, nulls=kept.nulls * times)
        totals[number] = _totals(drawn, fit(drawn))
    return np.asarray(np.quantile(totals, (0.025, 0.975), axis=0))


def units(paths: Paths, persons: Integers) -> tuple[Paths, Integers, Integers]:
    """Put persons with one and the same path together; others stay by themselves.

    Returns the paths that are left, the unit of each, shape (paths,), and the persons in each
    unit, shape (units,): a draw of persons is a draw of units by their sizes.
    """
    is_only = np.bincount(persons)[persons] == 1
    same = _same(paths)
    key = np.where(is_only, same, int(same.max(initial=0)) + 1 + persons)
    _keys, first, unit, counts = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    sizes = np.where(is_only[first], counts, 1)
    kept = np.flatnonzero(~is_only | (first[unit] == np.arange(len(unit))))
    return _rows(paths, kept), unit[kept], sizes


def _same(paths: Paths) -> Integers:
    """A number for each row that rows with equal touches and outcome share, shape (rows,).

    A 64-bit hash: each place has a random factor. Among a million paths two different ones meet
    with odds of one in forty million, and would only be drawn together.
    """
    longest = int(paths.lengths.max(initial=0))
    factors = np.random.default_rng(_SEED).integers(1, 2**63, longest + 1, np.uint64)
    places = np.arange(len(paths.codes)) - np.repeat(paths.offsets[:-1], paths.lengths)
    terms = (paths.codes.astype(np.uint64) + 1) * factors[places + 1]
    key = np.add.reduceat(terms, paths.offsets[:-1]) if len(terms) else np.zeros(0, np.uint64)
    key += paths.conversions.astype(np.uint64) * factors[0]
    return np.unique(key, return_inverse=True)[1].astype(np.int64)


def _rows(paths: Paths, rows: Integers) -> Paths:
    """The paths of some rows, in their order."""
    lengths = paths.lengths[rows]
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    codes = paths.codes[np.repeat(paths.offsets[:-1][rows], lengths) + within]
    return replace(
        paths,
        codes=codes,
        offsets=offsets,
        conversions=paths.conversions[rows],
        nulls=paths.nulls[rows],
    )
