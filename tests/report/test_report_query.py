"""Query: what can be asked, when days begin; and the SQL of the stage."""

from datetime import date, datetime
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from whichhalf import sql
from whichhalf.errors import UsageError
from whichhalf.report import DIMENSIONS, REPORTS, Query, parse_days
from whichhalf.report.query import bounds

DAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"model": "last_payd"}, "Did you mean 'last_paid'"),
        ({"basis": "aquisition"}, "Did you mean 'acquisition'"),
        ({"report": "campaings"}, "Did you mean 'campaigns'"),
        ({"report": "lift", "by": "campain"}, "Did you mean 'campaign'"),
        ({"end": date(2025, 12, 31)}, "before it starts"),
        ({"end": None}, "needs a period"),
        ({"window_days": 0}, "from 1 to 3650"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, message):
    with pytest.raises(UsageError, match=message):
        Query(**({"report": "campaigns", "start": DAY, "end": DAY} | asked))


def test_every_report_has_dimensions_and_a_default():
    assert list(REPORTS) == list(DIMENSIONS)
    assert Query("signups", DAY, DAY).by == "first_channel"


@pytest.mark.parametrize(("text", "days"), [("7d", 7), ("2w", 14), ("14", 14), (" 1 week", 7)])
def test_lengths(text, days):
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "7h", "-7d", "7.5d", "d"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(UsageError, match="no length"):
        parse_days(text)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("UTC", "2026-03-29", ("2026-03-29T00:00", "2026-03-30T00:00")),
        # 23 hours: Berlin's clocks go forward on this day.
        ("Europe/Berlin", "2026-03-29", ("2026-03-28T23:00", "2026-03-29T22:00")),
        # 25 hours.
        ("Europe/Berlin", "2026-10-25", ("2026-10-24T22:00", "2026-10-25T23:00")),
        ("Asia/Kolkata", "2026-01-01", ("2025-12-31T18:30", "2026-01-01T18:30")),
        # Clocks skipped midnight: the day begins at 01:00, which is the instant 03:00 UTC.
        ("America/Sao_Paulo", "2018-11-04", ("2018-11-04T03:00", "2018-11-05T02:00")),
    ],
)
def test_days_are_cut_in_the_zone_of_reports(zone, day, expected):
    found = bounds(date.fromisoformat(day), date.fromisoformat(day), ZoneInfo(zone))
    assert found == tuple(datetime.fromisoformat(text) for text in expected)


def test_all_sql_of_the_stage_is_portable():
    names = [
        Path(item.name).stem
        for item in resources.files("whichhalf.report").iterdir()
        if item.name.endswith(".sql")
    ]
    assert len(names) > 20
    for name in names:
        query = sql.load("whichhalf.report", name)
        query.sql("spark", **dict.fromkeys(query.parameters, 1))
        assert "grain:" in query.header, name
