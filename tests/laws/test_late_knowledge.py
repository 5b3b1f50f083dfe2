"""What comes late recomputes the conversion days that it touches, of any age, and no others.

Four people, each with one visit from an ad, a log-in, and two payments on days of their own: so the
days that a change rewrites say whose conversions it touched. Every time the tables must be those of
a project that knew everything from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from table_rows import make_rows, write_rows
from whichhalf import pipeline
from whichhalf.project import Project
from whichhalf.tables import TABLES, Kind

Rows = dict[str, list[dict[str, Any]]]
RULES = """\
[attribute]
channel_rules = "channels.csv"
restart_cycles = {cycles}
bootstrap_replicates = 0
"""
CHANNELS = "id,channel,source_regex\nown,{channel},ads3\n"
DERIVED = sorted(name for name, table in TABLES.items() if table.kind is Kind.DERIVED)
# Of person n: the first payment on the (5 + n)th, the second on the (15 + n)th of March.
FIRST, SECOND = 5, 15


def on(day: int, clock: str = "10:00:00") -> str:
    return f"2026-03-{day:02d} {clock}"


def visit(number: int, day: int, message_id: str = "", **cells: str) -> dict[str, Any]:
    """A page view of visitor a:n that came by ad n."""
    tags = {"source": f"ads{number}", "medium": "cpc", "campaign": f"c{number}"}
    event = {"visitor_id": f"a:{number}", "call": "page", "occurred_at": on(day, "09:00:00")}
    return event | {"message_id": message_id or f"v{number}"} | tags | cells


def login(visitor: str, user: str, day: int, clock: str = "09:05:00") -> dict[str, Any]:
    event = {"visitor_id": visitor, "user_id": user, "call": "identify"}
    return event | {"message_id": f"i-{visitor}-{user}-{day}", "occurred_at": on(day, clock)}


def payment(payment_id: str, user: int, day: int, **cells: str) -> dict[str, Any]:
    paid = {"payment_id": payment_id, "user_id": f"u:{user}", "paid_at": on(day), "amount": "10"}
    return paid | {"currency": "EUR" if user == 3 else "USD"} | cells


def quote(day: int, units: str, priority: int) -> dict[str, Any]:
    cells = {"rate_source": f"r{priority}", "priority": priority, "base": "EUR", "currency": "USD"}
    return cells | {"quoted_on": f"2026-03-{day:02d}", "units_per_base": units}


KNOWN: Rows = {
    "events": [visit(n, 1) for n in range(1, 5)]
    + [login(f"a:{n}", f"u:{n}", 1) for n in range(1, 5)]
    + [visit(9, 3) | {"medium": None}, visit(8, 3)],
    "payments": [
        payment(f"p{n}-{day}", n, day + n) for n in range(1, 5) for day in (FIRST, SECOND)
    ],
    "loaded_rates": [quote(day, "1.1", 0) for day in range(1, 28)],
}
ALIAS = {"user_id": "u:2", "previous_id": "1", "call": "alias", "message_id": "al",
         "occurred_at": on(27)}  # fmt: skip
COST = {"network": "meta", "campaign_id": "1", "campaign_name": "c9",
        "starts_at": on(3, "00:00:00"), "spend": "1"}  # fmt: skip
LATE: dict[str, tuple[Rows, set[int]]] = {
    "refund": ({"payments": [payment("r", 1, 25, payment_kind="refund",
                                     refunded_payment_id=f"p1-{SECOND}")]}, {25}),
    "chargeback": ({"payments": [payment("r", 2, 26, payment_kind="chargeback",
                                         refunded_payment_id=f"p2-{FIRST}")]}, {26}),
    "charge": ({"payments": [payment("n", 3, 13)]}, {13}),
    "charge before the first": ({"payments": [payment("n", 3, 4)]}, {4, 8}),
    "rate": ({"loaded_rates": [quote(8, "1.2", 1)]}, {8}),
    "rate of another currency": (
        {"loaded_rates": [quote(8, "9", 0) | {"base": "GBP"}]}, set()),
    "event": ({"events": [visit(2, 10, "late")]}, {17}),
    "event without a touch": ({"events": [visit(2, 10, "late") | dict.fromkeys(
        ("source", "medium", "campaign"))]}, {17}),
    "event of nobody known": ({"events": [visit(7, 2)]}, set()),
    "identify": ({"events": [login("a:8", "u:1", 3)]}, {6, 16}),
    "identify after a payment": ({"events": [login("a:8", "u:1", 12)]}, {6, 16}),
    "alias": ({"events": [ALIAS]}, {6, 7, 16, 17}),
    "install": ({"installs": [{"install_id": "in", "visitor_id": "a:1",
                               "first_open_at": on(10)}]}, {10, 16}),
    "click": ({"clicks": [{"touch_id": "c", "network": "meta", "user_id": "u:4",
                           "touched_at": on(12)}]}, {19}),
    "costs of a campaign that nobody came by": ({"ad_costs": [COST]}, set()),
}  # fmt: skip


def make(project_of: Callable[..., Project], name: str, *, cycles: bool = False) -> Project:
    project = project_of(RULES.format(cycles=str(cycles).lower()), name=name)
    put_channel(project, "First name")
    put(project, KNOWN)
    return project


def put_channel(project: Project, channel: str) -> None:
    (project.folder / "channels.csv").write_text(CHANNELS.format(channel=channel), "utf-8")


def put(project: Project, rows: Rows) -> None:
    for name, listed in rows.items():
        write_rows(project, name, make_rows(name, listed))


def rewritten(project: Project) -> set[int]:
    """Run; return the days of March that step attribute replaced: all of its tables or none."""
    before = {name: project.lake.state(TABLES[name]).days for name in pipeline.conversions.OUTPUTS}
    result = {done.step: done for done in pipeline.run(project)}["attribute"]
    found = {
        name: {
            int(day[-2:])
            for day, stamp in project.lake.state(TABLES[name]).days.items()
            if before[name].get(day) != stamp
        }
        for name in before
    }
    assert len({frozenset(days) for days in found.values()}) == 1, found
    days = found["conversions"]
    assert result.days == len(days)
    return days


def contents(project: Project) -> dict[str, list[Any]]:
    with project.engine() as engine:
        project.expose(engine, DERIVED)
        return {
            name: sorted(map(repr, engine.table(f"select * from {name}").to_pylist()))
            for name in DERIVED
        }


@pytest.mark.parametrize("case", LATE)
def test_it_rewrites_exactly_the_days_that_it_touches(project_of, case: str) -> None:
    late, days = LATE[case]
    daily = make(project_of, "daily")
    pipeline.run(daily)
    put(daily, late)
    assert rewritten(daily) == days
    whole = make(project_of, "whole")
    put(whole, late)
    pipeline.run(whole)
    assert contents(daily) == contents(whole)


def test_a_charge_begins_a_cycle_for_what_comes_after_it(project_of) -> None:
    daily = make(project_of, "daily", cycles=True)
    pipeline.run(daily)
    late = {"payments": [payment("n", 1, 10)]}
    put(daily, late)
    assert rewritten(daily) == {10, 16}
    whole = make(project_of, "whole", cycles=True)
    put(whole, late)
    pipeline.run(whole)
    assert contents(daily) == contents(whole)


def test_a_channel_rule_rewrites_those_who_came_by_the_channel(project_of) -> None:
    daily = make(project_of, "daily")
    signup = {"visitor_id": "a:3", "call": "track", "name": "Signed Up", "message_id": "s",
              "occurred_at": on(2)}  # fmt: skip
    put(daily, {"events": [signup]})
    pipeline.run(daily)
    put_channel(daily, "Second name")
    assert rewritten(daily) == {2, 8, 18}
    (row,) = daily.table("signups").arrow().to_pylist()
    assert row["first_channel"] == "Second name"
    whole = make(project_of, "whole")
    put(whole, {"events": [signup]})
    put_channel(whole, "Second name")
    pipeline.run(whole)
    assert contents(daily) == contents(whole)


def test_costs_make_a_touch_paid(project_of) -> None:
    """Who came by the campaign before its costs were known: their days, and no others."""
    known = {"events": [login("a:9", "u:4", 3)]}
    daily = make(project_of, "daily")
    put(daily, known)
    pipeline.run(daily)
    put(daily, {"ad_costs": [COST]})
    assert rewritten(daily) == {9, 19}
    whole = make(project_of, "whole")
    put(whole, known | {"ad_costs": [COST]})
    pipeline.run(whole)
    assert contents(daily) == contents(whole)


def test_without_any_session_too(project_of) -> None:
    """Payments alone are history enough: a late one does not rebuild all."""
    project = project_of()
    put(project, {"payments": [payment("a", 1, 5), payment("b", 2, 6)]})
    pipeline.run(project)
    put(project, {"payments": [payment("c", 2, 9)]})
    assert rewritten(project) == {9}


def test_a_session_that_goes_on_after_midnight(project_of: Callable[..., Project]) -> None:
    """A signup's session is stored with its end and counts: what comes after the signup is in."""
    signup = {"visitor_id": "a:1", "user_id": "u:1", "call": "track", "name": "Signed Up"}
    before = [
        visit(1, 1) | {"occurred_at": on(1, "23:45:00")},
        signup | {"message_id": "s", "occurred_at": on(1, "23:50:00")},
    ]
    after = [
        visit(1, 2, "late1") | {"occurred_at": on(2, "00:05:00")},
        visit(1, 2, "late2") | {"occurred_at": on(2, "00:20:00")},
        visit(1, 2, "later") | {"occurred_at": on(2, "03:00:00")},
    ]
    daily = assert_daily_equals_at_once(project_of, {"events": before}, {"events": after})
    sessions = daily.table("useful_sessions").arrow().to_pylist()
    assert {row["event_count"] for row in sessions} == {4}


def test_a_first_page_after_the_signup(project_of: Callable[..., Project]) -> None:
    """A server may sign somebody up before any page: what is seen sessions later is no cause."""
    signup = {"visitor_id": "a:1", "user_id": "u:1", "call": "track", "name": "Signed Up"}
    before = [signup | {"message_id": "s", "occurred_at": on(1, "10:00:00")}]
    after = [visit(1, 1, "late", url="https://shop.example/") | {"occurred_at": on(1, "14:00:00")}]
    assert_daily_equals_at_once(project_of, {"events": before}, {"events": after})


def test_a_session_of_days(project_of: Callable[..., Project]) -> None:
    """Histories are read until a day after the last conversion, and on where a session is open."""
    signup = {"visitor_id": "a:1", "user_id": "u:1", "call": "track", "name": "Signed Up"}
    steps = [f"2026-03-{1 + n * 19 // 1440:02d} {n * 19 % 1440 // 60:02d}:{n * 19 % 60:02d}:00"
             for n in range(5 * 1440 // 19)]  # fmt: skip
    events = [signup | {"message_id": "s", "occurred_at": steps[3]}]
    events += [visit(1, 1, f"e{n}") | {"occurred_at": step} for n, step in enumerate(steps)]
    project = make_empty(project_of, "project")
    put(project, {"events": events})
    pipeline.run(project)
    sessions = project.table("useful_sessions").arrow().to_pylist()
    assert {row["event_count"] for row in sessions} == {len(events)}


def test_a_session_finds_its_source_after_midnight(project_of: Callable[..., Project]) -> None:
    """A session without a source is direct until it has one: that changes its conversions, too."""
    bare = dict.fromkeys(("source", "medium", "campaign"))
    before = {
        "events": [visit(1, 1) | bare | {"occurred_at": on(1, "23:45:00")},
                   login("a:1", "u:1", 1, "23:46:00")],
        "payments": [payment("p", 1, 1) | {"paid_at": on(1, "23:50:00")}],
        "loaded_rates": KNOWN["loaded_rates"],
    }  # fmt: skip
    after = {"events": [visit(1, 2, "late") | {"occurred_at": on(2, "00:04:00")}]}
    assert_daily_equals_at_once(project_of, before, after)


def assert_daily_equals_at_once(
    project_of: Callable[..., Project], before: Rows, after: Rows
) -> Project:
    """Compare what two runs make of early and late rows with what one makes of both; the first."""
    daily, at_once = (make_empty(project_of, name) for name in ("daily", "at_once"))
    put(daily, before)
    pipeline.run(daily)
    put(daily, after)
    put(at_once, before)
    put(at_once, after)
    for project in (daily, at_once):
        pipeline.run(project)
    assert contents(daily) == contents(at_once)
    return daily


def make_empty(project_of: Callable[..., Project], name: str) -> Project:
    signups = '[events]\nsignup = ["Signed Up"]\n'
    project = project_of(signups + RULES.format(cycles="false"), name=name)
    put_channel(project, "First name")
    return project
