"""What an experiment says: differences and ratios of two arms' means, with 95 % intervals.

People due an ad are compared: those who saw it, and those from whom it was withheld and who left a
ghost. The arms were drawn at random, so the difference of their means is the effect of the ad on
the people due it. Source: Johnson, Lewis, Nubbemeyer 2017, Ghost Ads, J. Marketing Research 54:6.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054  # the normal's 97.5 % quantile
# Fewer, and a mean is not near enough to normal for the interval to hold what it says.
LEAST_EVENTS = 5


@dataclass(frozen=True)
class Arm:
    """Sums over the people of one arm, of a number that each person has: 0 or 1, or money.

    total: Σ x. squares: Σ x². events: people whose number is not 0.
    """

    people: int
    total: float
    squares: float
    events: int

    @property
    def mean(self) -> float | None:
        """Σ x / people; None of nobody."""
        return self.total / self.people if self.people else None

    @property
    def variance_of_mean(self) -> float:
        """s² / people, with s² over people − 1. Needs two people."""
        spread = self.squares - self.total * self.total / self.people
        return max(spread, 0.0) / (self.people - 1) / self.people


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error and the ends of its 95 % interval; None: unbounded."""

    value: float
    standard_error: float | None
    low: float | None
    high: float | None

    def times(self, factor: float) -> Estimate:
        """The estimate in another unit. factor: known, above 0."""
        error = None if self.standard_error is None else self.standard_error * factor
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return Estimate(self.value * factor, error, low, high)


def is_enough(treated: Arm, held_out: Arm, *, is_share: bool) -> bool:
    """Whether both arms have LEAST_EVENTS people with an event; of a share, without one, too.

    The rule of thumb for the normal approximation of a share, here of each arm's.
    """
    arms = (treated, held_out)
    with_one = all(arm.events >= LEAST_EVENTS for arm in arms)
    return with_one and (not is_share or all(a.people - a.events >= LEAST_EVENTS for a in arms))


def difference(treated: Arm, held_out: Arm) -> Estimate:
    """Mean of the treated − mean of the held out.

    s.e. = √(s²/n + s²/n), each arm with its own variance (Neyman 1923). Both arms have two people
    at least: see `is_enough`.
    """
    value = treated.total / treated.people - held_out.total / held_out.people
    error = sqrt(treated.variance_of_mean + held_out.variance_of_mean)
    return Estimate(value, error, value - Z95 * error, value + Z95 * error)


def relative(treated: Arm, held_out: Arm) -> Estimate | None:
    """Mean of the treated / mean of the held out − 1, with Fieller's interval.

    The ends are None where the hold-out's mean cannot be told from 0: then the interval has none.
    standard_error: by the delta method, for the reader; the interval does not use it.
    None where the hold-out's mean is 0. Source: Fieller 1954, J. R. Stat. Soc. B 16:2.
    """
    above, below = treated.total / treated.people, held_out.total / held_out.people
    if not below:
        return None
    noise, base_noise = treated.variance_of_mean, held_out.variance_of_mean
    ratio = above / below
    error = sqrt(noise + ratio * ratio * base_noise) / abs(below)
    room = below * below - Z95 * Z95 * base_noise
    if room <= 0:
        return Estimate(ratio - 1, error, None, None)
    inner = (above * below) ** 2 - (above * above - Z95 * Z95 * noise) * room
    half = sqrt(max(inner, 0.0))
    return Estimate(
        ratio - 1, error, (above * below - half) / room - 1, (above * below + half) / room - 1
    )


def cost_each(spend: float, count: Estimate) -> Estimate | None:
    """Spend / an estimated count. None where the count is not above 0: money bought nothing.

    The interval is that of the count turned over (Fieller's where the money is known): the upper
    end is None where the count may be 0.
    """
    if count.value <= 0 or count.high is None or count.low is None:
        return None
    high = spend / count.low if count.low > 0 else None
    return Estimate(spend / count.value, None, spend / count.high, high)
