"""What step `attribute` refuses, and that a change far back reaches the conversions it touches."""

from __future__ import annotations

from datetime import date

import pytest

from table_rows import make_rows, write_rows
from whichhalf import pipeline
from whichhalf.errors import BadDataError
from whichhalf.project import Project


def result_of(project: Project, step: str) -> pipeline.StepResult:
    return next(result for result in pipeline.run(project) if result.step == step)


def test_money_without_a_rate_is_refused_by_name(project_of) -> None:
    project = project_of()
    payment = {"payment_id": "p1", "paid_at": "2026-03-01 10:00:00", "amount": "1"}
    write_rows(project, "payments", make_rows("payments", [payment | {"currency": "EUR"}]))
    with pytest.raises(BadDataError, match="payments: 1 rows in EUR from 2026-03-01"):
        pipeline.run(project)


def test_costs_without_a_rate_are_refused_by_name(project_of) -> None:
    project = project_of()
    cost = {"network": "meta", "campaign_name": "x", "starts_at": "2026-03-01 00:00:00"}
    rows = make_rows("ad_costs", [cost | {"spend": "1", "currency": "JPY"}])
    write_rows(project, "ad_costs", rows)
    with pytest.raises(BadDataError, match=r"ad_costs: 1 rows in JPY from 2026-03-01.*USD"):
        pipeline.run(project)


def test_a_heavy_day_takes_back_the_credit_of_the_days_before(project_of) -> None:
    """Left out whole: a visitor's touch of the 1st counts no more once its 3rd is known."""
    visit = {"visitor_id": "a:1", "call": "page", "source": "ads", "medium": "cpc"}
    signup = {"visitor_id": "a:1", "user_id": "u:1", "call": "track", "name": "Signed Up"}
    batches = [
        [visit | {"message_id": "m1", "occurred_at": "2026-03-01 10:00:00"},
         signup | {"message_id": "m2", "occurred_at": "2026-03-02 10:00:00"}],
        [visit | {"message_id": f"n{number}", "occurred_at": "2026-03-03 10:00:00"}
         for number in range(3)],
    ]  # fmt: skip
    daily, whole = (
        project_of("[sessionize]\nmax_events_per_visitor_day = 2\n", name=name)
        for name in ("daily", "whole")
    )
    credits = []
    for batch in batches:
        write_rows(daily, "events", make_rows("events", batch))
        write_rows(whole, "events", make_rows("events", batch))
        pipeline.run(daily)
        credits.append(daily.table("credits").arrow().num_rows)
    pipeline.run(whole)
    assert credits[0] > 0
    assert credits[1] == 0
    for name in ("credits", "unattributed", "signups", "useful_sessions"):
        assert daily.table(name).arrow().equals(whole.table(name).arrow()), name
    (daily.folder / "whichhalf.toml").write_text("")
    believed = Project(daily.folder)
    pipeline.run(believed)
    assert believed.table("credits").arrow().num_rows == credits[0], "believed again"


@pytest.mark.parametrize(
    ("who", "converts"),
    [
        # Known by the visitor alone, and by the person alone.
        ({"visitor_id": "a:1"}, ("installs", {"install_id": "i1", "first_open_at": "{}"})),
        ({"user_id": "u:1"}, ("payments", {"payment_id": "p1", "paid_at": "{}", "amount": "1"})),
    ],
    ids=["visitor", "person"],
)
@pytest.mark.parametrize(
    ("clicked_at", "days"), [("10:00:00", 1), ("09:59:59.999999", 1), ("10:00:00.000001", 0)]
)
def test_a_late_touch_at_the_very_instant_still_counts(
    project_of, who, converts, clicked_at: str, days: int
) -> None:
    """A click of the conversion's own microsecond is eligible, so its day is computed anew."""
    project = project_of()
    name, cells = converts
    row = {key: text.format("2026-03-05 10:00:00") for key, text in cells.items()}
    write_rows(project, name, make_rows(name, [who | row]))
    # Somebody else's visit: without any session part, every change is a full rebuild.
    visit = {"visitor_id": "a:9", "message_id": "m9", "occurred_at": "2026-03-01 10:00:00"}
    write_rows(project, "events", make_rows("events", [visit]))
    pipeline.run(project)
    click = {"touch_id": "c1", "network": "meta", "touched_at": f"2026-03-05 {clicked_at}"}
    write_rows(project, "clicks", make_rows("clicks", [who | click]))
    assert result_of(project, "attribute").days == days
    models = {"first", "last", "first_paid", "last_paid"} if days else set()
    assert models <= set(project.table("credits").arrow()["model"].to_pylist())
    assert bool(models) == bool(project.table("credits").arrow().num_rows)


def test_only_the_days_that_a_late_event_touches_are_recomputed(project_of) -> None:
    """A late log-in on the 1st moves the credit of that person's payments, and of no other's."""
    project = project_of()
    payments = [
        {"payment_id": f"p{day}-{user}", "user_id": f"u:{user}", "amount": "1",
         "paid_at": f"2026-03-{day:02d} 10:00:00"}
        for user, day in ((1, 5), (1, 9), (2, 7))
    ]  # fmt: skip
    visit = {"visitor_id": "a:1", "call": "page", "source": "ads", "medium": "cpc"}
    events = [visit | {"message_id": "m1", "occurred_at": "2026-03-01 10:00:00"}]
    write_rows(project, "payments", make_rows("payments", payments))
    write_rows(project, "events", make_rows("events", events))
    assert result_of(project, "attribute").days == 3
    assert project.table("credits").arrow().num_rows == 0
    late = {"visitor_id": "a:1", "user_id": "u:1", "call": "identify", "message_id": "m2"}
    rows = make_rows("events", [late | {"occurred_at": "2026-03-01 10:01:00"}])
    write_rows(project, "events", rows)
    assert result_of(project, "attribute").days == 2
    credits = project.table("credits").arrow()
    assert set(credits["touch_id"].to_pylist()) == {"m1"}
    assert set(credits["day"].to_pylist()) == {date(2026, 3, 5), date(2026, 3, 9)}
    assert result_of(project, "attribute").is_fresh
