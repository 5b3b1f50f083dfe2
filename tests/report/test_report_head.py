"""What stands over and under reports: freshness, what is left out, what is not final."""

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from small_lake import make

from whichhalf.report import DIMENSIONS, Query, report_project

DOCS = (Path(__file__).parents[2] / "docs" / "reports.md").read_text("utf-8")
ZONE = 'time_zone = "America/New_York"\ncurrency = "EUR"'


def conversion(name, kind, person, when, value="0"):
    when = datetime.fromisoformat(when)
    times = {"converted_at": when, "attributed_at": when}
    ids = {"conversion_id": name, "conversion_kind": kind, "person_id": person}
    return {**ids, **times, "value": Decimal(value)}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    aside = {
        "source_name": "s",
        "file": "f",
        "reason": "no_rate",
        "received_at": datetime(2026, 1, 9),
    }
    tables = {
        "conversions": [
            # Before midnight of New York, which is 05:00 UTC.
            conversion("s1", "signup", "u:1", "2026-01-02T04:59:59.999999"),
            conversion("s2", "signup", "u:2", "2026-01-02T05:00:00"),
            conversion("i2", "install", "u:2", "2026-01-03T00:00:00"),
            conversion("b2", "purchase", "u:2", "2026-01-02T06:00:00", "3"),
            conversion("a2", "ad_revenue", "u:2", "2026-01-03T00:00:00", "0.5"),
            conversion("t2", "trial", "u:2", "2026-01-03T00:00:00", "99"),
            conversion("s3", "signup", "u:3", "2026-01-09T00:00:00"),
        ],
        "cost_days": [
            {
                "cost_on": date(2026, 1, 2),
                "country": "DE",
                "os": "ios",
                "network": "meta",
                "spend": Decimal(10),
            }
        ],
        "ad_costs": [
            {"starts_at": datetime(2026, 1, 1, 5), "hours": 24, "local_on": date(2026, 1, 1)},
            {"starts_at": datetime(2026, 1, 2, 5), "hours": 24, "local_on": date(2026, 1, 2)},
            {"starts_at": datetime(2026, 1, 3, 3), "hours": 1, "local_on": date(2026, 1, 2)},
        ],
        "payments": [
            {"payment_id": "b2", "paid_at": datetime(2026, 1, 2, 6), "amount": Decimal(3)},
        ],
        "session_parts": [
            {"started_at": datetime(2026, 1, 8, 1), "ended_at": datetime(2026, 1, 8, 2)}
        ],
        "quarantine": [
            {"quarantine_id": str(number), "table_name": table, "position": number, **aside}
            for number, table in enumerate(["ad_costs", "ad_costs", "payments", "events"])
        ],
    }
    return make(tmp_path_factory.mktemp("head"), tables, ZONE)


def campaigns(project, start, end, **more):
    query = Query("campaigns", date.fromisoformat(start), date.fromisoformat(end), **more)
    return report_project(project, "campaigns", query)


def test_head_says_how_fresh_the_data_is_on_the_clock_of_reports(project):
    facts = {f.name: f.text for f in campaigns(project, "2026-01-01", "2026-01-02").facts}
    assert facts["time zone"] == "America/New_York"
    assert facts["currency"] == "EUR"
    assert facts["newest event"] == "2026-01-07 21:00"
    # The daily row that began before the newest hour ends after it.
    assert facts["newest cost"] == "up to 2026-01-03 00:00"
    assert facts["newest payment"] == "2026-01-02 01:00"
    assert facts["left out"].startswith("2 cost rows and 1 payment rows in quarantine")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", facts["snapshot"])


def test_days_begin_at_midnight_of_the_zone(project):
    assert campaigns(project, "2026-01-01", "2026-01-01").total_record["registrations"] == 1
    assert (
        campaigns(project, "2026-01-02", "2026-01-02", basis="event").total_record["registrations"]
        == 1
    )


def test_notes_say_what_is_not_final_or_not_counted(project):
    notes = campaigns(project, "2026-01-01", "2026-01-08").notes
    text = " ".join(notes)
    assert "Costs reach to 2026-01-03 00:00; the period ends with 2026-01-08" in text
    assert "acquired after 2025-12-31 21:00 have not had all of their 7 days" in text
    # u:2 signed up and bought before the install.
    assert "signups 1, payments 1 worth 3.00" in text
    assert "0.50 of ad revenue" in text
    assert "kind trial have no column: 1 in the period" in text
    early = campaigns(project, "2025-12-01", "2025-12-02").notes
    assert not [note for note in early if "Not final" in note or "Costs reach" in note]


def test_what_was_never_measured_is_no_zero(project):
    total = campaigns(project, "2026-01-01", "2026-01-08", basis="event").total_record
    assert total["logins"] is None
    assert total["installs"] == 1
    assert total["spend"] == 10
    # Own kinds carry no revenue: 3 and 0.5.
    assert total["revenue"] == Decimal("3.5")


def test_an_empty_project_reports_dashes(tmp_path):
    report = campaigns(make(tmp_path, {"campaigns": []}), "2026-01-01", "2026-01-02")
    measured = [c.name for c in report.columns if not c.is_text]
    assert [report.total_record[name] for name in measured] == [None] * len(measured)
    assert len(report.rows) == 5


@pytest.mark.parametrize("name", DIMENSIONS)
def test_every_column_is_in_the_docs(project, name):
    period = {} if name == "returns" else {"start": date(2026, 1, 1), "end": date(2026, 1, 2)}
    report = report_project(project, name, Query(name, **period))
    section = DOCS.partition(f"\n## `{name}`")[2].partition("\n## ")[0]
    for column in report.columns:
        if not column.is_text:
            assert f"`{column.name}`" in section, column.name
