"""The recipe of a purchases file, on the CDNOW sample: totals to the cent."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pages import run_page, shared

from whichhalf.cli import main

pytestmark = pytest.mark.e2e
Purchases = list[list[str]]


@pytest.fixture(scope="module")
def purchases() -> Purchases:
    """Rows of the sample: cohort id, id, date, discs, dollars."""
    text = shared("data/cdnow/CDNOW_sample.txt").read_text("ascii")
    return [line.split() for line in text.splitlines()]


@pytest.fixture(scope="module")
def screen_and_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the recipe prints, and the project that it makes."""
    folder = tmp_path_factory.mktemp("cdnow")
    path = shared("data/cdnow/CDNOW_sample.txt")
    return run_page("docs/recipes/payments.md", folder, CDNOW=str(path)), folder / "shop"


def total_of(shop: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    asked = ["report", "campaigns", "--basis", "event", "--format", "json", *options]
    assert main(["-C", str(shop), *asked]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
    return dict(told["total"])


def test_the_screen_shows_the_totals_of_the_file(
    purchases: Purchases, screen_and_shop: tuple[str, Path]
) -> None:
    assert (len(purchases), len({row[1] for row in purchases})) == (6919, 2357)
    revenue = sum(Decimal(row[4]) for row in purchases)
    lines = screen_and_shop[0].splitlines()
    total = next(line for line in lines if line.strip().startswith("TOTAL")).split()
    assert {f"{revenue:,.2f}", "2,357", "6,919"} <= set(total)


@pytest.mark.parametrize("month", ["", "199703", "199806"])
def test_buyers_purchases_and_revenue_agree_to_the_cent(
    purchases: Purchases,
    screen_and_shop: tuple[str, Path],
    capsys: pytest.CaptureFixture[str],
    month: str,
) -> None:
    chosen = [row for row in purchases if row[2].startswith(month)]
    last = {"199703": 31, "199806": 30}
    year, number = int(month[:4] or 0) + 20, month[4:]
    period = ["--start", f"{year}-{number}-01", "--end", f"{year}-{number}-{last.get(month)}"]
    total = total_of(screen_and_shop[1], capsys, *(period if month else []))
    assert total["revenue"] == sum(Decimal(row[4]) for row in chosen)
    assert total["buyers"] == len({row[1] for row in chosen})
    assert total["buying_frequency"] == len(chosen)
