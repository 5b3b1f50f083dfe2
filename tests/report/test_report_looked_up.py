"""Columns of look-ups, and companies, as dimensions of the campaign report."""

import json
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path

import pytest
from small_lake import make, read_tables, write

from whichhalf.errors import UsageError
from whichhalf.report import DIMENSIONS, Query, render, report_project

GOLDEN = Path(__file__).parents[1] / "golden"
WORLD = GOLDEN / "report_campaigns" / "in"
ACQUIRED = (date(2026, 1, 1), date(2026, 1, 2))
HAPPENED = (date(2026, 1, 3), date(2026, 1, 20))
# Measures that add up over rows; buyers are people, each once a row.
ADDED = ("spend", "impressions", "clicks", "installs", "registrations", "logins")
ADDED += ("buying_frequency", "product_gold", "product_silver", "product_other", "revenue")


def looked_up(on, attribute, said, lookup="mine"):
    """Rows of table lookups."""
    return [
        {
            "lookup": lookup,
            "dimension": on,
            "lookup_key": key,
            "attribute": attribute,
            "attribute_value": value,
        }
        for key, value in said.items()
    ]


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    tables = read_tables(WORLD) | read_tables(GOLDEN / "report_looked_up" / "in")
    return make(tmp_path_factory.mktemp("looked_up"), tables)


@pytest.fixture
def project(tmp_path):
    return make(tmp_path, read_tables(WORLD))


@pytest.mark.parametrize(
    ("case", "by"), [("team", "team"), ("owner_of_campaigns", "campaign.owner")]
)
def test_every_cell_is_as_worked_out_by_hand(golden, case, by):
    report = report_project(golden, "campaigns", Query("campaigns", *ACQUIRED, by=by))
    expected = (GOLDEN / "report_looked_up" / "expected" / f"{case}.csv").read_text("utf-8")
    assert render(report, "csv").decode() == expected


# How the rows of the report's own dimension are named: by id, or by what they show.
NAMED = {
    "network": lambda row: [row["network"]],
    "campaign": lambda row: [row["campaign_id"], row["campaign"]],
    "adset": lambda row: [row["ad_set_id"], row["ad_set"]],
    "ad": lambda row: [row["ad_id"], row["ad"]],
    "channel": lambda row: [row["channel"]],
    "country": lambda row: [row["country"]],
    "os": lambda row: [row["os"]],
}
SAID = {
    "network": {"meta": "social", "tiktok": "social"},
    "campaign": {"c1": "x", "idle": "x", "c9": "y", "summer": "y"},
    "adset": {"as1": "x", "men": "x"},
    "ad": {"ad1": "x", "photo": "x", "ad3": "y"},
    "channel": {"paid social": "bought", "paid search": "bought"},
    "country": {"us": "abroad", "de": "home"},
    "os": {"ios": "phone", "android": "phone", "(not broken down)": "?"},
}


@pytest.mark.parametrize("by", DIMENSIONS["campaigns"])
@pytest.mark.parametrize("period", [ACQUIRED, HAPPENED])
def test_rows_are_the_sums_of_those_that_they_hold(project, by, period):
    write(project, {"lookups": looked_up(by, "label", SAID[by])})
    basis = "acquisition" if period == ACQUIRED else "event"
    own, found = (
        report_project(project, "campaigns", Query("campaigns", *period, basis=basis, by=name))
        for name in (by, "label")
    )
    totals = [{name: one.total_record[name] for name in found.names[2:]} for one in (own, found)]
    assert totals[0] == totals[1]
    expected = defaultdict(lambda: dict.fromkeys(ADDED, 0))
    for row in own.records():
        if row["match"] == "not attributed":
            continue
        label = next(
            (SAID[by][str(n).removesuffix(" (unmatched)").lower()] for n in NAMED[by](row)
             if str(n).removesuffix(" (unmatched)").lower() in SAID[by]),
            "(not in lookup)",
        )  # fmt: skip
        for name in ADDED:
            expected[label][name] += row[name] or 0
    rows = [row for row in found.records() if row["match"] != "not attributed"]
    assert {row["label"]: {n: row[n] or 0 for n in ADDED} for row in rows} == dict(expected)
    aside = [
        [
            [row[name] for name in ADDED]
            for row in report.records()
            if row["match"] == "not attributed"
        ]
        for report in (own, found)
    ]
    assert aside[0] == aside[1]


def test_a_buyer_in_two_rows_of_one_label_is_one(project):
    # Ann's purchases of these days are credited to Brand and to Spring.
    write(project, {"lookups": looked_up("network", "label", {"meta": "x", "google_ads": "x"})})
    asked = {"basis": "event", "start": HAPPENED[0], "end": HAPPENED[1]}
    own = report_project(project, "campaigns", Query("campaigns", by="network", **asked))
    found = report_project(project, "campaigns", Query("campaigns", by="label", **asked))
    assert {row["network"]: row["buyers"] for row in own.records()[:2]} == {
        "google_ads": 1,
        "meta": 1,
    }
    assert next(row["buyers"] for row in found.records() if row["label"] == "x") == 1


def test_spend_that_no_look_up_knows_is_told_of(golden):
    report = report_project(golden, "campaigns", Query("campaigns", *HAPPENED, by="contract"))
    assert any(note.startswith("Spend (not in lookup) is 20.00") for note in report.notes)


@pytest.mark.parametrize(
    ("report", "by", "message"),
    [
        ("campaigns", "taem", "Did you mean 'team'"),
        ("campaigns", "campain", "Did you mean 'campaign'"),
        ("campaigns", "landing", "Looked up: contract, owner, team. Columns of your own"),
        ("campaigns", "owner", "Say which: campaign.owner, partners.owner"),
        ("signups", "team.x", "whichhalf load lookup FILE --on DIMENSION"),
        ("sessions", "contract", "Known: channel, source, landing, day, country. Columns"),
    ],
)
def test_what_cannot_be_asked_by_is_refused(golden, report, by, message):
    with pytest.raises(UsageError, match=message):
        report_project(golden, report, Query(report, *ACQUIRED, by=by))


def test_a_look_up_of_one_name_on_two_dimensions(project):
    rows = looked_up("network", "owner", {"meta": "Ann"}) + looked_up("os", "owner", {"ios": "Bob"})
    write(project, {"lookups": rows})
    with pytest.raises(UsageError, match=r"mine\.network\.owner, mine\.os\.owner"):
        report_project(project, "campaigns", Query("campaigns", *ACQUIRED, by="owner"))
    found = report_project(project, "campaigns", Query("campaigns", *ACQUIRED, by="mine.os.owner"))
    assert "Bob" in found.column("mine_os_owner")


def test_own_dimensions_come_before_looked_up_ones(project):
    write(project, {"lookups": looked_up("network", "country", {"meta": "Ann"})})
    own = report_project(project, "campaigns", Query("campaigns", *ACQUIRED, by="country"))
    assert "US" in own.column("country")
    mine = report_project(project, "campaigns", Query("campaigns", *ACQUIRED, by="mine.country"))
    assert "Ann" in mine.column("mine_country")


def test_a_column_named_as_a_measure(project):
    write(project, {"lookups": looked_up("network", "revenue", {"meta": "much"})})
    found = report_project(project, "campaigns", Query("campaigns", *ACQUIRED, by="revenue"))
    assert len(set(found.names)) == len(found.names)
    assert "much" in found.column("by_revenue")


def group(who, company, when, **traits):
    return {
        "app": "app",
        "message_id": f"g{who}{when}",
        "user_id": f"u:{who}",
        "group_id": company,
        "call": "group",
        "occurred_at": datetime.fromisoformat(when),
        "received_at": datetime.fromisoformat(when),
        "properties": json.dumps(traits),
    }


def test_companies_and_their_traits(project):
    calls = [
        group(1, "acme", "2026-02-01", name="Acme", plan="free", seats=5, tags=["a"]),
        group(2, "beta", "2026-02-01", name="Beta", plan="free"),
        group(3, "acme", "2026-02-02", plan="pro", address={"city": "Ulm"}, note=None),
        group(4, "gone", "2026-02-01", name="Acme"),
    ]
    lookup = looked_up("company", "sales", {"acme": "Ann", "beta": "Bob"}, "crm")
    write(project, {"events": calls, "lookups": lookup})

    def by(name, measure="registrations"):
        report = report_project(project, "campaigns", Query("campaigns", *ACQUIRED, by=name))
        own = report_project(project, "campaigns", Query("campaigns", *ACQUIRED, by="network"))
        assert report.total_record[measure] == own.total_record[measure]
        return {row[name.replace(".", "_")]: row[measure] for row in report.records()
                if row[measure] and row["match"] != "not attributed"}  # fmt: skip

    # Credited: u:1 and u:2. Two groups are called Acme, so their ids stand beside.
    assert by("company") == {"Acme (acme)": 1, "Beta": 1}
    assert by("group_id") == {"acme": 1, "beta": 1}
    # The last word on acme's plan came by way of u:3.
    assert by("plan") == {"pro": 1, "free": 1}
    assert by("seats") == {"5": 1, "(no such trait)": 1}
    assert by("company.name") == {"Acme": 1, "Beta": 1}
    assert by("sales") == {"Ann": 1, "Bob": 1}
    # Costs name no company.
    assert by("company", "spend") == {"(not broken down)": pytest.approx(180.5)}
    with pytest.raises(UsageError, match="Did you mean 'plan'"):
        by("plans")


def test_companies_of_nobody_are_no_dimension(project):
    with pytest.raises(UsageError, match="'company' is unknown"):
        report_project(project, "campaigns", Query("campaigns", *ACQUIRED, by="company"))
