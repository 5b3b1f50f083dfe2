"""docs/attribute.md against the settings, the models and the golden cases that it tells of."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from whichhalf.attribute.credits import MODELS
from whichhalf.attribute.fits import FITTED
from whichhalf.config import AttributeConfig

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
TEXT = (ROOT / "docs" / "attribute.md").read_text("utf-8")


def golden_tables() -> Iterator[tuple[str, str, list[list[str]]]]:
    """Case, conversion and rows (header first) of each table under a golden comment."""
    for case, conversion, table in re.findall(r"<!-- golden: (\S+) (\S+) -->\n((?:\|.*\n)+)", TEXT):
        rows = [
            [cell.strip() for cell in line.strip("| \n").split("|")]
            for line in table.splitlines()
            if not line.startswith("|--")
        ]
        yield case, conversion, rows


@pytest.mark.parametrize(
    ("case", "conversion", "rows"), list(golden_tables()), ids=lambda value: str(value)[:40]
)
def test_tables_are_those_of_their_case(case: str, conversion: str, rows: list[list[str]]) -> None:
    with (GOLDEN / case / "expected.csv").open(encoding="utf-8", newline="") as file:
        credit = {
            (row["model"], row["touch_id"]): float(row["credit"])
            for row in csv.DictReader(file)
            if row["conversion_id"] == conversion
        }
    header, *body = rows
    told = {
        (model, row[0].split()[0]): float(cell)
        for row in body
        for model, cell in zip(header[1:], row[1:], strict=True)
    }
    assert {key: round(share, 4) for key, share in credit.items()} == told


def test_there_is_a_table_to_compare() -> None:
    assert list(golden_tables())


def test_every_setting_of_credit_is_told() -> None:
    elsewhere = {"channel_rules", "paid_rules"}  # docs/channels.md
    silent = [
        item.name
        for item in fields(AttributeConfig)
        if item.name not in elsewhere and f"`{item.name}" not in TEXT
    ]
    assert not silent


def test_defaults_on_the_page_are_those_of_the_settings() -> None:
    config = AttributeConfig()
    told = re.findall(r"`([a-z_]+) = ([\d.]+)`", TEXT)
    named = {name for name, _value in told}
    assert {"first_share", "half_life_days", "install_click_lookback_days"} <= named
    for name, value in told:
        if hasattr(config, name):
            assert float(value) == getattr(config, name), name


def test_every_model_is_told() -> None:
    assert [model for model in MODELS if f"`{model}`" not in TEXT] == []


def test_models_that_learn_are_the_fitted_ones() -> None:
    learned = {model for model in MODELS if model in ("markov", "shapley_rate")}
    assert set(FITTED) == learned


def test_every_case_of_credit_is_linked() -> None:
    older = {"remainder", "reasons"}  # their models have cases of their own since
    silent = [
        path.name
        for table in ("rule_credits", "unattributed")
        for path in (GOLDEN / table).iterdir()
        if path.name not in older and f"golden/{table}/{path.name}/why.md" not in TEXT
    ]
    assert not silent
