"""`whichhalf audit`: equal on a world, different when a row is another; claims by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from small_lake import make

from whichhalf import pipeline
from whichhalf.cli import main
from whichhalf.collect.load import load_sources
from whichhalf.errors import UsageError
from whichhalf.project import Project, open_project
from whichhalf.report.audit import Audit, audit
from whichhalf.report.audit_claims import Windows, kind_of, windows_of
from whichhalf.report.audit_line import Line
from whichhalf.tables import TABLES
from whichhalf.world import PRESETS, generate

Row = dict[str, Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit") / "world"
    generate(replace(PRESETS["tiny"], users=15, days=3), 1, folder)
    config = folder / "whichhalf.toml"
    few = "[attribute]\nbootstrap_replicates = 0\n"
    config.write_text(few + config.read_text("utf-8"), "utf-8")
    project = open_project(folder)
    with project.lock():
        load_sources(project)
        pipeline.run(project)
    return folder


def tamper(project: Project, name: str, change: Callable[[list[Row]], list[Row]]) -> None:
    """Rewrite a table, and publish it as a run would."""
    table = TABLES[name]
    rows = change(project.newest(name).to_pylist())
    arrow = pa.Table.from_pylist(rows, table.arrow)
    if table.partitioned:
        days = {row["day"] for row in project.newest(name).to_pylist()}
        project.lake.replace_days(table, arrow, dict.fromkeys(days, ""))
    else:
        project.lake.replace(table, arrow)
    project.publish()


def test_it_is_clean_on_a_world(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(ran), "audit", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["is_clean"] is True
    assert "Every reconciliation is equal" in err
    lines = {line["what"]: line for line in told["lines"]}
    assert {line["group"] for line in told["lines"]} >= {
        *("events", "conversions", "credit", "payments", "spend", "left out", "freshness")
    }
    loaded = open_project(ran).newest("events").num_rows
    events = lines["events loaded = events in sessions, left out, or of servers"]
    assert events["left"] == events["right"] == loaded > 100
    credited = lines["markov: conversions = credited + not attributed"]
    assert credited["left"] == open_project(ran).newest("conversions").num_rows
    assert all(line["state"] in ("ok", "told", "not measured") for line in told["lines"])


def test_a_period_takes_part_of_it(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = open_project(ran)
    rows = project.newest("events").to_pylist()
    day = min(row["day"] for row in rows)
    assert main(["-C", str(ran), "audit", "--start", f"{day}", "--end", f"{day}"]) == 0
    counted = sum(row["day"] == day for row in rows)
    assert f"│ {counted} " in capsys.readouterr().out
    assert counted < len(rows)
    with pytest.raises(UsageError, match="Swap --start and --end"):
        audit(project, date(2026, 7, 2), date(2026, 7, 1))


def first_with(column: str, **changes: Any) -> Callable[[list[Row]], list[Row]]:
    """Change the first row that has something in a column."""

    def change(rows: list[Row]) -> list[Row]:
        place = next(number for number, row in enumerate(rows) if row[column])
        return [row | changes if number == place else row for number, row in enumerate(rows)]

    return change


def nothing(_rows: list[Row]) -> list[Row]:
    return []


# Tampered tables of one project → words of every line that differs; each is some line's.
TAMPERED: list[tuple[dict[str, Callable[[list[Row]], list[Row]]], set[str]]] = [
    (
        {
            "touch_credits": first_with("linear_credit", linear_credit=0.123),
            "cost_days": first_with("spend", spend=Decimal("999")),
            "session_parts": first_with("event_count", event_count=777),
        },
        {"events loaded", "linear: conversions = those that are whole", ": ad_costs = cost_days"},
    ),
    (
        {
            "unattributed": lambda rows: rows[1:],
            "cost_days": first_with("clicks", clicks=99_999),
            "payments": nothing,
            "sources": nothing,
        },
        {
            *(": conversions = credited + not", ": value of conversions", "those that are whole"),
            *(": clicks of ad_costs", "payments = conversions", "money paid", "charges − refunds"),
            "last_paid: credited conversions",
        },
    ),
    (
        {
            "touch_credits": nothing,
            "conversions": lambda rows: [row for row in rows if row["source_table"] != "payments"],
        },
        {
            *(": all = touched + untouched", ": conversions = credited", "those that are whole"),
            *(": value of conversions", "purchase: ", "install: ", "charges − refunds", "refund: "),
        },
    ),
    (
        {
            "conversions": lambda rows: [
                row | {"value": row["value"] * (1 + (row["conversion_kind"] == "purchase"))}
                for row in rows
            ]
        },
        {"purchase: money paid", "value of conversions", "charges − refunds", "are whole"},
    ),
]


@pytest.mark.parametrize(("changes", "found"), TAMPERED)
def test_rows_that_are_others_are_found(
    ran: Path,
    tmp_path: Path,
    changes: dict[str, Callable[[list[Row]], list[Row]]],
    found: set[str],
) -> None:
    project = open_project(shutil.copytree(ran, tmp_path / "copy"))
    for name, change in changes.items():
        tamper(project, name, change)
    differing = [line.what for line in audit(project).differing]
    assert {words for words in found if not any(words in what for what in differing)} == set()
    assert [what for what in differing if not any(words in what for words in found)] == []


def test_the_exit_code_says_that_it_differs(
    ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = open_project(shutil.copytree(ran, tmp_path / "copy"))
    tamper(project, "cost_days", first_with("spend", spend=Decimal("999")))
    assert main(["-C", str(project.folder), "audit", "--format", "csv"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "group,what,left,right,difference,state,sentence"
    assert sum(",differs," in line for line in out.splitlines()) == 1
    assert "1 of them differ" in err


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("offsite_conversion.fb_pixel_purchase", "purchase"),
        ("omni_purchase", "purchase"),
        ("mobile_app_install", "install"),
        ("Complete_Registration", "signup"),
        ("first_purchase", "first_purchase"),
        ("reach", None),
    ],
)
def test_actions_have_our_kinds(action: str, kind: str | None) -> None:
    assert kind_of(action) == kind


def test_windows_are_read_whole_or_not_at_all() -> None:
    assert windows_of("7d_click") == Windows(7, -1)
    assert windows_of("7d_click_1d_view") == Windows(7, 1)
    assert windows_of("1d_view") == Windows(-1, 1)
    assert windows_of("(default)") is None
    assert windows_of("7d_click_lifetime") is None


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}")


def claim(network: str, results: float, **cells: Any) -> Row:
    return {
        "network": network,
        "account_id": network[0],
        "local_on": date(2026, 1, 10),
        "action": "purchase",
        "attribution_window": "7d_click",
        "results": results,
        **cells,
    }


@pytest.fixture
def lake() -> dict[str, list[Row]]:
    """Purchases of 2026-01-10 and one just after it; the account of meta lives in New York.

    p1 ours. p2 ours by a click of 9 days ago: too old for 7d_click. p3 clicked on both, credited to
    google. p4 clicked, credited to nobody. p5 clicked on both, credited to tiktok, which claims
    nothing. p6 ours, at 02:00 UTC of the 11th, the 10th in New York. p7: nobody's.
    """
    bought = {f"p{number}": at("10T12:00:00") for number in (1, 2, 3, 4, 5, 7)}
    bought["p6"] = at("11T02:00:00")
    touched = [("p1", "m", "09T00:00:00"), ("p2", "m", "01T12:00:00"), ("p3", "m", "08T00:00:00")]
    touched += [("p3", "g", "09T00:00:00"), ("p4", "m", "05T00:00:00"), ("p5", "m", "08T00:00:00")]
    touched += [("p5", "t", "09T00:00:00"), ("p6", "m", "10T20:00:00"), ("p7", "m", "10T12:00:01")]
    winners = {"p1": "m", "p2": "m", "p3": "g", "p5": "t", "p6": "m"}
    return {
        "sources": [
            {"source_key": name[0], "network": name, "is_paid": True, "channel": "Paid"}
            for name in ("meta", "google_ads", "tiktok")
        ],
        "ad_costs": [
            {
                "network": name,
                "account_id": name[0],
                "time_zone": zone,
                "starts_at": at("10T05:00:00"),
                "hours": 24,
                "local_on": date(2026, 1, 10),
                "currency": "USD",
            }
            for name, zone in (("meta", "America/New_York"), ("google_ads", "UTC"))
        ],
        "conversions": [
            {
                "app": "app",
                "conversion_id": name,
                "conversion_kind": "purchase",
                "person_id": f"u:{name}",
                "converted_at": instant,
                "attributed_at": instant,
            }
            for name, instant in bought.items()
        ],
        "touches": [
            {
                "app": "app",
                "touch_id": f"{person}{key}",
                "touch_type": "click",
                "touched_at": at(when),
                "user_id": f"u:{person}",
                "source_key": key,
            }
            for person, key, when in touched
        ],
        "rule_credits": [
            {
                "app": "app",
                "conversion_id": name,
                "conversion_kind": "purchase",
                "model": "last_paid",
                "touch_id": f"{name}{key}",
                "source_key": key,
                "touched_at": at("01T00:00:00"),
                "person_id": f"u:{name}",
                "converted_at": bought[name],
                "credit": 1.0,
            }
            for name, key in winners.items()
        ],
        "platform_results": [claim("meta", 7.0), claim("google_ads", 1.0)],
    }


def audited(folder: Path, lake: dict[str, list[Row]]) -> Audit:
    project = make(folder / "lake", lake, 'time_zone = "UTC"\ncurrency = "USD"')
    return audit(project, date(2026, 1, 10), date(2026, 1, 10))


def of_claim(found: Audit, name: str) -> tuple[Line, dict[str, Line]]:
    """The line of a claim, and its parts by name."""
    head, *rest = [line for line in found.lines if line.what.startswith(name)]
    assert head.what == f"{name}: claimed − ours"
    return head, {line.what.rpartition(": ")[2]: line for line in rest}


def test_a_claim_is_taken_apart(tmp_path: Path, lake: dict[str, list[Row]]) -> None:
    found = audited(tmp_path, lake)
    head, told = of_claim(found, "meta purchase 7d_click")
    assert (head.left, head.right, head.difference) == (7.0, 2, 5.0)
    parts = {what: line.difference for what, line in told.items()}
    assert parts == {
        "time zone": 1,  # p6
        "window": 0,  # p4 is theirs, p2 is not
        "definition": 1,  # p5
        "view-through": 0,
        "duplicates": 1,  # p3
        "not explained": 2.0,  # 7 = 2 + 1 + 0 + 1 + 1 + 2
    }
    assert "+ 1 with a click" in told["window"].sentence
    assert "− 1 of ours" in told["window"].sentence
    head, google = of_claim(found, "google_ads purchase 7d_click")
    assert (head.left, head.right) == (1.0, 1)
    assert all(line.difference == 0 for line in google.values())


def test_what_cannot_be_told_is_not_measured(tmp_path: Path, lake: dict[str, list[Row]]) -> None:
    lake["ad_costs"] = []
    lake["platform_results"] = [
        claim("meta", 4.0, attribution_window="(default)"),
        claim("meta", 4.0, attribution_window="7d_click_1d_view"),
        claim("meta", 9.0, action="reach"),
    ]
    found = audited(tmp_path, lake)
    _head, unknown = of_claim(found, "meta purchase (default)")
    assert {line.state for what, line in unknown.items() if what != "not explained"} == {
        "not measured"
    }
    assert unknown["not explained"].difference == 2.0
    _head, viewed = of_claim(found, "meta purchase 7d_click_1d_view")
    assert viewed["view-through"].state == "not measured"
    assert "no impression" in viewed["view-through"].sentence
    reach = next(line for line in found.lines if line.what.startswith("meta reach"))
    assert (reach.left, reach.right, reach.state) == (9.0, None, "not measured")


def test_views_are_a_part_of_their_own(tmp_path: Path, lake: dict[str, list[Row]]) -> None:
    lake["touches"] += [
        {
            "app": "app",
            "touch_id": "seen",
            "touch_type": "impression",
            "touched_at": at("10T11:00:00"),
            "user_id": "u:p7",
            "source_key": "m",
        }
    ]
    lake["platform_results"] = [claim("meta", 3.0, attribution_window="7d_click_1d_view")]
    found = audited(tmp_path, lake)
    _head, parts = of_claim(found, "meta purchase 7d_click_1d_view")
    assert parts["view-through"].difference == 1
    assert parts["duplicates"].difference == 0  # google claims nothing now
    assert parts["definition"].difference == 2
