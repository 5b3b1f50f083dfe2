"""Distances between what models credit, what a hold-out says, and what ads caused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whichhalf.world.causal_score import CAUSAL_KEYS, causal_scores, distance, shown


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    rows = [
        {"network": network, "campaign_id": campaign, "incremental_signups": count, "lift": lift}
        for network, campaign, count, lift in (
            ("meta", "", 80, 0.04),
            ("meta", "1", 80, 0.04),
            ("google_ads", "", 0, 0.0),
            ("criteo", "", 20, 0.01),
        )
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "causes.parquet")
    return tmp_path


def tables(name: str) -> pa.Table:
    credits = [
        ("last", "signup", "g", 30.0),
        ("last", "signup", "g2", 10.0),
        ("last", "signup", "m", 40.0),
        ("last", "signup", "none", 500.0),
        ("last", "purchase", "m", 900.0),
        ("truthful", "signup", "m", 8.0),
        ("truthful", "signup", "c", 2.0),
        ("stray", "signup", "b", 5.0),
    ]
    sources = {"g": "google_ads", "g2": "google_ads", "m": "meta", "c": "criteo", "b": "bing"}
    if name == "sources":
        return pa.table({"source_key": [*sources, "none"], "network": [*sources.values(), None]})
    names = ("model", "conversion_kind", "source_key", "credit")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in credits])


def record(network: str, signups: float | None, lift: float, error: float) -> dict[str, Any]:
    return {
        "network": network,
        "incremental_signups": signups,
        "lift": lift,
        "lift_standard_error": error,
        "lift_low": lift - 2 * error,
        "lift_high": lift + 2 * error,
    }


def test_models_and_hold_out(truth: Path) -> None:
    lifts = [
        record("meta", 60.0, 0.03, 0.004),
        record("google_ads", -10.0, -0.001, 0.001),
        record("criteo", 40.0, 0.02, 0.006),
    ]
    found = causal_scores(tables, truth, lifts)
    assert tuple(found) == CAUSAL_KEYS
    assert found["incremental_signups"] == {"meta": 80, "google_ads": 0, "criteo": 20}
    attributed = found["attributed_signups"]
    assert attributed["last"] == {"meta": 40, "google_ads": 40, "criteo": 0}
    # Half and half against 80:20: |.5 − .8| + |.5 − 0| + |0 − .2|.
    assert found["attributed_l1"] == pytest.approx({"last": 1.0, "truthful": 0.0, "stray": 2.0})
    assert found["incremental_l1_by_holdout"] == pytest.approx(0.4)  # .6:.4, nothing below 0
    inside = {name: row["truth_in_interval"] for name, row in found["holdout_lift"].items()}
    assert inside == {"meta": False, "google_ads": True, "criteo": True}
    text = shown(found)
    assert "attributed (last)" in text and "incremental (truth)" in text
    assert text.count("yes") == 2 and text.count("no\n") == 1


def test_an_estimate_that_is_missing_is_no_zero(truth: Path) -> None:
    found = causal_scores(tables, truth, [record("meta", None, 0, 0), record("criteo", 1.0, 0, 1)])
    assert found["incremental_signups_by_holdout"] == {"criteo": 1.0}
    assert found["incremental_l1_by_holdout"] is None
    assert list(found["holdout_lift"]) == ["criteo"]
    assert "–" in shown(found)


def test_a_world_without_causes_has_no_such_keys(tmp_path: Path) -> None:
    assert causal_scores(tables, tmp_path, []) == {}


def test_distance() -> None:
    assert distance({"a": 1}, {"a": 7}) == 0
    assert distance({"a": 1}, {"b": 1}) == 2
    assert distance({"a": 1, "b": 1}, {"a": 1}) == 1
    assert distance({}, {"a": 1}) == 1
