"""Ad costs: the hour or local day that a row covers, as an instant and a number of hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.drafts import Draft
from whichhalf.errors import nearest
from whichhalf.tables.schema import ARROW_TYPES

STRING, TIMESTAMP, DATE, BIGINT = (
    ARROW_TYPES[name] for name in ("string", "timestamp", "date", "bigint")
)


def put_ad_days(draft: Draft) -> Draft:
    """Fill starts_at, hours, local_on and source_report, from whichever a row gives.

    A row with starts_at covers `hours`, 1 unless it says otherwise; local_on follows from it. A
    row with local_on alone covers that day of its time zone.
    """
    for name, arrow in (("starts_at", TIMESTAMP), ("local_on", DATE), ("hours", BIGINT)):
        draft = draft.fill(name, None, arrow)
    is_day = pc.is_null(draft["starts_at"])
    draft = _blame_zones(draft)
    draft = _put_days(draft, is_day)
    draft = draft.fill("hours", 1, BIGINT)
    report = pc.if_else(pc.and_(pc.invert(is_day), pc.equal(draft["hours"], 1)), "hourly", "daily")
    report = pc.binary_join_element_wise("table", report, "_").cast(STRING)
    draft = draft.fill("source_report", report, STRING)
    if not draft["local_on"].null_count:
        return draft
    pairs = zip(draft["starts_at"].to_pylist(), _zones(draft), strict=True)
    local = [start.astimezone(ZoneInfo(zone)).date() if start and zone else None
             for start, zone in pairs]  # fmt: skip
    return draft.fill("local_on", pa.array(local, DATE), DATE)


def _put_days(draft: Draft, is_day: pa.Array) -> Draft:
    """Fill starts_at and hours of the rows that give a date only."""
    days = pc.if_else(is_day, draft["local_on"], pa.scalar(None, DATE)).to_pylist()
    covered = [
        local_day(day, zone) if day and zone else (None, None)
        for day, zone in zip(days, _zones(draft), strict=True)
    ]
    hours = pa.array([hours for _, hours in covered], BIGINT)
    draft = draft.blame(
        pc.equal(hours, 0), "impossible_time", "the time zone skipped this day; which is meant?"
    )
    draft = draft.fill("starts_at", pa.array([start for start, _ in covered], TIMESTAMP), TIMESTAMP)
    return draft.fill("hours", hours, BIGINT)


def _zones(draft: Draft) -> list[str | None]:
    """The time zone of each row; null where the row is wrong already."""
    zones = draft["time_zone"].to_pylist()
    return [None if row in draft.wrong else zone for row, zone in enumerate(zones)]


def _blame_zones(draft: Draft) -> Draft:
    """Call rows wrong whose time zone is none."""
    zones, known = draft["time_zone"], time_zones()
    unknown = {z for z in pc.unique(zones).to_pylist() if z is not None and z not in known}
    told = {zone: f"{zone!r} is no time zone.{nearest(zone, known)}" for zone in unknown}
    mask = pc.is_in(zones, pa.array(sorted(unknown), STRING))
    return draft.blame(mask, "unknown_value", lambda row: told[zones[row].as_py()])


@lru_cache(maxsize=1)  # it looks through a folder of six hundred files
def time_zones() -> frozenset[str]:
    """Return the names of all IANA zones."""
    return frozenset(available_timezones())


@lru_cache(maxsize=65536)
def local_day(day: date, zone: str) -> tuple[datetime, int]:
    """Return (first instant in UTC, hours) of a day of an IANA zone.

    hours: 23, 24 or 25; 0 for a day that a zone skipped (Samoa, 2011-12-30). The two days a year
    of 23.5 and 24.5 hours (Lord Howe) count as 24.
    """
    start, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    return start, round((end - start) / timedelta(hours=1))


def _midnight(day: date, zone: str) -> datetime:
    """The instant at which a day begins.

    Where midnight does not exist (Santiago, Cairo in spring), the offset before the change, which
    fold 0 means, leads to the instant of the change. Where it exists twice, fold 0 is the first.
    """
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
