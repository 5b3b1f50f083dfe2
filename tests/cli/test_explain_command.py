"""`whichhalf explain`: text for people, JSON for machines, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from table_rows import make_project, make_rows, write_rows
from whichhalf import pipeline
from whichhalf.cli import main

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One visit with a source, one signup, one charge in euros and its refund."""
    project = make_project(tmp_path_factory.mktemp("explained") / "shop")
    visit = {"visitor_id": "a:1", "call": "page", "source": "google", "medium": "cpc"}
    signup = {"visitor_id": "a:1", "user_id": "u:1", "name": "Signed Up"}
    money = {"user_id": "u:1", "amount": "10", "currency": "EUR"}
    inputs: dict[str, list[dict[str, str]]] = {
        "events": [
            visit | {"message_id": "m1", "occurred_at": "2026-03-01 10:00:00"},
            signup | {"message_id": "m2", "occurred_at": "2026-03-01 10:05:00"},
        ],
        "payments": [
            money | {"payment_id": "p1", "paid_at": "2026-03-02 10:00:00"},
            money | {"payment_id": "p2", "paid_at": "2026-03-03 10:00:00",
                     "payment_kind": "refund"},
        ],
        "loaded_rates": [
            {"quoted_on": "2026-03-01", "base": "EUR", "currency": "USD", "units_per_base": "1.5"}
        ],
    }  # fmt: skip
    for name, rows in inputs.items():
        write_rows(project, name, make_rows(name, rows))
    pipeline.run(project)
    return project.folder


Capture = pytest.CaptureFixture[str]


def test_text_goes_to_stdout(folder: Path, capsys: Capture) -> None:
    assert main(["-C", str(folder), "explain", "m2"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("Conversion signup:m2\n\nu:1 signed up on 2026-03-01 10:05:00 UTC.")
    assert "steps key_events 1" in said.out
    assert not said.err


def json_of(folder: Path, capsys: Capture, *arguments: str) -> dict[str, Any]:
    assert main(["-C", str(folder), "explain", *arguments, "--json"]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


def test_json_has_money_as_text_and_times_with_a_zone(folder: Path, capsys: Capture) -> None:
    facts = json_of(folder, capsys, "u:1", "--kind", "refund")
    (refund,) = facts["persons"][0]["conversions"]
    assert refund["money"]["value"] == "-15.000000"
    assert refund["money"]["original_amount"] == "10.000000"
    assert refund["converted_at"] == "2026-03-03T10:00:00Z"
    assert refund["attributed_at"] == "2026-03-02T10:00:00Z"
    assert refund["refers_to"] == "p1" and refund["money"]["charge_is_named"] is False
    shares = [share for model in refund["models"] for share in model["credits"]]
    assert {share["value"] for share in shares if share["credit"] == 1} == {"-15.000000"}


def test_every_key_of_the_json_is_in_the_docs(folder: Path, capsys: Capture) -> None:
    known = set(re.findall(r"`([a-z_]+)`", (DOCS / "explain.md").read_text("utf-8")))
    facts = json_of(folder, capsys, "u:1")
    facts["settings"] = facts["versions"]["steps"] = facts["versions"]["tables"] = None
    assert keys_of(facts) - known == set()


def keys_of(node: object) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(keys_of, node))
    if isinstance(node, dict):
        return set(node).union(*map(keys_of, node.values()))
    return set()


def test_an_id_that_nothing_has_is_a_fault_of_use(folder: Path, capsys: Capture) -> None:
    assert main(["-C", str(folder), "explain", "nobody"]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert "Nothing is known of 'nobody'." in said.err and "whichhalf dump conversions" in said.err
