"""Reports signups and sessions, by hand."""

from datetime import date, datetime

import pytest
from small_lake import make

from whichhalf.report import Query, report_project
from whichhalf.report.sessions import page_of

START, END = date(2026, 1, 1), date(2026, 1, 2)


def signup(person, when, channel, first_at, sessions, in_first):
    return {
        "person_id": person,
        "conversion_id": person,
        "signed_up_at": datetime.fromisoformat(when),
        "sessions_before": sessions,
        "signed_up_in_first_session": in_first,
        "first_channel": channel,
        "first_at": datetime.fromisoformat(first_at) if first_at else None,
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    def part(name, visitor, start, source, country=None, pages=1, url=None):
        start = datetime.fromisoformat(start)
        first = {"first_page_at": start, "first_page_id": name, "first_page_url": url}
        sourced = {"first_sourced_at": start, "first_sourced_id": name, "first_sourced_key": source}
        return {
            "part_id": name,
            "app": "app",
            "visitor_id": f"a:{visitor}",
            "visitor_key": visitor,
            "started_at": start,
            "ended_at": start,
            "event_count": pages,
            "page_count": pages,
            "country": country,
            **(first if url else {}),
            **(sourced if source else {}),
        }

    tables = {
        "signups": [
            signup("1", "2026-01-01T00:00:00", "Email", "2025-12-31T00:00:00", 1, True),
            signup("2", "2026-01-02T00:00:00", "Email", "2026-01-01T00:00:00", 2, False),
            signup("3", "2026-01-02T10:00:00", "Email", "2026-01-02T09:59:59", 5, False),
            signup("4", "2026-01-02T23:59:59.999999", None, None, 0, False),
            signup("5", "2026-01-03T00:00:00", "Email", "2026-01-03T00:00:00", 1, True),
        ],
        "sources": [
            {"source_key": "e", "channel": "Email", "source": "news"},
            {"source_key": "r", "channel": "Referral", "referrer_host": "blog.example"},
            {"source_key": "direct", "channel": "Direct"},
        ],
        "session_parts": [
            part("m1", 1, "2026-01-01T00:00:00", "e", "DE", 3, "https://x.example/a?b=1#c"),
            part("m2", 1, "2026-01-02T00:00:00", "r", "FR", 2, "https://x.example/a?b=2"),
            part("m3", 2, "2026-01-02T01:00:00", None, None, 1),
            part("m4", 3, "2026-01-03T00:00:00", "e", "DE", 9),
            part("r1", 9, "2026-01-01T10:00:00", "e", "DE", 100),
            part("r2", 9, "2026-01-02T23:59:59", "e", "DE", 20),
            part("r3", 9, "2026-01-03T00:00:00", "e", "DE", 1),
            part("r4", 8, "2026-01-03T00:00:00", "e", "DE", 300),
        ],
        "excluded_visitors": [
            {
                "app": "app",
                "visitor_id": f"a:{visitor}",
                "visitor_key": visitor,
                "reason": "heavy",
                "started_at": datetime(2026, 1, day),
                "ended_at": datetime(2026, 1, day),
            }
            for visitor, day in ((9, 1), (9, 3), (8, 3))
        ],
        "useful_sessions": [
            {
                "person_id": "a:1@app",
                "role": "signup",
                "session_id": "m2",
                "signed_up_at": datetime(2026, 1, 2),
                "started_at": datetime(2026, 1, 2),
                "ended_at": datetime(2026, 1, 2),
            }
        ],
    }
    return make(tmp_path_factory.mktemp("visits"), tables)


def test_signups_by_first_channel(project):
    report = report_project(project, "signups", Query("signups", START, END))
    assert report.rows == (
        ("Email", 3, 0.75, 1, 1 / 3, 2.0, 1.0),
        ("(none)", 1, 0.25, 0, 0.0, 0.0, None),
    )
    # Sessions 0, 1, 2, 5 and days 1, 1, 1 second.
    assert report.total == ("TOTAL", 4, 1.0, 1, 0.25, 1.5, 1.0)
    assert report.facts[0].text.startswith("25.0%")
    assert any("without any touch" in note for note in report.notes)


def test_signups_of_an_empty_period_have_no_share(project):
    day = date(2020, 1, 1)
    report = report_project(project, "signups", Query("signups", day, day))
    assert report.rows == ()
    assert report.total == ("TOTAL", 0, None, 0, None, None, None)


SESSIONS = {
    "channel": [("Direct", 1, 1, 0, 1), ("Email", 1, 1, 0, 3), ("Referral", 1, 1, 1, 2)],
    "source": [("(direct)", 1, 1, 0, 1), ("blog.example", 1, 1, 1, 2), ("news", 1, 1, 0, 3)],
    "landing": [("x.example/a", 2, 1, 1, 5), ("(no page)", 1, 1, 0, 1)],
    "day": [("2026-01-01", 1, 1, 0, 3), ("2026-01-02", 2, 2, 1, 3)],
    "country": [("(unknown)", 1, 1, 0, 1), ("DE", 1, 1, 0, 3), ("FR", 1, 1, 1, 2)],
}


@pytest.mark.parametrize("by", SESSIONS)
def test_sessions_by_each_dimension(project, by):
    report = report_project(project, "sessions", Query("sessions", START, END, by=by))
    names = (by, "sessions", "visitors", "signups", "pages")
    assert [tuple(row[name] for name in names) for row in report.records()] == SESSIONS[by]
    # Visitor 1 came twice: TOTAL counts people anew.
    assert report.total == ("TOTAL", 3, 2, 1, 1 / 3, 6, 2.0)


@pytest.mark.parametrize("name", ["sessions", "campaigns"])
@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        # Two heavy days are one visitor, whose other days are left out, too.
        (START, END, "1 visitor with 120 events in the period"),
        (date(2026, 1, 3), date(2026, 1, 3), "2 visitors with 301 events in the period"),
        (date(2026, 1, 4), date(2026, 1, 5), ""),
    ],
)
def test_notes_count_the_visitors_left_out(project, name, start, end, said):
    notes = report_project(project, name, Query(name, start, end)).notes
    found = [note for note in notes if "too heavy to be people" in note]
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_a_day_without_sessions_was_measured_as_none(project):
    query = Query("sessions", date(2026, 1, 2), date(2026, 1, 5), by="day")
    report = report_project(project, "sessions", query)
    assert report.column("sessions") == [2, 1, 0, 0]
    assert report.column("pages_per_session") == [1.5, 9.0, None, None]


def test_pages_are_addresses_without_query():
    assert page_of("https://x.example/a?b#c") == "x.example/a"
    assert page_of("https://x.example") == "x.example/"
    assert page_of("/only/path?x") == "/only/path"
    assert page_of("http://[broken") == "http://[broken"
