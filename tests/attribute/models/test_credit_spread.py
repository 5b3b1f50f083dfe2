"""Bootstrap intervals, and the weights that a fit gives to the touches of each path."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_journeys import Row, column, frame, rows

from whichhalf.attribute import linear, markov, shapley
from whichhalf.attribute.models.markov import fit_markov
from whichhalf.attribute.models.reading import read_paths
from whichhalf.attribute.models.shapley import fit_shapley
from whichhalf.attribute.models.sharing import path_weights
from whichhalf.errors import BadDataError, UsageError

JOURNEYS: list[Row] = [
    (("a", "b"), 40, 160),
    (("a",), 30, 270),
    (("b", "c"), 20, 180),
    (("d",), 3, 30),
    ((), 5, 200),
]


def test_the_same_seed_gives_the_same_interval() -> None:
    one, same, other = (markov(frame(JOURNEYS), bootstrap=40, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_rows_are_persons() -> None:
    # One row of n persons, or n rows of one: the spread is of the same size.
    spread = {}
    for name, journeys in (
        ("rows", [(p, 1, 0) for p, c, _ in JOURNEYS for _ in range(c)]),
        ("counts", [(p, c, 0) for p, c, _ in JOURNEYS]),
    ):
        answer = markov(frame(journeys), bootstrap=400, seed=3)
        low, high = (column(answer, side)["a"] for side in ("low", "high"))
        spread[name] = high - low
    assert spread["rows"] == pytest.approx(spread["counts"], rel=0.3)


def test_intervals_have_the_width_that_theory_says() -> None:
    # One channel's conversions are binomial: sd = sqrt(n p (1 - p)).
    answer = markov(frame([(("a",), 100, 900)]), bootstrap=800, seed=1)
    row = answer.to_pylist()[0]
    half = 1.96 * np.sqrt(1000 * 0.1 * 0.9)
    assert row["low"] == pytest.approx(100 - half, abs=3)
    assert row["high"] == pytest.approx(100 + half, abs=3)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    draw = np.random.default_rng(8)
    paths = [("a",), ("b",), ("a", "b"), ("b", "a")]
    chances = np.array([0.05, 0.1, 0.03, 0.02, 0.3, 0.2, 0.2, 0.1])

    def answer(counts: np.ndarray, bootstrap: int = 0) -> dict[str, dict[str | None, float]]:
        journeys = [(p, int(counts[i]), int(counts[i + 4])) for i, p in enumerate(paths)]
        table = markov(frame(journeys), bootstrap=bootstrap, seed=1)
        return {name: column(table, name) for name in table.column_names[1:]}

    truth = answer((chances * 1_000_000).round())["conversions"]["a"] / 1000
    held = [
        found["low"]["a"] <= truth <= found["high"]["a"]
        for found in (answer(draw.multinomial(1000, chances), 60) for _ in range(50))
    ]
    assert np.mean(held) >= 0.82


def test_few_conversions_are_flagged() -> None:
    answer = column(markov(frame(JOURNEYS), bootstrap=10, seed=1), "too_few")
    assert answer == {"a": False, "b": False, "c": True, "d": True, None: None}


@pytest.mark.parametrize("game", ["conversions", "rate"])
def test_shapley_has_intervals_too(game: str) -> None:
    answer = shapley(frame(JOURNEYS), game, bootstrap=100, seed=1)
    for row in answer.to_pylist()[:-1]:
        assert row["low"] < row["conversions"] < row["high"]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(UsageError, match="Add seed=1"):
        markov(frame(JOURNEYS), bootstrap=10)
    with pytest.raises(UsageError, match="2 replicates"):
        markov(frame(JOURNEYS), bootstrap=1, seed=1)
    with pytest.raises(BadDataError, match="not whole"):
        markov(pa.table({"path": ["a"], "conversions": [0.5]}), bootstrap=10, seed=1)


def test_nobody_to_draw() -> None:
    answer = markov(frame([(("a",), 0, 0)]), bootstrap=5, seed=1)
    assert answer.column("low").to_pylist() == [0.0]


@settings(max_examples=40)
@given(rows(), st.lists(st.floats(-1, 1) | st.just(float("nan")), min_size=5, max_size=5))
def test_weights_sum_to_one_in_each_path(journeys: list[Row], weights: list[float]) -> None:
    paths = read_paths(frame(journeys))
    shares = path_weights(paths, np.array(weights[: len(paths.channels)]))
    assert len(shares) == len(paths.codes)
    sums = np.bincount(paths.rows, shares, len(paths))
    assert sums[paths.lengths > 0] == pytest.approx(1.0)
    assert (shares >= 0).all()


def test_weights_are_shared_by_those_of_the_fit() -> None:
    paths = read_paths(frame([(("a", "b", "a"), 1, 0), (("b",), 1, 2), (("b", "c"), 0, 1)]))
    shares = path_weights(paths, np.array([0.6, 0.2, 0.0]))
    assert shares == pytest.approx([0.375, 0.25, 0.375, 1.0, 1.0, 0.0])


def test_all_weights_nothing_is_an_equal_split() -> None:
    paths = read_paths(frame([(("a", "b", "a"), 1, 0)]))
    assert path_weights(paths, np.array([-0.1, np.nan])) == pytest.approx([0.25, 0.5, 0.25])


def test_fits_share_every_conversion_among_its_own_channels() -> None:
    paths = read_paths(frame(JOURNEYS))
    for weights in (fit_markov(paths).removal, fit_shapley(paths)):
        shares = path_weights(paths, weights)
        credit = np.bincount(paths.codes, shares * paths.conversions[paths.rows])
        assert credit.sum() == pytest.approx(93)
        assert credit[paths.channels.index("d")] == pytest.approx(3)
    assert sum(column(linear(paths)).values()) == pytest.approx(98)
