"""generate → load → run → report lift → score: what ads caused, from the files alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pages import shell

pytestmark = pytest.mark.e2e

WORLD = """
preset = "causal"
causal_people = 4000
days = 30
payer_share = 0.4
social_lift = 0.2
"""
NETWORKS = ["criteo", "google_ads", "meta", "the_trade_desk"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world whose experiments are loaded by hand, as a user's would be."""
    folder = tmp_path_factory.mktemp("lift")
    (folder / "world.toml").write_text(WORLD, "utf-8")
    shell("whichhalf world generate --config world.toml --seed 4 --out shop", folder)
    toml = folder / "shop" / "whichhalf.toml"
    head, _, tail = toml.read_text("utf-8").partition('\n[[source]]\nname = "experiments"')
    toml.write_text(f"{head}\n[[source]]{tail.partition('[[source]]')[2]}", "utf-8")
    told = shell(
        "whichhalf -C shop load experiments shop/data/experiments.csv 2>&1"
        " && whichhalf -C shop run 2>&1",
        folder,
    )
    assert "experiments" in told
    return folder


def test_the_report_finds_what_social_ads_caused(folder: Path) -> None:
    text = shell(
        "whichhalf -C shop report lift --start 2026-07-01 --end 2026-07-30 --format json", folder
    )
    report = json.loads(text)
    rows = {row["network"]: row for row in report["rows"]}
    assert sorted(rows) == NETWORKS
    meta = rows["meta"]
    assert meta["lift_low"] > 0.05 and meta["lift_low"] <= 0.2 <= meta["lift_high"]
    assert 0 < meta["cost_per_incremental_signup_low"] < meta["spend"]
    models = [name for name in meta if name.startswith("attributed_signups_")]
    assert {"attributed_signups_last", "attributed_signups_last_paid"} <= set(models)
    brand = rows["google_ads"]
    assert brand["attributed_signups_last_paid"] > 20  # of an ad that brought nobody
    assert brand["lift"] is None or brand["lift_low"] <= 0 <= brand["lift_high"]
    assert report["facts"]["attributed"] and report["facts"]["incremental"]


def test_the_score_compares_models_and_hold_out_with_the_truth(folder: Path) -> None:
    score = json.loads(
        shell("whichhalf -C shop world score --truth shop/truth --format json", folder)
    )
    assert score["identity_f1"] == score["signups_found"] / score["signups_expected"] == 1.0
    assert score["spend_error"] == score["revenue_error"] == "0.000000"
    true = score["incremental_signups"]
    assert sorted(true) == NETWORKS and true["google_ads"] == 0 < true["meta"]
    social = score["holdout_lift"]["meta"]
    assert social["truth_in_interval"] and social["true_lift"] == pytest.approx(0.2, abs=0.02)
    error = abs(score["incremental_signups_by_holdout"]["meta"] - true["meta"])
    assert error < 0.5 * true["meta"]
    for model in ("first", "last", "first_paid", "last_paid"):
        assert 0.2 < score["attributed_l1"][model] <= 2
        assert score["attributed_signups"][model]["google_ads"] > 0
    screen = shell("whichhalf -C shop world score --truth shop/truth", folder)
    assert "attributed (last_paid)" in screen and "incremental (hold-out)" in screen
