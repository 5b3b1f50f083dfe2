"""Shapley: textbook games, the axioms, and both games against plain enumeration."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from model_journeys import Row, column, frame, rows

from whichhalf.attribute import shapley
from whichhalf.attribute.models.shapley import shapley_values
from whichhalf.errors import UsageError

LETTERS = "abcdefghijkl"


def enumerated(players: str, worth) -> dict[str, float]:
    """Average of each player's gain: over sizes, then over coalitions of that size."""
    values = {}
    for player in players:
        others = [p for p in players if p != player]
        values[player] = sum(
            (worth(frozenset(s) | {player}) - worth(frozenset(s))) / comb(len(others), size)
            for size in range(len(players))
            for s in combinations(others, size)
        ) / len(players)
    return values


def conversions_inside(journeys: list[Row]):
    return lambda s: sum(c for path, c, _ in journeys if path and s.issuperset(path))


def rate_inside(journeys: list[Row]):
    def worth(s: frozenset[str]) -> float:
        inside = [(c, c + n) for path, c, n in journeys if s.issuperset(path)]
        persons = sum(p for _, p in inside)
        return sum(c for c, _ in inside) / persons if persons else 0.0

    return worth


def game(worth: dict[str, float], players: str) -> np.ndarray:
    """Worth by bits of the players, from worth by letters."""
    return np.array(
        [
            worth.get("".join(p for i, p in enumerate(players) if s >> i & 1), 0.0)
            for s in range(1 << len(players))
        ]
    )


def test_glove() -> None:
    # textbook: one left glove (a), two right gloves (b, c): 2/3, 1/6, 1/6
    worth = game({"ab": 1, "ac": 1, "abc": 1}, "abc")
    assert shapley_values(worth) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


@pytest.mark.parametrize(
    ("quota", "votes", "expected"),
    [(51, [40, 30, 20, 10], [5 / 12, 1 / 4, 1 / 4, 1 / 12])],
)
def test_weighted_majority(quota: int, votes: list[int], expected: list[float]) -> None:
    # textbook: [51; 40, 30, 20, 10]
    sums = np.array([sum(v for i, v in enumerate(votes) if s >> i & 1) for s in range(16)])
    assert shapley_values((sums >= quota).astype(float)) == pytest.approx(expected)


def test_security_council() -> None:
    # textbook: five permanent members of fifteen, nine votes: .19627 and .001865
    sets = np.arange(1 << 15)
    passes = ((sets & 31) == 31) & (np.bitwise_count(sets) >= 9)
    values = shapley_values(passes.astype(float))
    assert values[:5] == pytest.approx(0.19627, abs=5e-6)
    assert values[5:] == pytest.approx(0.001865, abs=5e-7)


def test_airport() -> None:
    # textbook: runways of 8, 11, 13, 18 cost 2, 3, 4, 9
    costs = [8, 11, 13, 18]
    worth = np.array([max([c for i, c in enumerate(costs) if s >> i & 1] + [0]) for s in range(16)])
    assert shapley_values(worth.astype(float)) == pytest.approx([2, 3, 4, 9])


GAMES = arrays.arrays(np.float64, 32, elements=st.floats(-100, 100))


@settings(max_examples=30)
@given(GAMES, GAMES, st.floats(-3, 3))
def test_axioms(one: np.ndarray, other: np.ndarray, scale: float) -> None:
    values = shapley_values(one)
    assert values.sum() == pytest.approx(one[-1] - one[0], abs=1e-9)
    added = shapley_values(one + scale * other)
    assert added == pytest.approx(values + scale * shapley_values(other), abs=1e-9)
    # symmetry: players 0 and 1 in each other's place
    sets = np.arange(32)
    swapped = (sets & ~3) | ((sets & 1) << 1) | ((sets & 2) >> 1)
    assert shapley_values(one[swapped])[[1, 0]] == pytest.approx(values[:2], abs=1e-9)
    # null player: nothing gained wherever player 4 comes in
    assert shapley_values(one[sets & 15])[4] == pytest.approx(0, abs=1e-12)


@settings(max_examples=25)
@given(rows("abcdef"))
def test_conversions_game_is_enumeration(journeys: list[Row]) -> None:
    values = column(shapley(frame(journeys)))
    values.pop(None, None)
    expected = enumerated("".join(sorted(values)), conversions_inside(journeys))
    assert values == pytest.approx(expected, abs=1e-10)


@settings(max_examples=25)
@given(rows("abcdef"))
def test_rate_game_is_enumeration(journeys: list[Row]) -> None:
    values = column(shapley(frame(journeys), "rate"))
    values.pop(None, None)
    persons = sum(c + n for _, c, n in journeys)
    expected = enumerated("".join(sorted(values)), rate_inside(journeys))
    assert values == pytest.approx({k: v * persons for k, v in expected.items()}, abs=1e-9)


def test_twelve_channels_are_enumeration() -> None:
    draw = np.random.default_rng(3)
    journeys: list[Row] = [
        (tuple(draw.choice(list(LETTERS), draw.integers(1, 7))), int(draw.integers(0, 9)), 5)
        for _ in range(60)
    ]
    # The games as tables by bits, so that 12 × 2^11 coalitions stay quick.
    for name, worth in (("conversions", conversions_inside), ("rate", rate_inside)):
        of_set = worth(journeys)
        table = {s: of_set(s) for k in range(13) for s in map(frozenset, combinations(LETTERS, k))}
        expected = enumerated(LETTERS, table.__getitem__)
        scale = sum(c + n for _, c, n in journeys) if name == "rate" else 1
        values = column(shapley(frame(journeys), name))
        assert {k: v / scale for k, v in values.items()} == pytest.approx(expected, abs=1e-10)


@settings(max_examples=25)
@given(rows(), st.sampled_from(["conversions", "rate"]))
def test_totals_reconcile(journeys: list[Row], name: str) -> None:
    total = sum(c for _, c, _ in journeys)
    values = column(shapley(frame(journeys), name))
    assert sum(values.values()) == pytest.approx(total, abs=1e-9)


@settings(max_examples=25)
@given(rows(), rows(), st.sampled_from(["conversions", "rate"]))
def test_order_and_repeats_of_rows(one: list[Row], other: list[Row], name: str) -> None:
    forward = column(shapley(frame(one + other), name))
    backward = column(shapley(frame(other[::-1] + one[::-1]), name))
    assert forward == pytest.approx(backward, abs=1e-9)
    twice = column(shapley(frame(one + one), name))
    doubled = frame([(p, 2 * c, 2 * n) for p, c, n in one])
    assert twice == pytest.approx(column(shapley(doubled, name)), abs=1e-9)


@settings(max_examples=25)
@given(rows(), rows())
def test_conversions_game_adds_up_over_path_sets(one: list[Row], other: list[Row]) -> None:
    whole = column(shapley(frame(one + other)))
    parts = [column(shapley(frame(journeys))) for journeys in (one, other)]
    added = {k: sum(part.get(k, 0.0) for part in parts) for k in whole}
    assert whole == pytest.approx(added, abs=1e-9)


def test_repeats_and_order_in_a_path_say_nothing() -> None:
    for name in ("conversions", "rate"):
        one = shapley(frame([(("a", "a", "b"), 3, 1), (("a",), 1, 2)]), name)
        other = shapley(frame([(("b", "a"), 3, 1), (("a",), 1, 2)]), name)
        assert column(one) == pytest.approx(column(other))


def test_rate_game_gives_the_rate_without_touches_to_nobody() -> None:
    # 10 of 100 convert untouched, 30 of 100 with a: a is worth the 20 points beyond.
    answer = shapley(frame([((), 10, 90), (("a",), 30, 70)]), "rate")
    # worth of {a} counts whom it holds: 40 of 200; a gains .2 − .1 for each of 200 persons
    assert column(answer) == pytest.approx({"a": 20.0, None: 20.0})


def test_value_is_a_game_of_its_own() -> None:
    journeys: list[Row] = [(("a",), 1, 3), (("a", "b"), 2, 1)]
    value = pa.array([10.0, 2.0])
    answer = column(shapley(frame(journeys, value=value), "rate"), "value")
    worth = {"": 0.0, "a": 10 / 4, "b": 0.0, "ab": 12 / 7}
    expected = enumerated("ab", lambda s: worth["".join(sorted(s))])
    assert answer == pytest.approx({k: v * 7 for k, v in expected.items()})


def test_thousands_of_channels() -> None:
    journeys: list[Row] = [((f"c{i}", f"c{i + 1}"), 1, 0) for i in range(5000)]
    values = column(shapley(frame(journeys)))
    assert len(values) == 5001
    assert values["c0"] == 0.5
    assert values["c77"] == 1.0


def test_rate_game_says_how_many_channels_it_takes() -> None:
    journeys: list[Row] = [((f"c{i}",), 1, 0) for i in range(16)]
    with pytest.raises(UsageError, match="exact up to 15 channels, given: 16"):
        shapley(frame(journeys), "rate")
    assert len(column(shapley(frame(journeys[:15]), "rate"))) == 15


def test_another_game_is_refused() -> None:
    with pytest.raises(UsageError, match="no game 'leave-one-out'"):
        shapley(frame([(("a",), 1, 0)]), "leave-one-out")
