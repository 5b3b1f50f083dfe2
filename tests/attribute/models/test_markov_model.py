"""Markov: published cases, and laws against a chain solved row by row in plain Python."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_journeys import Row, column, frame, rows

from whichhalf.attribute import markov
from whichhalf.attribute.models.markov import fit_markov
from whichhalf.attribute.models.reading import read_paths
from whichhalf.errors import UsageError

State = tuple[str, ...]


def chance(journeys: list[Row], order: int, removed: str | None = None) -> Fraction:
    """P(convert) by exact elimination of the chain; who comes to `removed` is lost."""
    moves: dict[State, dict[State, int]] = defaultdict(lambda: defaultdict(int))
    for path, conversions, nulls in journeys:
        states: list[State] = [()]
        states += [tuple(path[max(0, i - order + 1) : i + 1]) for i in range(len(path))]
        for before, after in pairwise(states):
            moves[before][after] += conversions + nulls
        moves[states[-1]][("✓",)] += conversions
        moves[states[-1]][("✗",)] += nulls
    states_left = [s for s, out in moves.items() if sum(out.values())]
    place = {s: i for i, s in enumerate(states_left)}
    size = len(place)
    table = [[Fraction(int(i == j)) for j in range(size)] + [Fraction(0)] for i in range(size)]
    for state, i in place.items():
        if state and state[-1] == removed:
            continue
        total = sum(moves[state].values())
        for after, count in moves[state].items():
            if after == ("✓",):
                table[i][size] += Fraction(count, total)
            elif after in place:
                table[i][place[after]] -= Fraction(count, total)
    for i in range(size):
        pivot = next(r for r in range(i, size) if table[r][i])
        table[i], table[pivot] = table[pivot], table[i]
        for r in range(size):
            if r != i and table[r][i]:
                ratio = table[r][i] / table[i][i]
                table[r] = [a - ratio * b for a, b in zip(table[r], table[i], strict=True)]
    return table[place[()]][size] / table[place[()]][place[()]]


def test_puzyrov_2019() -> None:
    # puzyrov 2019: two GA, one M and one GA > M convert, one GA does not; P = .8, effects .75, .5
    journeys: list[Row] = [(("GA",), 2, 1), (("M",), 1, 0), (("GA", "M"), 1, 0)]
    assert fit_markov(read_paths(frame(journeys))).base == pytest.approx(0.8, abs=1e-12)
    answer = markov(frame(journeys))
    assert column(answer, "removal_effect") == pytest.approx({"GA": 0.75, "M": 0.5})
    assert column(answer) == pytest.approx({"GA": 2.4, "M": 1.6})


def test_analyzecore_2016() -> None:
    # analyzecore 2016: C1 > C2 > C3 converts, C1 and C2 > C3 do not; P = 1/3, without C1 1/6
    journeys: list[Row] = [(("C1", "C2", "C3"), 1, 0), (("C1",), 0, 1), (("C2", "C3"), 0, 1)]
    assert fit_markov(read_paths(frame(journeys))).base == pytest.approx(1 / 3, abs=1e-12)
    answer = markov(frame(journeys))
    assert column(answer, "removal_effect")["C1"] == pytest.approx(1 - (1 / 6) / (1 / 3))
    assert column(answer) == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4})


@settings(max_examples=40)
@given(rows(), st.integers(1, 3))
def test_base_is_the_observed_rate(journeys: list[Row], order: int) -> None:
    persons = sum(c + n for _, c, n in journeys)
    base = fit_markov(read_paths(frame(journeys)), order).base
    if not persons:
        assert math.isnan(base)
    else:
        assert abs(base - sum(c for _, c, _ in journeys) / persons) < 1e-12


@settings(max_examples=40)
@given(rows(most=8), st.integers(1, 3))
def test_effects_are_those_of_taking_a_channel_out(journeys: list[Row], order: int) -> None:
    effects = column(markov(frame(journeys), order), "removal_effect")
    effects.pop(None, None)
    if not sum(c for _, c, _ in journeys):
        assert set(effects.values()) <= {None}
        return
    whole = chance(journeys, order)
    for channel, effect in effects.items():
        assert abs(effect - (1 - chance(journeys, order, channel) / whole)) < 1e-10


@settings(max_examples=25)
@given(rows(), st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order(journeys: list[Row], draw: object) -> None:
    shuffled = list(journeys)
    draw.shuffle(shuffled)
    one, other = markov(frame(journeys), 2), markov(frame(shuffled), 2)
    assert column(one) == pytest.approx(column(other), abs=1e-12)


@settings(max_examples=25)
@given(rows())
def test_repeated_rows_are_added_counts(journeys: list[Row]) -> None:
    doubled = [(path, 2 * c, 2 * n) for path, c, n in journeys]
    one, other = markov(frame(journeys + journeys)), markov(frame(doubled))
    assert column(one) == pytest.approx(column(other), abs=1e-9)


@settings(max_examples=25)
@given(rows(), st.integers(1, 2))
def test_totals_reconcile(journeys: list[Row], order: int) -> None:
    total = sum(c for _, c, _ in journeys)
    assert sum(column(markov(frame(journeys), order)).values()) == pytest.approx(total, abs=1e-9)


def test_repeats_change_nothing_at_order_one() -> None:
    plain: list[Row] = [(("a", "b"), 3, 1), (("b",), 1, 4)]
    repeated: list[Row] = [(("a",) * 500 + ("b",), 3, 1), (("b",) * 90, 1, 4)]
    one, other = (column(markov(frame(j)), "removal_effect") for j in (plain, repeated))
    assert one == pytest.approx(other, abs=1e-12)


def test_orders_differ_where_memory_matters() -> None:
    journeys: list[Row] = [(("a", "b", "c"), 5, 0), (("d", "b"), 0, 5), (("b", "c"), 0, 3)]
    first, second = (column(markov(frame(journeys), k), "removal_effect") for k in (1, 2))
    # Order 1 forgets where b was come from: 8 of 13 go on to c. Order 2 knows: 5 of the 8 by a.
    assert first["a"] == pytest.approx(5 / 13)
    assert second["a"] == pytest.approx(5 / 8)


def test_without_nulls_all_convert() -> None:
    answer = markov(pa.table({"path": ["a > b", "b"], "conversions": [1, 1]}))
    assert column(answer, "removal_effect") == pytest.approx({"a": 0.5, "b": 1.0})


def test_nobody_converts() -> None:
    answer = markov(frame([(("a", "b"), 0, 3)]))
    assert column(answer) == {"a": 0.0, "b": 0.0}
    assert column(answer, "removal_effect") == {"a": None, "b": None}


def test_no_rows() -> None:
    assert markov(frame([((), 0, 0)])).num_rows == 0
    assert markov(frame([((), 0, 0)]).slice(1)).num_rows == 0


def test_empty_paths_keep_their_conversions() -> None:
    answer = markov(frame([(("a",), 1, 0), ((), 2, 5)]))
    assert answer.column("channel").to_pylist() == ["a", None]
    assert column(answer) == {"a": 1.0, None: 2.0}
    assert column(answer, "removal_effect") == pytest.approx({"a": 1 / 3, None: None})


def test_hundreds_of_channels() -> None:
    draw = np.random.default_rng(5)
    names = [f"channel {i}" for i in range(400)]
    journeys = [
        (tuple(draw.choice(names, draw.integers(1, 6))), int(draw.integers(0, 3)), 2)
        for _ in range(2000)
    ]
    answer = markov(frame(journeys))
    assert sum(column(answer).values()) == pytest.approx(sum(c for _, c, _ in journeys))
    # A channel's conversions never fall below those that only it brought.
    effects = column(answer, "removal_effect")
    assert all(0 <= effect <= 1 for effect in effects.values())


@pytest.mark.parametrize("order", [0, -1, 400])
def test_impossible_orders_are_refused(order: int) -> None:
    with pytest.raises(UsageError, match=f"order={order}"):
        markov(frame([(("a",), 1, 0)]), order)


def test_more_states_than_can_be_solved_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whichhalf.attribute.models.markov.MAX_STATES", 2)
    with pytest.raises(UsageError, match="3 states"):
        markov(frame([(("a", "b"), 1, 0)]))


def test_sorted_counting_equals_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    journeys: list[Row] = [(("a", "b", "c", "a"), 2, 3), (("c",), 1, 1), (("b", "c"), 0, 2)]
    table = markov(frame(journeys), 2)
    monkeypatch.setattr("whichhalf.attribute.models.transitions._TABLE_CELLS", 1)
    monkeypatch.setattr("whichhalf.attribute.models.paths._BLOCK_TOUCHES", 2)
    assert column(markov(frame(journeys), 2)) == pytest.approx(column(table))
