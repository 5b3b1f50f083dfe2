"""Intervals of experiments hold what they say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from whichhalf.report.lift_estimate import (
    LEAST_EVENTS,
    Z95,
    Arm,
    Estimate,
    cost_each,
    difference,
    is_enough,
    relative,
)

EXPERIMENTS = 2_000


def arm(values: NDArray[np.float64]) -> Arm:
    total, squares = float(values.sum()), float((values**2).sum())
    return Arm(len(values), total, squares, int((values != 0).sum()))


def counted(people: int, events: int) -> Arm:
    return Arm(people, events, events, events)


def test_by_hand() -> None:
    """88 of 1,000 against 50 of 1,000, Bessel's correction included."""
    lift = difference(counted(1_000, 88), counted(1_000, 50))
    error = (0.088 * 0.912 / 999 + 0.05 * 0.95 / 999) ** 0.5
    assert lift.value == pytest.approx(0.038)
    assert lift.standard_error == pytest.approx(error)
    assert (lift.low, lift.high) == pytest.approx((0.038 - 1.959964 * error, 0.038 + Z95 * error))


def test_the_variance_is_that_of_numpy() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.lognormal(0, 1, 500), rng.lognormal(0.2, 1, 90)
    error = np.sqrt(one.var(ddof=1) / 500 + other.var(ddof=1) / 90)
    found = difference(arm(one), arm(other))
    assert found.standard_error == pytest.approx(error)
    assert found.value == pytest.approx(one.mean() - other.mean())


def test_fieller_solves_its_equation() -> None:
    treated, held_out = counted(2_000, 170), counted(300, 19)
    found = relative(treated, held_out)
    assert found and found.low is not None and found.high is not None
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(0.085 / (19 / 300) - 1)
    for end in (found.low + 1, found.high + 1):
        gap = (0.085 - end * 19 / 300) ** 2
        noise = treated.variance_of_mean + end**2 * held_out.variance_of_mean
        assert gap == pytest.approx(Z95**2 * noise)
    # The skew that the delta method has not: further up than down.
    assert found.high - found.value > found.value - found.low


def test_a_ratio_to_what_may_be_nothing_has_no_bounds() -> None:
    found = relative(counted(100, 20), counted(100, 2))
    assert found and (found.low, found.high) == (None, None)
    assert relative(counted(100, 20), counted(100, 0)) is None


def draws(seed: int, treated: float, held_out: float, sizes: tuple[int, int]) -> list[list[Arm]]:
    rng = np.random.default_rng(seed)
    counts = [
        rng.binomial(size, chance, EXPERIMENTS)
        for size, chance in zip(sizes, (treated, held_out), strict=True)
    ]
    return [
        [counted(size, int(count)) for size, count in zip(sizes, pair, strict=True)]
        for pair in zip(*counts, strict=True)
    ]


def covered(ends: list[Estimate], truth: float) -> float:
    inside = [e.low <= truth <= e.high for e in ends if e.low is not None and e.high is not None]
    assert len(inside) == len(ends)
    return sum(inside) / len(inside)


@pytest.mark.parametrize(
    ("treated", "held_out", "sizes"),
    [(0.09, 0.05, (9_000, 1_000)), (0.05, 0.05, (4_500, 500)), (0.4, 0.2, (300, 300))],
)
def test_intervals_hold_the_truth_in_95_of_100_experiments(
    treated: float, held_out: float, sizes: tuple[int, int]
) -> None:
    pairs = draws(7, treated, held_out, sizes)
    lifts = [difference(*pair) for pair in pairs]
    # 2,000 experiments: the share itself has a standard error of half a percent.
    assert 0.935 < covered(lifts, treated - held_out) < 0.965
    ratios = [found for pair in pairs if (found := relative(*pair))]
    assert 0.935 < covered(ratios, treated / held_out - 1) < 0.965
    spread = np.std([lift.value for lift in lifts])
    assert np.mean([lift.standard_error for lift in lifts]) == pytest.approx(spread, rel=0.05)


def test_intervals_of_money_hold_the_truth() -> None:
    """One in five pays, log-normally; an ad brings half as many again."""
    rng = np.random.default_rng(11)
    each = float(np.exp(1 + 0.5 * 0.8**2))
    found = []
    for _ in range(EXPERIMENTS):
        arms = []
        for size, chance in ((1_500, 0.3), (500, 0.2)):
            money = rng.lognormal(1, 0.8, size) * (rng.random(size) < chance)
            arms.append(arm(money))
        found.append(difference(*arms).times(1_500))
    assert 0.93 < covered(found, (0.3 - 0.2) * each * 1_500) < 0.965


def test_an_experiment_without_effect_is_significant_as_often_as_it_says() -> None:
    lifts = [difference(*pair) for pair in draws(13, 0.06, 0.06, (9_000, 1_000))]
    wrong = sum(not e.low <= 0 <= e.high for e in lifts)
    assert 0.035 < wrong / EXPERIMENTS < 0.065


def test_cost_of_one_more() -> None:
    cost = cost_each(1_000.0, Estimate(50.0, 10.0, 25.0, 100.0))
    assert cost == Estimate(20.0, None, 10.0, 40.0)
    assert cost_each(1_000.0, Estimate(50.0, 40.0, -20.0, 100.0)) == Estimate(20, None, 10, None)
    assert cost_each(1_000.0, Estimate(-1.0, 10.0, -20.0, 18.0)) is None


def test_what_is_enough() -> None:
    few, plenty = counted(100, LEAST_EVENTS - 1), counted(100, LEAST_EVENTS)
    assert is_enough(plenty, plenty, is_share=True)
    assert not is_enough(plenty, few, is_share=True)
    assert not is_enough(few, plenty, is_share=True)
    everybody = counted(100, 100 - LEAST_EVENTS + 1)
    assert not is_enough(plenty, everybody, is_share=True)
    assert is_enough(plenty, everybody, is_share=False)
