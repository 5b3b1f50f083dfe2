"""Models that share credit: fractions of people, money split to the last digit."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from small_lake import make

from whichhalf.report import Query, render, report_project

AT = datetime(2026, 1, 1)
THIRD = Decimal("3.333333")


def conversion(name, kind, value):
    times = {"converted_at": AT, "attributed_at": AT}
    ids = {"conversion_id": name, "conversion_kind": kind, "person_id": "u:1"}
    return {**ids, **times, "value": Decimal(value)}


def shares(name, kind, *parts):
    """(touch, source, credit, value) of each part as credits."""
    ids = {"conversion_id": name, "conversion_kind": kind, "model": "last_paid"}
    names = ("touch_id", "source_key", "credit", "value")
    return [
        {**ids, "converted_at": AT, "touched_at": AT, **dict(zip(names, part, strict=True))}
        for part in parts
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    third, none = 1 / 3, Decimal(0)
    tables = {
        "conversions": [
            conversion("s", "signup", "0"),
            conversion("b", "purchase", "10"),
            conversion("c", "purchase", "1"),
        ],
        "rule_credits": [
            *shares(
                "s",
                "signup",
                ("t3", "a", third, none),
                ("t1", "b", third, none),
                ("t2", "c", third, none),
            ),
            *shares("b", "purchase", ("t3", "a", 0.25, "2.5"), ("t1", "b", 0.75, "7.5")),
            *shares("c", "purchase", ("t3", "a", 1.0, "1")),
        ],
        "sources": [
            {"source_key": key, "channel": "Paid Social", "is_paid": True, "network": key}
            for key in "abc"
        ],
    }
    for row in tables["rule_credits"]:
        row["value"] = Decimal(row["value"])
    return make(tmp_path_factory.mktemp("shared"), tables)


def rows(project, basis):
    query = Query("campaigns", date(2026, 1, 1), date(2026, 1, 1), by="network", basis=basis)
    report = report_project(project, "campaigns", query)
    return {row["network"]: row for row in report.records()}, report


def test_the_acquiring_credit_splits_all_that_follows(project):
    found, report = rows(project, "acquisition")
    # 10 and 1 in thirds; what is left over goes to the first touch by id, t1 of network b.
    parts = {"a": THIRD + Decimal("0.333333"), "b": Decimal("3.333334") + Decimal("0.333334")}
    assert {name: found[name]["revenue"] for name in "abc"} == {**parts, "c": parts["a"]}
    assert report.total_record["revenue"] == 11
    assert [found[name]["buyers"] for name in "abc"] == pytest.approx([1 / 3] * 3)
    assert [found[name]["buying_frequency"] for name in "abc"] == pytest.approx([2 / 3] * 3)
    assert report.total_record["buyers"] == 1
    assert "0.33" in render(report, "table").decode()


def test_on_basis_event_each_purchase_has_its_own_credit(project):
    found, report = rows(project, "event")
    assert {name: found[name]["revenue"] for name in "abc"} == {
        "a": Decimal("3.5"),
        "b": Decimal("7.5"),
        "c": 0,
    }
    # One person: whole in a by the second purchase, three quarters in b, one in TOTAL.
    assert [found[name]["buyers"] for name in "abc"] == [1, 0.75, 0]
    assert report.total_record["buyers"] == 1
    assert report.total_record["buying_frequency"] == 2
