"""Columns of look-ups as dimensions of signups, sessions and returns; files that are loaded."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest
from small_lake import make, write

from whichhalf.cli import main
from whichhalf.errors import UsageError
from whichhalf.report import Query, report_project
from whichhalf.report.grouped_returns import grouped
from whichhalf.report.looked_up import Dimension
from whichhalf.report.result import Column, Report

START, END = date(2026, 1, 1), date(2026, 1, 31)
PEOPLE = {
    # person: first blog page, first channel, last paid campaign
    "u:1": ("https://shop.example/blog/shoes?utm_source=x", "Email", "Spring"),
    "u:2": ("https://www.shop.example/blog/shoes/#top", "Email", None),
    "u:3": ("https://shop.example/blog/hats", "Organic Search", "Summer"),
    "u:4": ("https://other.example/blog/hats", None, "summer "),
    "u:5": (None, "Podcast", None),
}
AUTHORS = "url,author,line\nhttps://shop.example/blog/shoes,Ann,Footwear\n/blog/hats,Bob,\n"


def session(name, visitor, url, day):
    start = datetime(2026, 1, day)
    return {
        "part_id": name,
        "app": "app",
        "visitor_id": f"a:{visitor}",
        "visitor_key": visitor,
        "started_at": start,
        "ended_at": start,
        "event_count": 2,
        "page_count": 2,
        **({"first_page_at": start, "first_page_id": name, "first_page_url": url} if url else {}),
    }


@pytest.fixture
def project(tmp_path):
    signups = [
        {
            "person_id": who,
            "conversion_id": who,
            "signed_up_at": datetime(2026, 1, day),
            "first_blog_url": blog,
            "first_page_url": "https://shop.example/",
            "first_channel": channel,
            "last_paid_campaign": campaign,
        }
        for day, (who, (blog, channel, campaign)) in enumerate(PEOPLE.items(), 1)
    ]
    sessions = [
        session("m1", 1, "https://shop.example/blog/shoes?a=b", 1),
        session("m2", 1, "http://shop.example/blog/shoes/", 2),
        session("m3", 2, "https://shop.example/blog/hats", 3),
        session("m4", 3, "https://shop.example/", 4),
        session("m5", 4, None, 5),
    ]
    return make(tmp_path, {"signups": signups, "session_parts": sessions})


def load(project, text, *options):
    path = project.folder / "mine.csv"
    path.write_text(text, "utf-8")
    assert main(["-C", str(project.folder), "load", "lookup", str(path), *options]) == 0


def by(project, report, name, measure):
    found = report_project(project, report, Query(report, START, END, by=name))
    own = report_project(project, report, Query(report, START, END))
    assert found.total_record[measure] == own.total_record[measure]
    assert found.total[1:] == own.total[1:]
    return {row[name.replace(".", "_")]: row[measure] for row in found.records()}


def test_signups_by_author_of_their_first_blog_page(project):
    load(project, AUTHORS, "--on", "first_blog_url")
    # Loaded a moment ago, without a run: labels count at once.
    assert by(project, "signups", "author", "signups") == {"Ann": 2, "Bob": 2, "(not in lookup)": 1}
    assert by(project, "signups", "line", "signups") == {
        "Footwear": 2, "(empty)": 2, "(not in lookup)": 1,
    }  # fmt: skip
    assert by(project, "signups", "blog_url", "signups") == {
        "shop.example/blog/shoes": 1,
        "www.shop.example/blog/shoes/": 1,
        "shop.example/blog/hats": 1,
        "other.example/blog/hats": 1,
        "(none)": 1,
    }
    assert by(project, "signups", "first_page", "signups") == {"shop.example/": 5}


def test_the_page_of_a_host_comes_before_the_path_of_any(project):
    load(
        project, AUTHORS + "other.example/blog/hats/,Cleo,\n", "--on", "blog_url", "--name", "blog"
    )
    assert by(project, "signups", "blog.author", "signups") == {
        "Ann": 2, "Bob": 1, "Cleo": 1, "(not in lookup)": 1,
    }  # fmt: skip


def test_a_look_up_on_channel_holds_for_every_touch(project):
    load(project, "channel,team\nemail,CRM\nORGANIC  SEARCH,Content\n", "--on", "channel")
    expected = {"CRM": 2, "Content": 1, "(not in lookup)": 2}
    assert by(project, "signups", "team", "signups") == expected
    assert by(project, "signups", "first_team", "signups") == expected
    assert by(project, "signups", "last_team", "signups") == {"(not in lookup)": 5}


def test_a_look_up_on_one_touch_holds_for_that_one(project):
    load(project, "name,season\nspring,warm\nsummer,hot\n", "--on", "last_paid_campaign")
    assert by(project, "signups", "season", "signups") == {
        "hot": 2, "warm": 1, "(not in lookup)": 2,
    }  # fmt: skip


def test_sessions_by_what_is_known_of_the_page_they_began_on(project):
    load(project, AUTHORS, "--on", "blog_url")
    assert by(project, "sessions", "author", "sessions") == {
        "Ann": 2, "Bob": 1, "(not in lookup)": 2,
    }  # fmt: skip
    assert by(project, "sessions", "author", "visitors") == {
        "Ann": 1, "Bob": 1, "(not in lookup)": 2,
    }  # fmt: skip


def test_signups_and_sessions_by_company(project):
    calls = [
        {
            "app": "app",
            "message_id": f"g{number}",
            "call": "group",
            "occurred_at": datetime(2026, 1, 9, 1),
            "received_at": datetime(2026, 1, 9, 1),
            "group_id": group,
            "properties": '{"industry": "Toys"}' if group == "acme" else None,
            **who,
        }
        for number, (group, who) in enumerate(
            [
                ("acme", {"user_id": "u:1"}),
                ("acme", {"user_id": "u:2"}),
                ("beta", {"user_id": "u:3"}),
                ("acme", {"visitor_id": "a:4", "visitor_key": 4}),
            ]
        )
    ]
    users = [{"user_id": who, "person_id": who} for who in PEOPLE]
    later = session("m6", 4, None, 9)
    write(project, {"events": calls, "users": users})
    rows = project.newest("session_parts").to_pylist()
    write(
        project,
        {"session_parts": [*({k: v for k, v in r.items() if v is not None} for r in rows), later]},
    )
    assert by(project, "signups", "company", "signups") == {"acme": 2, "beta": 1, "(no company)": 2}
    assert by(project, "signups", "industry", "signups") == {
        "Toys": 2, "(no such trait)": 1, "(no company)": 2,
    }  # fmt: skip
    assert by(project, "sessions", "company", "sessions") == {"(no company)": 4, "acme": 2}


def test_rows_are_counted_anew(project):
    load(project, AUTHORS, "--on", "blog_url")
    said = {"/blog/shoes": "Ann", "/blog/hats": "Bob"}
    blogs = [blog or "" for blog, _channel, _campaign in PEOPLE.values()]
    plain = Counter(
        next((name for path, name in said.items() if path in blog), "(not in lookup)")
        for blog in blogs
    )
    assert by(project, "signups", "author", "signups") == plain


def test_returns_by_a_look_up(tmp_path):
    def cost(network, campaign, spend):
        money = {"spend": Decimal(spend), "account_spend": Decimal(spend)}
        ids = {"network": network, "account_id": "1", "campaign_id": campaign}
        return {**ids, **money, "cost_on": date(2026, 1, 5), "account_currency": "USD"}

    days = [cost("meta", "c1", 10), cost("meta", "c2", 5), cost("bing", "c3", 2)]
    names = [{"network": "meta", "account_id": "1", "campaign_id": "c2", "campaign_name": "Two"}]
    project = make(tmp_path, {"cost_days": days, "campaigns": names})
    load(project, "campaign,team\nC1,red\ntwo,red\n", "--on", "campaign")
    load(project, "network,owner\nmeta,Ann\n", "--on", "network")
    for name, label, rest in (
        ("team", "red", "(not in lookup)"),
        ("owner", "Ann", "(not in lookup)"),
    ):
        query = Query("returns", by=name, age_days=1, on=date(2026, 1, 6))
        report = report_project(project, "returns", query)
        assert [row[:3] for row in report.rows] == [(label, 2, 15), (rest, 1, 2)]
        assert report.total[:3] == ("TOTAL", 3, 17)


def test_people_and_money_of_grouped_returns_add_up():
    names = ("network", "campaign", "account_id", "campaign_id", "started_on", "spend")
    names += ("acquired", "buyers", "revenue", "roas", "expected_return")
    columns = tuple(Column(n, n, "text" if n in names[:5] else "count") for n in names)
    total = ("TOTAL", "", "", "", "", Decimal(30), 4, 2, Decimal(15), 0.5, None)
    own = Report("returns", "Returns", "USD", (), columns, (), total)
    rows = [
        {"network": "a", "campaign_id": "1", "campaign_name": None, "spend": Decimal(10),
         "acquired": 1.5, "buyers": 0.5, "revenue": Decimal(4)},
        {"network": "b", "campaign_id": "2", "campaign_name": "Two", "spend": Decimal(20),
         "acquired": 2.5, "buyers": 1.5, "revenue": Decimal(11)},
    ]  # fmt: skip
    one = grouped(own, Dimension("x", "campaign", "campaign", {"1": "l", "two": "l"}), rows)
    assert one.rows == (("l", 2, Decimal(30), 4, 2, Decimal(15), 0.5, None),)
    two = grouped(own, Dimension("x", "network", "network", {"b": "l"}), rows)
    assert [row[:4] for row in two.rows] == [("l", 1, 20, 2.5), ("(not in lookup)", 1, 10, 1.5)]
    assert two.total == ("TOTAL", 2, Decimal(30), 4, 2, Decimal(15), 0.5, None)


def test_what_is_looked_up_is_told_once(project):
    load(project, "channel,team\nemail,CRM\n", "--on", "channel")
    with pytest.raises(
        UsageError, match=r"Did you mean 'last_team'\? .* Looked up: team\. Columns"
    ):
        report_project(project, "signups", Query("signups", START, END, by="last_taem"))
