"""Local days and hours of an ad account, as exports write them, and the instants they mean."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from whichhalf.collect.ad_costs.numbers import Unreadable
from whichhalf.collect.reading import EARLIEST
from whichhalf.errors import BadDataError

_ISO = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[T ]00:00(?::00)?)?")
_PARTS = re.compile(r"(\d\d?)([./-])(\d\d?)\2(\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORDS = re.compile(
    r"(?:([A-Za-z]{3})[a-z]*\.? (\d\d?)|(\d\d?)\.? ([A-Za-z]{3})[a-z]*\.?),? (\d{4})"
)
_HOUR = re.compile(r"(\d\d?)(?::\d\d){0,2}(?:\s*[-–]\s*\d\d?(?::\d\d){1,2})?")


def day_order(days: Collection[str], file: str) -> str:
    """Return "dmy" or "mdy" for days like 07/31/2026; "" where no day of the file needs it.

    BadDataError where the days could be either.
    """
    parts = [found for text in days if (found := _PARTS.fullmatch(text.strip()))]
    if not parts:
        return ""
    if any(found[2] == "." for found in parts) or any(int(found[1]) > 12 for found in parts):
        return "dmy"
    if any(int(found[3]) > 12 for found in parts):
        return "mdy"
    raise BadDataError(
        f"{file}: days like {parts[0][0]!r} could be day or month first."
        " Export again with days like 2026-07-31, or over a range that ends after the 12th."
    )


def read_day(text: str, order: str) -> date:
    """Return a day. Unreadable where it is none, or lies before 2000."""
    numbers = _numbers(text.strip(), order)
    try:
        day = date(*numbers) if numbers else None
    except ValueError:
        day = None
    if day is None or day < EARLIEST.date():
        raise Unreadable("impossible_time", f"{text!r} is no day from 2000 on, like 2026-07-31")
    return day


def _numbers(text: str, order: str) -> tuple[int, int, int] | None:
    """(year, month, day) as written; None where the text looks like no day."""
    if found := _ISO.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _PARTS.fullmatch(text):
        first, second = int(found[1]), int(found[3])
        day, month = (first, second) if order == "dmy" else (second, first)
        return int(found[4]), month, day
    found = _WORDS.fullmatch(text)
    name = (found[1] or found[4]).lower() if found else ""
    if found and name in _MONTHS:
        return int(found[5]), _MONTHS.index(name) + 1, int(found[2] or found[3])
    return None


def read_hour(text: str) -> int:
    """Return the hour, 0 to 23, of `13` or `13:00:00 - 13:59:59`. Unreadable where it is none."""
    found = _HOUR.fullmatch(text.strip())
    if not found or int(found[1]) > 23:
        raise Unreadable("impossible_time", f"{text!r} is no hour from 0 to 23")
    return int(found[1])


@lru_cache(maxsize=65536)
def hour_instants(day: date, hour: int, zone: str) -> tuple[tuple[datetime, ...], bool]:
    """Return the instants at which a local hour begins, and whether it exists.

    Two where clocks are set back. Where they are set forward, the instant of the change, which is
    where the next hour begins: fold 0 means the offset before.
    """
    local = datetime.combine(day, time(hour))
    starts = []
    for fold in (0, 1):
        start = local.replace(fold=fold, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if start.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local and start not in starts:
            starts.append(start)
    if starts:
        return tuple(starts), True
    return (local.replace(fold=0, tzinfo=ZoneInfo(zone)).astimezone(UTC),), False
