"""Report lift, by hand: who counts, in which arm, from when on, and what stands beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from small_lake import make

from whichhalf.project import Project
from whichhalf.report import Query, Report, render, report_project

START, END = date(2026, 3, 1), date(2026, 3, 31)
DUE = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = DUE + timedelta(days=1)
TREATED, HELD = 100, 50


def unit(name: str, arm: str, **more: Any) -> dict[str, Any]:
    return {
        "app": "web",
        "experiment": "ghost",
        "unit": name,
        "arm": arm,
        "starts_on": START,
        "ends_on": END,
        "network": "meta",
        "campaign_id": "c1",
        "exposed_at": DUE,
        **more,
    }


def conversion(person: str, kind: str, when: datetime, value: str = "0") -> dict[str, Any]:
    return {
        "app": "web",
        "conversion_id": f"{person} {kind} {when}",
        "conversion_kind": kind,
        "person_id": person,
        "converted_at": when,
        "attributed_at": when,
        "value": Decimal(value),
    }


def credit(name: str, model: str, source: str, share: float, **more: Any) -> dict[str, Any]:
    given = {"conversion_kind": "signup", "value": Decimal(0), "converted_at": LATER, **more}
    ids = {"conversion_id": name, "touch_id": f"{name} {source}", "touched_at": DUE}
    return {**ids, "model": model, "source_key": source, "credit": share, **given}


def tables() -> dict[str, list[dict[str, Any]]]:
    """100 treated with 20 signups, 50 held out with 5; 10 and 5 buyers of 8.00 each."""
    units = [unit(f"a:t{n}", "treated") for n in range(TREATED)]
    units += [unit(f"u:h{n}", "Hold-Out") for n in range(HELD)]
    persons = [
        {
            "app": "web", "visitor_id": f"a:t{n}", "visitor_key": n,
            "since": datetime(1970, 1, 1, tzinfo=UTC), "until": datetime(9999, 12, 31, tzinfo=UTC),
            "user_id": f"u:t{n}", "person_id": f"u:t{n}", "by_call": "identify",
        }
        for n in range(20)
    ]  # fmt: skip
    users = [{"user_id": f"u:h{n}", "person_id": f"u:h{n}"} for n in range(HELD)]
    signups = [conversion(f"u:t{n}", "signup", LATER) for n in range(20)]
    signups += [conversion(f"u:h{n}", "signup", LATER) for n in range(5)]
    paid = [conversion(f"u:t{n}", "purchase", LATER, "8") for n in range(10)]
    paid += [conversion(f"u:h{n}", "purchase", LATER, "8") for n in range(5)]
    paid += [conversion("u:t0", "refund", LATER + timedelta(days=1), "-8")]
    return {
        "experiments": units,
        "persons": persons,
        "users": users,
        "conversions": [*signups, *paid],
        "cost_days": [
            {"cost_on": date(2026, 3, day), "network": "meta", "campaign_id": name,
             "spend": Decimal(spend)}
            for day, name, spend in ((1, "c1", "20"), (31, "c2", "30"))
        ]
        + [{"cost_on": date(2026, 4, 1), "network": "meta", "campaign_id": "c1",
            "spend": Decimal(1000)}],
        "sources": [
            {"source_key": "m1", "network": "meta", "campaign_id": "c1"},
            {"source_key": "m2", "network": "meta", "campaign_id": "c2"},
            {"source_key": "g", "network": "google_ads", "campaign_id": "c1"},
        ],
        "rule_credits": [
            credit("1", "last", "m1", 1.0),
            credit("2", "last", "m2", 1.0),
            credit("3", "last", "g", 1.0),
            credit("1", "linear", "m1", 0.5),
            credit("1", "linear", "g", 0.5),
            credit("4", "last", "m1", 1.0, conversion_kind="purchase", value=Decimal(25)),
            credit(
                "5", "install_last_touch", "m1", 1.0, conversion_kind="purchase", value=Decimal(5)
            ),
            credit("6", "last", "m1", 1.0, converted_at=datetime(2026, 4, 1, tzinfo=UTC)),
        ],
        "campaigns": [{"network": "meta", "campaign_id": "c1", "campaign_name": "Spring"}],
    }  # fmt: skip


def lift(folder: Path, given: dict[str, Any], by: str = "network", **more: Any) -> Report:
    return asked(make(folder, given), by=by, **more)


def asked(project: Project, start: date = START, end: date = END, **more: Any) -> Report:
    return report_project(project, "lift", Query("lift", start, end, **more))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make(tmp_path_factory.mktemp("lift"), tables())


def test_by_hand(project: Project) -> None:
    report = asked(project)
    (row,) = report.records()
    error = (0.2 * 0.8 / 99 + 0.1 * 0.9 / 49) ** 0.5
    assert (row["network"], row["experiment"]) == ("meta", "ghost")
    assert (row["treated"], row["held_out"]) == (100, 50)
    assert (row["treated_rate"], row["hold_out_rate"]) == (0.2, 0.1)
    assert row["lift"] == pytest.approx(0.1)
    assert row["lift_standard_error"] == pytest.approx(error)
    assert row["lift_low"] == pytest.approx(0.1 - 1.959964 * error)
    assert row["incremental_signups"] == pytest.approx(10)
    assert row["relative_lift"] == pytest.approx(1.0)
    assert row["spend"] == 50  # of both campaigns; April costs nothing here
    assert row["cost_per_incremental_signup"] == 5
    assert row["cost_per_incremental_signup_high"] is None and row["lift_low"] < 0
    # Revenue: 9 × 8 of 100 people, 5 × 8 of 50: −0.08 each.
    assert (row["treated_revenue_each"], row["hold_out_revenue_each"]) == (
        Decimal("0.72"),
        Decimal("0.8"),
    )
    assert row["incremental_revenue"] == -8
    assert row["iroas"] == pytest.approx(-8 / 50)


def test_what_models_attribute_stands_beside_it(project: Project) -> None:
    (row,) = asked(project).records()
    assert (row["attributed_signups_last"], row["attributed_signups_linear"]) == (2, 0.5)
    assert (row["attributed_revenue_last"], row["attributed_roas_last"]) == (25, 0.5)
    assert row["attributed_signups_install_last_touch"] is None  # it credits no signups at all
    assert row["attributed_revenue_install_last_touch"] == 5
    # The model that was asked for has its column, though nothing is known of it.
    assert row["attributed_signups_last_paid"] is row["attributed_revenue_last_paid"] is None
    (one,) = asked(project, by="campaign").records()
    assert (one["campaign"], one["spend"], one["attributed_signups_last"]) == ("Spring", 20, 1)


def test_each_number_says_what_it_is(project: Project) -> None:
    headings = {column.name: column for column in asked(project).columns}
    for name, column in headings.items():
        if name.startswith("attributed"):
            assert "(attributed" in column.heading and not column.is_estimate
        if column.is_estimate:
            assert "attributed" not in column.heading
    for name in ("lift", "relative_lift", "incremental_signups", "incremental_revenue"):
        assert "(incremental)" in headings[name].heading and headings[name].is_estimate
    assert "incremental" in headings["iroas"].heading
    screen = render(asked(project, model="last"), "table", width=140).decode()
    assert "(incremental)" in screen and "(attributed," in screen and "(estimate)" in screen


def test_all_formats_take_it(project: Project) -> None:
    for form in ("table", "csv", "json", "xlsx", "parquet", "slack-json"):
        assert render(asked(project), form)


def test_only_what_happens_from_the_first_ad_due_to_the_end_counts(tmp_path: Path) -> None:
    given = tables()
    before, after = DUE - timedelta(microseconds=1), datetime(2026, 4, 1, tzinfo=UTC)
    given["conversions"] += [
        conversion("u:t19", "signup", before),  # beside the one that counts
        conversion("a:t40@web", "signup", before),
        conversion("a:t41@web", "signup", after),
        conversion("a:t42@web", "signup", after - timedelta(microseconds=1)),
        conversion("a:t43@web", "signup", DUE),
    ]
    (row,) = lift(tmp_path, given).records()
    assert row["treated_rate"] == 0.22


def test_who_was_due_no_ad_is_left_out_and_counted(tmp_path: Path) -> None:
    given = tables()
    nobody = {"exposed_at": None, "is_exposed": None}
    given["experiments"] += [unit(f"a:n{n}", "treated", **nobody) for n in range(7)]
    given["experiments"] += [unit("a:no", "hold-out", is_exposed=False)]
    given["experiments"] += [unit("a:yes", "hold-out", exposed_at=None, is_exposed=True)]
    given["experiments"] += [unit("a:after", "treated", exposed_at=datetime(2026, 4, 2))]
    report = lift(tmp_path, given)
    (row,) = report.records()
    assert (row["treated"], row["held_out"]) == (100, 51)
    assert any("8 units for whom no ad was due" in note for note in report.notes)


def test_without_a_log_of_ghosts_whole_arms_are_compared(tmp_path: Path) -> None:
    given = tables()
    for row in given["experiments"]:
        row["exposed_at"] = None
    given["conversions"] += [conversion("a:t50@web", "signup", DUE - timedelta(days=5))]
    report = lift(tmp_path, given)
    (row,) = report.records()
    assert (row["treated"], row["held_out"], row["treated_rate"]) == (100, 50, 0.21)
    assert any("whole arms are compared" in note for note in report.notes)


def test_a_person_in_both_arms_is_in_none(tmp_path: Path) -> None:
    given = tables()
    given["experiments"] += [unit("u:t0", "hold-out"), unit("a:t1-again", "treated")]
    given["persons"] += [{**given["persons"][1], "visitor_id": "a:t1-again", "visitor_key": 99}]
    given["users"] += [{"user_id": "u:t0", "person_id": "u:t0"}]
    report = lift(tmp_path, given)
    (row,) = report.records()
    assert (row["treated"], row["held_out"]) == (99, 50)  # t0 gone, t1 once
    assert any("1 people with units in both arms" in note for note in report.notes)


def test_words_for_arms_and_units(tmp_path: Path) -> None:
    given = tables()
    given["experiments"] += [
        unit("t900", "Treatment", unit_kind="visitor"),
        unit("h901", "control", unit_kind="User"),
        unit("p902", "holdout", unit_kind="person"),
        unit("DE", "hold-out", unit_kind="country"),
        unit("TR", "hold-out"),
        unit("a:1", "placebo"),
    ]
    given["users"] += [{"user_id": "u:h901", "person_id": "u:other"}]
    given["conversions"] += [
        conversion("a:t900@web", "signup", LATER),
        conversion("u:other", "signup", LATER),
        conversion("p902", "signup", LATER),
    ]
    report = lift(tmp_path, given)
    (row,) = report.records()
    assert (row["treated"], row["held_out"]) == (101, 52)
    assert (row["treated_rate"], row["hold_out_rate"]) == (21 / 101, 7 / 52)
    note = next(note for note in report.notes if "left out" in note)
    assert "1 units whose arm" in note and "2 units that are no visitor" in note


@pytest.mark.parametrize("kept", [0, 4])
def test_too_few_is_a_dash_and_says_so(tmp_path: Path, kept: int) -> None:
    given = tables()
    given["conversions"] = [
        row
        for row in given["conversions"]
        if not row["person_id"].startswith("u:h") or int(row["person_id"][3:]) < kept
    ]
    report = lift(tmp_path, given)
    (row,) = report.records()
    estimates = [column.name for column in report.columns if column.is_estimate]
    assert [row[name] for name in estimates] == [None] * len(estimates)
    assert (row["treated_rate"], row["hold_out_rate"]) == (0.2, kept / 50)
    text = " ".join(report.notes)
    assert "No lift with fewer than 5 people who signed up, or did not, in an arm" in text
    assert f"ghost (meta): 20 and {kept}" in text and f"10 and {kept}" in text


def test_no_hold_out_and_no_spend(tmp_path: Path) -> None:
    given = tables()
    given["experiments"] = [
        {**row, "network": "criteo"} for row in given["experiments"] if row["arm"] == "treated"
    ]
    report = lift(tmp_path, given)
    (row,) = report.records()
    assert (row["treated"], row["held_out"], row["hold_out_rate"]) == (100, 0, None)
    assert row["lift"] is row["spend"] is row["iroas"] is None
    assert row["attributed_signups_last"] is row["attributed_revenue_last"] is None
    text = " ".join(report.notes)
    assert "no touch and no campaign names" in text
    assert "without both a hold-out and treated" in text and "without spend" in text


def test_spend_missing_leaves_the_lift(tmp_path: Path) -> None:
    report = lift(tmp_path, tables() | {"cost_days": []})
    (row,) = report.records()
    assert row["lift"] == pytest.approx(0.1) and row["incremental_revenue"] == -8
    assert row["iroas"] is row["cost_per_incremental_signup"] is row["spend"] is None


def test_a_network_that_nothing_is_credited_to_has_zero(tmp_path: Path) -> None:
    given = tables()
    given["sources"] = [row for row in given["sources"] if row["network"] != "meta"]
    (row,) = lift(tmp_path, given).records()
    assert (row["attributed_signups_last"], row["attributed_roas_last"]) == (0, 0)


def test_the_period_cuts_outcomes_and_spend(project: Project, tmp_path: Path) -> None:
    (row,) = asked(project, end=date(2026, 3, 10)).records()  # the signups come a day later
    assert (row["treated"], row["treated_rate"], row["spend"]) == (100, 0, 20)
    none = asked(project, start=date(2026, 5, 1), end=date(2026, 5, 2))
    assert not none.rows and "No experiment runs between 2026-05-01" in none.notes[0]
    running = tables()
    for row in running["experiments"]:
        row["ends_on"] = None
    (row,) = lift(tmp_path, running, end=date(2026, 4, 30)).records()
    assert row["spend"] == 1050


def test_two_experiments_are_two_rows(tmp_path: Path) -> None:
    given = tables()
    twin = {"experiment": "other", "network": "criteo", "campaign_id": None}
    given["experiments"] += [{**row, **twin} for row in given["experiments"]]
    report = lift(tmp_path, given, by="campaign")
    assert [(row["network"], row["campaign"]) for row in report.records()] == [
        ("criteo", "(whole network)"),
        ("meta", "Spring"),
    ]
    assert [row["lift"] for row in report.records()] == pytest.approx([0.1, 0.1])
    assert report.total is None
