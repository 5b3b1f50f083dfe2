"""Numbers as spreadsheets and ad platforms write them: 1,234.56 or 1.234,56 or 1 234,56.

Which sign is the decimal mark is decided once a file, from all its numbers; a single 1.234 says
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal

MICRO = Decimal("0.000001")
LIMIT = Decimal(10) ** 12  # money is decimal(18, 6)

_CURRENCY = r"(?:[A-Z]{1,3}|kr\.?|zł|Kč|lei|Rs\.?|Fr\.?)?\s*[$¢£¤¥฿₠-⃏]?"
_GROUPS = r"\s'’"  # people group digits with these too, whatever the decimal mark
_AMOUNT = re.compile(
    rf"\s*(?P<bracket>\()?\s*(?P<sign>[-+−]?)\s*{_CURRENCY}\s*(?P<after>[-+−]?)\s*"
    rf"(?P<digits>[\d.,{_GROUPS}]*\d)\s*{_CURRENCY}\s*\)?\s*",
)
_SIMPLE = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?", re.ASCII)  # most files hold nothing else
_GROUPED = {",": re.compile(r"\d\.\d{3}(?!\d)"), ".": re.compile(r"\d,\d{3}(?!\d)")}
_NUMBER = {
    mark: re.compile(rf"[+-]?(?:\d{{1,3}}(?:\{group}\d{{3}})+|\d+)?(?:\{mark}\d*)?")
    for mark, group in ((".", ","), (",", "."))
}


class Unreadable(ValueError):
    """A cell that cannot be read truly: a reason of collect.reading.REASONS, and the detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def decimal_mark(amounts: Collection[str], counts: Collection[str], otherwise: str) -> str:
    """Return the decimal mark of a file, "." or ",", as most of its numbers show it.

    amounts: its distinct amounts of money; counts: its distinct whole numbers, in which any sign
    groups thousands. otherwise: the mark where the numbers leave it open, by the file's language.
    """
    votes = {".": 0, ",": 0}
    for text in amounts:
        if not text.isdigit() and (mark := _shown_mark(_plain(text))):
            votes[mark] += 1
    for text in counts:
        for mark, grouped in _GROUPED.items():
            votes[mark] += not text.isdigit() and bool(grouped.search(text))
    if votes["."] == votes[","]:
        return otherwise
    return max(votes, key=lambda mark: votes[mark])


def _shown_mark(text: str) -> str:
    """The decimal mark that a number shows by itself; "" where it leaves it open."""
    point, comma = text.rfind("."), text.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    sign = "." if point >= 0 else ","
    head, found, tail = text.rpartition(sign)
    if not found:
        return ""
    if sign in head:
        return "," if sign == "." else "."
    return sign if len(tail) != 3 or len(head.lstrip("+-0")) > 3 or not head.lstrip("+-0") else ""


def _plain(text: str) -> str:
    """Sign, digits, points and commas of an amount; "" where the text is no amount."""
    found = _AMOUNT.fullmatch(text)
    if not found:
        return ""
    negative = found["bracket"] or (found["sign"] + found["after"]).strip("+")
    return ("-" if negative else "") + re.sub(rf"[{_GROUPS}]", "", found["digits"])


def amount(text: str, mark: str) -> Decimal:
    """Return an amount of money with six decimals. Unreadable where it is none.

    Text is none, and nor is a number with its groups in the wrong places (1,23,4).
    """
    if mark == "." and _SIMPLE.fullmatch(text):
        return Decimal(text).quantize(MICRO)
    plain = _plain(text)
    if not plain or not _NUMBER[mark].fullmatch(plain):
        raise Unreadable("impossible_number", f"{text!r} is no number with decimal mark {mark!r}")
    group = "," if mark == "." else "."
    value = Decimal(plain.replace(group, "").replace(mark, "."))
    if abs(value) >= LIMIT:
        raise Unreadable("impossible_number", f"{text!r} is too large: below 10^12 was expected")
    return value.quantize(MICRO)


def count(text: str, mark: str) -> int:
    """Return a whole number, at least 0. Unreadable where it is none."""
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    value = amount(text, mark)
    if value < 0 or value != int(value):
        raise Unreadable("impossible_number", f"{text!r} is no whole number from 0 up")
    return int(value)
