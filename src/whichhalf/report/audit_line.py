"""One line of an audit: two sides that must be equal, or a figure to know, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

Value = int | float | Decimal | datetime | None

# Credits are doubles: their sums may differ by rounding, never by this much.
_TOLERANCE = 1e-6
STATES = {
    "ok": "both sides are equal",
    "differs": "they are not: a fault of the tables",
    "told": "a figure to know; nothing must equal it",
    "not measured": "the data cannot tell; the sentence says why",
}


@dataclass(frozen=True)
class Line:
    """One check.

    group: which reconciliation it belongs to. left, right: counts, or money in the reporting
    currency, or instants in UTC. difference: left - right; for instants hours; None: not measured.
    state: one of STATES. sentence: what the sides are made of, or why there is none.
    """

    group: str
    what: str
    left: Value
    right: Value
    difference: int | float | Decimal | None
    state: str
    sentence: str

    def record(self) -> dict[str, object]:
        """The line as a dictionary."""
        return asdict(self)


def reconciled(
    group: str,
    what: str,
    sides: tuple[int | float | Decimal, int | float | Decimal],
    sentence: str,
) -> Line:
    """A line whose sides must be equal: counts and money exactly, credit within 1e-6."""
    left, right = sides
    difference = Decimal(str(left)) - Decimal(str(right))
    is_exact = not isinstance(left, float) and not isinstance(right, float)
    is_equal = difference == 0 if is_exact else abs(float(difference)) <= _TOLERANCE
    shown = _as_given(left, right, difference)
    return Line(group, what, left, right, shown, "ok" if is_equal else "differs", sentence)


def told(group: str, what: str, value: int | float | None, sentence: str) -> Line:
    """A figure to know."""
    return Line(group, what, value, None, None, "told", sentence)


def not_measured(group: str, what: str, sentence: str, left: Value = None) -> Line:
    """A check that the data cannot make, with the reason."""
    return Line(group, what, left, None, None, "not measured", sentence)


def parts_of(parts: Mapping[str, int | float | Decimal]) -> str:
    """The parts of a side, in words: "3 touched + 4 untouched"."""
    return " + ".join(f"{_shown(value)} {name}" for name, value in parts.items())


def _shown(value: int | float | Decimal) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _as_given(
    left: int | float | Decimal, right: int | float | Decimal, difference: Decimal
) -> int | float | Decimal:
    if isinstance(left, int) and isinstance(right, int):
        return int(difference)
    if isinstance(left, float) or isinstance(right, float):
        return float(difference)
    return difference
