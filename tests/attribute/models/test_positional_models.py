"""First, last, linear, position: by hand, and sums that always come out."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_journeys import Row, column, frame, rows

from whichhalf.attribute import first, last, linear, markov, position, shapley
from whichhalf.errors import UsageError

MODELS = {
    "first": first,
    "last": last,
    "linear": linear,
    "position": position,
    "shapley": shapley,
    "markov": markov,
}


def test_four_touches() -> None:
    journey = frame([(("a", "b", "a", "c"), 10, 5)])
    assert column(first(journey)) == {"a": 10, "b": 0, "c": 0}
    assert column(last(journey)) == {"c": 10, "a": 0, "b": 0}
    assert column(linear(journey)) == {"a": 5, "b": 2.5, "c": 2.5}
    assert column(position(journey)) == pytest.approx({"a": 5, "c": 4, "b": 1})


@pytest.mark.parametrize(
    ("shares", "path", "expected"),
    [
        ((0.4, 0.4), "a", {"a": 1}),
        ((0.4, 0.4), "ab", {"a": 0.5, "b": 0.5}),
        ((0.3, 0.5), "ab", {"a": 0.375, "b": 0.625}),
        ((0.0, 0.0), "ab", {"a": 0.5, "b": 0.5}),
        ((0.3, 0.5), "abcd", {"a": 0.3, "b": 0.1, "c": 0.1, "d": 0.5}),
        ((1.0, 0.0), "abc", {"a": 1, "b": 0, "c": 0}),
        ((0.0, 0.0), "abc", {"a": 0, "b": 1, "c": 0}),
    ],
)
def test_position(shares: tuple[float, float], path: str, expected: dict[str, float]) -> None:
    answer = position(frame([(tuple(path), 1, 0)]), *shares)
    assert column(answer) == pytest.approx(expected)


@pytest.mark.parametrize("shares", [(-0.1, 0.4), (0.6, 0.5), (float("nan"), 0.1)])
def test_impossible_shares_are_refused(shares: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="shares of 0 or more"):
        position(frame([(("a",), 1, 0)]), *shares)


@settings(max_examples=40)
@given(rows(), st.sampled_from(sorted(MODELS)), st.data())
def test_totals_reconcile_to_the_last_decimal(
    journeys: list[Row], model: str, data: st.DataObject
) -> None:
    cents = st.integers(-(10**9), 10**9)
    value = [Decimal(data.draw(cents)) / 100 if c else Decimal(0) for _, c, _ in journeys]
    money = pa.array(value, pa.decimal128(18, 2))
    answer = MODELS[model](frame(journeys, value=money))
    total = sum(c for _, c, _ in journeys)
    assert sum(column(answer).values()) == pytest.approx(total, abs=1e-9)
    assert answer.schema.field("value").type == pa.decimal128(38, 6)
    assert sum(column(answer, "value").values(), Decimal(0)) == sum(value)


@settings(max_examples=25)
@given(rows(), st.sampled_from(sorted(MODELS)), st.randoms(use_true_random=False))
def test_order_and_repeats_of_rows(journeys: list[Row], model: str, draw: object) -> None:
    shuffled = journeys + journeys
    draw.shuffle(shuffled)
    doubled = [(path, 2 * c, 2 * n) for path, c, n in journeys]
    one, other = (MODELS[model](frame(j)) for j in (shuffled, doubled))
    assert column(one) == pytest.approx(column(other), abs=1e-9)
    assert one.column("channel").to_pylist() == other.column("channel").to_pylist()


@pytest.mark.parametrize("model", sorted(MODELS))
def test_rows_stand_by_conversions_then_channel(model: str) -> None:
    journeys: list[Row] = [(("b",), 2, 0), (("a",), 2, 0), (("c",), 3, 0), (("d",), 0, 9)]
    answer = MODELS[model](frame([*journeys, ((), 9, 0)]))
    assert answer.column("channel").to_pylist() == ["c", "a", "b", "d", None]


def test_money_beyond_floats_reconciles() -> None:
    value = pa.array([Decimal("123456789012345678901.01"), Decimal("0.01")], pa.decimal128(38, 2))
    answer = linear(frame([(("a", "b", "c"), 1, 0), (("a",), 1, 0)], value=value))
    assert sum(column(answer, "value").values()) == Decimal("123456789012345678901.02")


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    journeys: list[Row] = [
        (("a", "b", "a"), 2, 1),
        ((), 3, 1),
        (("c", "c", "c", "c"), 1, 0),
        ((), 0, 1),
        (("b",), 5, 2),
    ]
    whole = {name: column(model(frame(journeys))) for name, model in MODELS.items()}
    monkeypatch.setattr("whichhalf.attribute.models.paths._BLOCK_TOUCHES", 2)
    monkeypatch.setattr("whichhalf.attribute.models.paths._LOOKUP_CELLS", 1)
    for name, model in MODELS.items():
        assert column(model(frame(journeys))) == pytest.approx(whole[name])
