"""Credit of each touch of a path, from weights that a fit gave its channels."""

from __future__ import annotations

import numpy as np

from whichhalf.attribute.models.paths import Floats, Paths, first_places


def path_weights(paths: Paths, weights: Floats) -> Floats:
    """Return the credit of each touch within its path, shape (touches,), Σ = 1 in each.

    weights: of the channels, shape (channels,), as `fit_markov(…).removal` or `fit_shapley(…)`.
    Each distinct channel of a path has its weight by the sum of theirs; its touches in that path
    share equally, so that repeating a channel earns nothing. Weights below 0 and NaN count as 0;
    where all of a path's are 0, its distinct channels share equally.
    Summed over paths this is not the model's own total by channel: that shares all conversions at
    once, this keeps every conversion's credit among the channels it met.
    """
    worth = np.maximum(np.nan_to_num(weights), 0.0)
    credits = np.empty(len(paths.codes))
    done = 0
    for block in paths.blocks():
        credits[done : done + len(block.codes)] = _block_weights(block, worth)
        done += len(block.codes)
    return credits


def _block_weights(block: Paths, worth: Floats) -> Floats:
    touches = len(block.codes)
    places = first_places(block)
    once = places == np.arange(touches)
    repeats = np.bincount(places, minlength=touches)[places]
    rows = block.rows
    earned = worth[block.codes]
    whole = np.bincount(rows[once], earned[once], len(block))
    distinct = np.bincount(rows[once], minlength=len(block))
    bare = whole[rows] <= 0
    earned[bare] = 1.0
    whole = np.where(whole <= 0, distinct, whole)
    return np.asarray(earned / whole[rows] / repeats)
