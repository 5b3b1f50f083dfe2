"""Credit of each touch under the models that are rules: streams of touches, worked on as arrays.

The models are those of `attribute.models`, over one block of whole conversions at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.attribute.models.paths import Codes, Flags, Floats, Integers, Paths
from whichhalf.attribute.models.positional import linear_weights, position_weights
from whichhalf.attribute.models.sharing import path_weights
from whichhalf.attribute.models.time_decay import time_decay_weights
from whichhalf.config import AttributeConfig
from whichhalf.tables import table

_DAY = 86_400_000_000  # microseconds
_OF_CONVERSION = ("day", "app", "conversion_id", "conversion_kind", "person_id", "converted_at")
_MONEY = pa.decimal128(18, 6)
SHARED = ("linear", "position", "time_decay", "shapley")


def touch_credits(
    conversions: pa.Table, touches: Iterable[pa.RecordBatch], settings: AttributeConfig
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of table touch_credits.

    conversions: rows of wanted_conversions, `number` from 1 on, ascending. touches: rows of
    credited_touches, in its order; a conversion may span batches.
    """
    conversions = conversions.combine_chunks()
    for block in _whole_conversions(touches):
        yield _credited(conversions, block, settings)


def _whole_conversions(touches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Cut the stream between conversions: what the last one of a batch has waits for the next."""
    held: list[pa.RecordBatch] = []
    for batch in touches:
        if not batch.num_rows:
            continue
        numbers = batch.column("number").to_numpy()
        cut = int(np.searchsorted(numbers, numbers[-1]))
        if cut or (held and held[-1].column("number")[-1].as_py() != numbers[-1]):
            if whole := [*held, batch.slice(0, cut)]:
                yield pa.Table.from_batches(whole)
            held = []
        held.append(batch.slice(cut))
    if held:
        yield pa.Table.from_batches(held)


@dataclass(frozen=True, eq=False)
class _Block:
    """Touches that may take credit: where each conversion begins, and what is known of each.

    offsets: shape (conversions + 1,). of: conversion of each touch, from 0. ages: days before it.
    """

    offsets: Integers
    of: Integers
    ages: Floats
    is_paid: Flags
    is_direct: Flags
    channels: tuple[str, ...]
    codes: Codes
    touch_ids: pa.Array

    @property
    def lengths(self) -> Integers:
        return np.diff(self.offsets)


def _credited(conversions: pa.Table, rows: pa.Table, settings: AttributeConfig) -> pa.RecordBatch:
    rows = rows.combine_chunks()
    numbers = rows["number"].to_numpy()
    first = int(numbers[0]) - 1
    mine = conversions.slice(first, int(numbers[-1]) - first)
    of_row = pa.array(numbers - 1 - first)
    taken = mine.select([*_OF_CONVERSION, "attributed_at", "value"]).take(of_row).combine_chunks()
    usable = rows["is_usable"].to_numpy() == 1
    block = _block(rows, taken, numbers, usable)
    weights = _weights(block, settings)
    columns = {name: taken[name].chunk(0) for name in (*_OF_CONVERSION, "value")}
    columns |= {name: rows[name].chunk(0) for name in ("touch_id", "source_key", "touched_at")}
    columns |= {f"{name}_credit": _spread(w, usable) for name, w in weights.items()}
    handed_on = rows["is_handed_on"].to_numpy() == 1
    columns["install_last_touch_credit"] = pa.array(np.ones(len(usable)), mask=~handed_on)
    worth = _units(taken["value"].chunk(0))[usable]
    for name in SHARED:
        shares = _shared(worth, weights[name], block)
        columns[f"{name}_value"] = _money(shares, usable)
    names = table("touch_credits").arrow.names
    return pa.RecordBatch.from_pydict({name: columns[name] for name in names})


def _block(rows: pa.Table, taken: pa.Table, numbers: Integers, usable: Flags) -> _Block:
    kept = numbers[usable]
    begins = np.flatnonzero(np.diff(kept, prepend=-1))
    offsets = np.append(begins, len(kept)).astype(np.int64)
    channel = rows["channel"].chunk(0).dictionary_encode()
    micros = [
        pc.cast(column, pa.timestamp("us")).cast(pa.int64()).to_numpy()[usable]
        for column in (rows["touched_at"].chunk(0), taken["attributed_at"].chunk(0))
    ]
    return _Block(
        offsets,
        np.repeat(np.arange(len(begins)), np.diff(offsets)),
        (micros[1] - micros[0]) / _DAY,
        rows["is_paid"].to_numpy()[usable] == 1,
        rows["is_direct"].to_numpy()[usable] == 1,
        tuple(channel.dictionary.to_pylist()),
        channel.indices.to_numpy()[usable],
        rows["touch_id"].chunk(0).filter(pa.array(usable)),
    )


def _weights(block: _Block, settings: AttributeConfig) -> dict[str, Floats]:
    """Weight of each touch by model, NaN where the model does not look at it."""
    every, sourced = np.ones(len(block.of), np.bool_), ~block.is_direct
    ends = {
        name: _end(block, among, first=first)
        for suffix, among in (("", every), ("_non_direct", sourced), ("_paid", block.is_paid))
        for name, first in ((f"first{suffix}", True), (f"last{suffix}", False))
    }
    count = len(block.lengths)
    nothing = np.zeros(count)
    paths = Paths(block.channels, block.codes, block.offsets, nothing, nothing)
    return ends | {
        "linear": linear_weights(block.offsets),
        "position": position_weights(block.offsets, settings.first_share, settings.last_share),
        "time_decay": time_decay_weights(block.ages, block.of, settings.half_life_days),
        # The conversions game: equal parts to the distinct channels, and to the touches of each.
        "shapley": path_weights(paths, np.ones(len(block.channels))),
    }


def _end(block: _Block, among: Flags, *, first: bool) -> Floats:
    """1 at the first or last of the touches among each conversion's; NaN elsewhere."""
    places = np.flatnonzero(among)
    owner = block.of[places]
    step = np.diff(owner, prepend=-1) if first else np.diff(owner, append=-1)
    weights = np.full(len(block.of), np.nan)
    weights[places[step != 0]] = 1.0
    return weights


def _shared(worth: Integers, weights: Floats, block: _Block) -> Integers:
    """Share the value by weight, in millionths, Σ = value; shape (touches,).

    What rounding leaves goes to the largest weight, of equal ones to the least touch id.
    """
    exact = worth * weights
    shares = np.trunc(exact + np.copysign(0.5, exact)).astype(np.int64)  # as the engine rounds
    if not len(shares):
        return shares
    starts = block.offsets[:-1]
    left = worth[starts] - np.add.reduceat(shares, starts)
    largest = np.maximum.reduceat(weights, starts)
    places = np.flatnonzero((left[block.of] != 0) & (weights == largest[block.of]))
    owners = block.of[places]
    tied = np.bincount(owners, minlength=len(left))[owners] > 1
    takers = np.concatenate((places[~tied], _least(places[tied], owners[tied], block.touch_ids)))
    shares[takers] += left[block.of[takers]]
    return shares


def _least(places: Integers, owners: Integers, touch_ids: pa.Array) -> Integers:
    """Of each owner's places (owners ascending) the one with the least touch id."""
    names = touch_ids.take(pa.array(places))
    grouped = pa.table({"owner": owners, "name": names}).group_by("owner", use_threads=False)
    least = grouped.aggregate([("name", "min")])["name_min"]
    _owners, group = np.unique(owners, return_inverse=True)
    return np.asarray(places[pc.equal(names, least.take(pa.array(group))).to_numpy()])


def _spread(weights: Floats, usable: Flags) -> pa.Array:
    """Credits of all rows: null where there is none."""
    credits = np.full(len(usable), np.nan)
    credits[usable] = weights
    return pa.array(credits, mask=np.isnan(credits))


def _units(money: pa.Array) -> Integers:
    """Millionths of decimal(18, 6): they fit 64 bits."""
    words = np.frombuffer(money.buffers()[1], np.int64)
    return words[2 * money.offset : 2 * (money.offset + len(money)) : 2]


def _money(units: Integers, usable: Flags) -> pa.Array:
    """Decimals of millionths, null where a row takes no credit."""
    words = np.zeros((len(usable), 2), np.int64)
    words[usable, 0] = units
    words[:, 1] = words[:, 0] >> 63
    valid = pa.array(usable).buffers()[1]
    return pa.Array.from_buffers(_MONEY, len(usable), [valid, pa.py_buffer(words)])
