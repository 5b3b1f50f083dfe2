"""Steps on paths: what stays, and that totals never change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from model_journeys import Row, column, frame, rows

from whichhalf.attribute import (
    capped,
    distinct,
    first_occurrences,
    linear,
    without_direct,
    without_repeats,
)
from whichhalf.errors import UsageError

PATHS = ["b > b > a > direct > b", "direct > direct", "", "c"]
EXPECTED: list[tuple[Callable[[Any], Any], list[str]]] = [
    (first_occurrences, ["b > a > direct", "direct", "", "c"]),
    (distinct, ["a > b > direct", "direct", "", "c"]),
    (without_repeats, ["b > a > direct > b", "direct", "", "c"]),
    (partial(capped, n=2), ["direct > b", "direct > direct", "", "c"]),
    (partial(capped, n=9), PATHS),
    (without_direct, ["b > b > a > b", "direct > direct", "", "c"]),
    (partial(without_direct, direct="c"), PATHS),
    (partial(without_direct, direct="nobody"), PATHS),
]


@pytest.mark.parametrize(("step", "expected"), EXPECTED)
def test_steps(step: Callable[[Any], Any], expected: list[str]) -> None:
    answer = pa.table(step(pa.table({"path": PATHS, "conversions": [1, 2, 3, 4]})))
    assert [" > ".join(path) for path in answer.column("path").to_pylist()] == expected
    assert answer.column("conversions").to_pylist() == [1, 2, 3, 4]


@settings(max_examples=30)
@given(rows())
def test_totals_stay(journeys: list[Row]) -> None:
    total = sum(c for _, c, _ in journeys)
    for step, _ in EXPECTED:
        assert sum(column(linear(step(frame(journeys)))).values()) == pytest.approx(total)


def test_steps_follow_each_other() -> None:
    paths = pa.table({"path": PATHS, "conversions": [1, 2, 3, 4]})
    answer = column(linear(capped(without_direct(first_occurrences(paths)), 1)))
    assert answer == {"c": 4, "direct": 2, "a": 1, "b": 0, None: 3}


def test_a_cap_keeps_something() -> None:
    with pytest.raises(UsageError, match="n=0"):
        capped(pa.table({"path": PATHS, "conversions": [1, 2, 3, 4]}), 0)
