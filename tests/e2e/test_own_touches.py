"""The recipe of touches and conversions that others made: every credit, computed by hand."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from pages import run_page

from whichhalf.cli import main

pytestmark = pytest.mark.e2e
Credits = dict[tuple[str, str], dict[str, float]]

EARLIER = 2 ** (-1 / 7)  # a day, at a half-life of 7
ALL_TO = ("first", "first_non_direct", "first_paid", "last", "last_non_direct", "last_paid")
SHARED = ("linear", "position", "time_decay", "shapley", "markov", "shapley_rate")
# t1 is beaten by t2, t4 is at the instant: t2 and t3 share c1. Markov: see the page.
# Rate game: worth of Email 0/1, Search 0/1, Social 1/1, E+Se 1/3, E+So 1/2, Se+So 1/2, all 2/4; so
# Email and Search are worth -1/36 each, and what is worth nothing shares equally.
C1 = {
    **{model: {"t2": 1.0} for model in ("first", "first_non_direct", "first_paid", "last_paid")},
    **{model: {"t3": 1.0} for model in ("last", "last_non_direct")},
    **{
        model: {"t2": 0.5, "t3": 0.5} for model in ("linear", "position", "shapley", "shapley_rate")
    },
    "time_decay": {"t2": EARLIER / (EARLIER + 1), "t3": 1 / (EARLIER + 1)},
    "markov": {"t2": 1 / 3, "t3": 2 / 3},
}
C2 = {model: {"t5": 1.0} for model in (*ALL_TO, *SHARED)}
C5 = {m: {"t8": 1.0} for m in ("first", "last", "linear", "position", "time_decay", "shapley")}
REASONS = {
    "c1": ("", "", "", "organic"),
    "c2": ("", "", "", "organic"),
    "c3": ("out_of_window", "out_of_window", "out_of_window", "organic"),
    "c4": ("organic", "organic", "organic", "organic"),
    "c5": ("", "direct", "direct", "direct"),
}


@pytest.fixture(scope="module")
def screen_and_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the recipe prints, and the project that it makes."""
    folder = tmp_path_factory.mktemp("own")
    return run_page("docs/recipes/own_touches.md", folder), folder / "shop"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def credits_of(path: Path) -> Credits:
    found: Credits = defaultdict(dict)
    for row in rows(path):
        found[row["conversion_id"], row["model"]][row["touch_id"]] = float(row["credit"])
    return found


def test_every_credit_is_the_one_computed_by_hand(screen_and_shop: tuple[str, Path]) -> None:
    found = credits_of(screen_and_shop[1] / "credits.csv")
    expected = {
        (conversion, model): shares
        for conversion, models in (("c1", C1), ("c2", C2), ("c5", C5))
        for model, shares in models.items()
    }
    assert found.keys() == expected.keys()
    for key, shares in expected.items():
        assert found[key] == pytest.approx(shares, abs=1e-9), key


def test_every_conversion_says_why_it_is_not_attributed(
    screen_and_shop: tuple[str, Path],
) -> None:
    found = {
        row["conversion_id"]: tuple(row[name] for name in row if name.startswith("reason"))
        for row in rows(screen_and_shop[1] / "conversions.csv")
    }
    assert found == REASONS


def test_the_report_has_the_value_of_each_channel(screen_and_shop: tuple[str, Path]) -> None:
    lines = [line.split() for line in screen_and_shop[0].splitlines()]
    revenue = {cell for line in lines for cell in line if cell.endswith(".00")}
    assert {"200.00", "100.00", "40.00", "30.00", "20.00", "10.00"} <= revenue


def test_what_is_dumped_can_be_loaded_elsewhere(
    screen_and_shop: tuple[str, Path], tmp_path: Path
) -> None:
    shop, other = screen_and_shop[1], tmp_path / "other"
    other.mkdir()
    (other / "whichhalf.toml").write_text((shop / "whichhalf.toml").read_text("utf-8"), "utf-8")
    for table in ("touches", "conversions"):
        path = str(other / f"{table}.csv")
        assert main(["-C", str(shop), "dump", table, "-o", path]) == 0
        assert main(["-C", str(other), "load", table, path]) == 0
    assert main(["-C", str(other), "run"]) == 0
    for table in ("credits", "conversions", "touches"):
        assert main(["-C", str(other), "dump", table, "-o", str(other / f"new_{table}.csv")]) == 0
    assert credits_of(other / "new_credits.csv") == credits_of(shop / "credits.csv")
    ids = ("source_table",)
    for table in ("conversions", "touches"):
        old, new = rows(other / f"{table}.csv"), rows(other / f"new_{table}.csv")
        assert [{k: v for k, v in row.items() if k not in ids} for row in new] == [
            {k: v for k, v in row.items() if k not in ids} for row in old
        ]


def test_a_daily_run_gives_what_a_full_one_does(
    screen_and_shop: tuple[str, Path], tmp_path: Path
) -> None:
    """A late touch of cleo's changes her conversion, its reasons and the fits; nothing is left."""
    shop = screen_and_shop[1]
    late = tmp_path / "late.csv"
    late.write_text(
        "touch_id,person_id,occurred_at,channel,type,is_paid\n"
        "t6,cleo,2026-02-26T10:00:00Z,Paid Search,click,false\n",  # to the second 7 days before
        "utf-8",
    )
    assert main(["-C", str(shop), "load", "touches", str(late)]) == 0
    written = []
    for number, options in enumerate(((), ("--full",))):
        assert main(["-C", str(shop), "run", *options]) == 0
        texts = []
        for table in ("credits", "conversions", "unattributed", "model_fits"):
            path = tmp_path / f"{number}_{table}.csv"
            assert main(["-C", str(shop), "dump", table, "-o", str(path)]) == 0
            texts.append(path.read_text("utf-8"))
        written.append(texts)
    assert written[0] == written[1]
    found = {row["conversion_id"]: row for row in rows(tmp_path / "0_conversions.csv")}
    assert (found["c3"]["reason"], found["c3"]["reason_paid"]) == ("", "organic")
    assert credits_of(tmp_path / "0_credits.csv")["c3", "last"] == {"t6": 1.0}
