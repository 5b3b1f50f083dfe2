"""The question a report answers: one frozen record for every way of asking and of showing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from whichhalf.errors import UsageError, nearest

# Model → what it credits. Which conversions have which credit is decided by step `attribute`.
MODELS: dict[str, str] = {
    "first": "first touch",
    "last": "last touch",
    "first_non_direct": "first touch with a source",
    "last_non_direct": "last touch with a source",
    "first_paid": "first paid touch",
    "last_paid": "last paid touch",
    "linear": "all touches, equally",
    "position": "first and last touch by their shares, those between equally",
    "time_decay": "all touches, half as much a half-life earlier",
    "shapley": "distinct channels equally (conversions game), the touches of each equally",
    "install_last_touch": "last click before the install, inherited",
    "markov": "channels by their removal effects, the touches with a source of each equally",
    "shapley_rate": "channels by the rate game, the touches with a source of each equally",
}

BASES: dict[str, str] = {
    "acquisition": "people acquired in the period, with what they did since",
    "event": "what happened in the period, whenever its people were acquired",
}

SIGNUP_TOUCHES = ("first", "last", "first_paid", "last_paid")
SIGNUP_PARTS = ("channel", "source", "medium", "campaign", "referrer")

# Report → its dimensions; the first is the default of --by.
DIMENSIONS: dict[str, tuple[str, ...]] = {
    "campaigns": ("campaign", "network", "adset", "ad", "channel", "country", "os"),
    "returns": ("campaign",),
    "signups": (
        *(f"{touch}_{part}" for touch in SIGNUP_TOUCHES for part in SIGNUP_PARTS),
        *("first_page", "blog_url"),
    ),
    "sessions": ("channel", "source", "landing", "day", "country"),
    "self-reported": ("first_channel", "first_source"),
    "lift": ("network", "campaign"),
    "models": ("channel", "campaign", "adset", "ad", "network", "country", "os"),
}
# Reports whose --by may be more than their own dimensions: what, only the project knows.
LOOKED_UP = ("campaigns", "returns", "signups", "sessions", "models")


@dataclass(frozen=True)
class Query:
    """What a report is asked.

    report: key of DIMENSIONS. start, end: days of [report] time_zone, inclusive; report `returns`
    takes `on` in their place. window_days: how long after acquisition counts, basis acquisition.
    age_days, on, every_older: report `returns`.
    question: report `self-reported`, where surveys asked several.
    kind: of conversion, report `models`; reports check it, as only the project knows its kinds.
    by: a dimension of the report, or what look-ups and companies add; reports check the latter.
    UsageError where a part cannot be.
    """

    report: str
    start: date | None = None
    end: date | None = None
    window_days: int = 7
    model: str = "last_paid"
    basis: str = "acquisition"
    by: str = ""
    age_days: int = 14
    on: date | None = None
    every_older: bool = False
    question: str = ""
    kind: str = "signup"

    def __post_init__(self) -> None:
        _one_of("report", self.report, DIMENSIONS)
        if not self.by:
            object.__setattr__(self, "by", DIMENSIONS[self.report][0])
        _one_of("model", self.model, MODELS)
        _one_of("basis", self.basis, BASES)
        if self.report not in LOOKED_UP:
            _one_of(f"--by of report {self.report}", self.by, DIMENSIONS[self.report])
        for name in ("window_days", "age_days"):
            value = getattr(self, name)
            if not 1 <= value <= 3650:
                raise UsageError(f"{name} must be from 1 to 3650 days, not {value}.")
        if self.report != "returns":
            self._check_period()

    def _check_period(self) -> None:
        if self.start is None or self.end is None:
            raise UsageError(
                f"Report {self.report} needs a period: --start DATE and --end DATE, both inclusive."
            )
        if self.end < self.start:
            raise UsageError(
                f"The period ends on {self.end}, before it starts on {self.start}."
                " Swap --start and --end."
            )

    @property
    def period(self) -> tuple[date, date]:
        """First and last day. Only reports with a period have one."""
        if self.start is None or self.end is None:
            raise UsageError(f"Report {self.report} was asked without a period.")
        return self.start, self.end


def parse_days(text: str) -> int:
    """Days of a length such as "7d", "2w" or "14". UsageError where it is none."""
    match = re.fullmatch(r"\s*(\d{1,5})\s*(d|w|day|days|week|weeks)?\s*", text, re.IGNORECASE)
    if match is None:
        raise UsageError(f"{text!r} is no length of days. Write 7d, 2w or 14.")
    return int(match[1]) * (7 if (match[2] or "d").lower().startswith("w") else 1)


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC without a zone, as tables hold times.

    Where clocks skip midnight, the first instant that the day has.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)


def bounds(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """UTC instants [from, to) of the local days first … last, both inclusive."""
    return first_instant(first, zone), first_instant(last + timedelta(days=1), zone)


def _one_of(what: str, given: str, known: Iterable[str]) -> None:
    names = list(known)
    if given not in names:
        raise UsageError(
            f"{what}: {given!r} is unknown.{nearest(given, names)} Known: {', '.join(names)}."
        )
