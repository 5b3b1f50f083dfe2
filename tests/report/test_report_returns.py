"""Returns: which campaigns, cost and return of the first days, by hand."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from small_lake import make

from whichhalf.errors import UsageError
from whichhalf.report import Query, report_project

ZONE = 'time_zone = "Europe/Berlin"\ncurrency = "EUR"'


def cost(campaign, day, spend):
    day = date.fromisoformat(day)
    ids = {"network": "meta", "account_id": "a", "campaign_id": campaign}
    rest = {"country": "DE", "os": "ios", "account_currency": "EUR", "account_spend": spend}
    return (
        ids | rest | {"cost_on": day, "spend": Decimal(spend)} | {"account_spend": Decimal(spend)}
    )


def signup(person, when):
    when = datetime.fromisoformat(when)
    times = {"converted_at": when, "attributed_at": when}
    return {
        "conversion_id": f"s{person}",
        "conversion_kind": "signup",
        "person_id": person,
        **times,
    }


def payment(name, person, when, value, kind="purchase", charged=None):
    when = datetime.fromisoformat(when)
    return {
        "conversion_id": name,
        "conversion_kind": kind,
        "person_id": person,
        "converted_at": when,
        "attributed_at": datetime.fromisoformat(charged) if charged else when,
        "value": Decimal(value),
    }


def credit(person, source, share=1.0, touch="t", model="last_paid"):
    return {
        "conversion_id": f"s{person}",
        "conversion_kind": "signup",
        "model": model,
        "touch_id": touch,
        "source_key": source,
        "touched_at": datetime(2026, 3, 1),
        "person_id": person,
        "converted_at": datetime(2026, 3, 1),
        "credit": share,
        "value": Decimal(0),
    }


def source(key, campaign):
    ids = {"network": "meta", "account_id": "a", "campaign_id": campaign, "match_rule": "id"}
    return {"source_key": key, "channel": "Paid Social", "is_paid": True, **ids}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    # In Berlin the 28th of March 2026 begins at 23:00 UTC of the 27th; clocks change on the 29th.
    tables = {
        "cost_days": [
            cost("new", "2026-03-27", "0"),
            cost("new", "2026-03-28", "10"),
            cost("new", "2026-03-29", "5.50"),
            cost("new", "2026-03-30", "99"),
            cost("old", "2026-03-01", "7"),
        ],
        "campaigns": [
            {"network": "meta", "account_id": "a", "campaign_id": "new", "campaign_name": "New"}
        ],
        "sources": [source("n", "new"), source("o", "old")],
        "conversions": [
            signup("early", "2026-03-27T22:59:59.999999"),
            signup("p", "2026-03-27T23:00:00"),
            signup("q", "2026-03-29T21:59:59.999999"),
            signup("late", "2026-03-29T22:00:00"),
            payment("1", "p", "2026-03-28T10:00:00", "20"),
            payment("2", "p", "2026-03-29T22:00:00", "40"),
            payment("3", "p", "2026-05-01T00:00:00", "-5", "refund", "2026-03-28T10:00:00"),
            payment("4", "early", "2026-03-28T10:00:00", "80"),
            payment("5", "q", "2026-03-29T21:59:59.999999", "8"),
        ],
        "rule_credits": [
            credit("early", "n"),
            credit("p", "n"),
            credit("q", "n", 0.25, "t1"),
            credit("q", "o", 0.75, "t2"),
            credit("late", "n"),
        ],
    }
    return make(tmp_path_factory.mktemp("returns"), tables, ZONE)


def test_cost_and_return_of_the_first_days(project):
    query = Query("returns", age_days=2, on=date(2026, 3, 30))
    report = report_project(project, "returns", query)
    # p whole and a quarter of q; p paid 20 − 5, q's quarter of 8 is 2; the first day with spend is
    # the 28th, so two days cost 15.50.
    expected = ("meta", "New", "a", "new", date(2026, 3, 28), Decimal("15.5"), 1.25, 1.25, 17)
    assert report.rows == ((*expected, 17 / 15.5, None),)
    assert report.total_record["revenue"] == 17
    assert report.columns[-1].is_estimate


def test_all_shows_every_older_campaign(project):
    query = Query("returns", age_days=2, on=date(2026, 3, 30), every_older=True)
    report = report_project(project, "returns", query)
    assert report.column("campaign") == ["New", "old"]
    assert report.column("spend") == [Decimal("15.5"), Decimal(7)]
    assert report.total_record["spend"] == Decimal("22.5")


def test_no_campaign_of_that_age_says_how_many_are_older(project):
    report = report_project(project, "returns", Query("returns", age_days=2, on=date(2026, 3, 31)))
    assert report.rows == ()
    assert any("--every-older shows them" in note and "2" in note for note in report.notes)


def test_without_data_a_day_must_be_named(tmp_path):
    with pytest.raises(UsageError, match="--on DATE"):
        report_project(make(tmp_path, {"campaigns": []}), "returns", Query("returns"))


@pytest.mark.parametrize(
    ("event", "cost_start", "expected"),
    [
        # Events reach into the 4th: the 3rd is complete. The cost day of the 4th is.
        ("2026-01-04T12:00:00", "2026-01-04", "2026-01-03"),
        # Costs end with the 2nd.
        ("2026-01-09T12:00:00", "2026-01-02", "2026-01-02"),
    ],
)
def test_default_day_is_the_last_complete_one(tmp_path, event, cost_start, expected):
    tables = {
        "key_events": [
            {
                "message_id": "m",
                "event_kind": "login",
                "occurred_at": datetime.fromisoformat(event),
                "user_id": "u:1",
            }
        ],
        "ad_costs": [
            {
                "starts_at": datetime.fromisoformat(cost_start),
                "hours": 24,
                "local_on": date.fromisoformat(cost_start),
            }
        ],
    }
    report = report_project(make(tmp_path, tables), "returns", Query("returns"))
    assert report.title.endswith(f"on {expected}")
