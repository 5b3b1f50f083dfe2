"""A correct pipeline gets worlds right: shown with one written in another way, from files alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from plain_pipeline import Plain

from whichhalf.world import Summary, WorldConfig, generate, score

SHARES = ("first_touch", "last_touch", "first_paid", "last_paid")


def test_a_world_without_secrets_is_known_exactly(world: tuple[Path, Summary]) -> None:
    plain = Plain(world[0])
    result = score(plain.table, world[0] / "truth")
    assert result["identity_f1"] == 1.0
    assert [result[f"{share}_accuracy"] for share in SHARES] == [1.0] * 4
    assert result["spend_error"] == result["revenue_error"] == "0.000000"
    assert result["quarantined_found_by_reason"] == result["quarantined_expected_by_reason"]
    assert result["events_found"] == result["events_expected"]
    assert result["events_unknown"] == result["signups_unknown"] == 0


@pytest.mark.parametrize("seed", [3, 4])
def test_secrets_are_rare_but_there(config: WorldConfig, tmp_path: Path, seed: int) -> None:
    secretive = replace(
        config, silent_device_share=0.02, shared_device_share=0.06, unassignable_share=0.5
    )
    generate(secretive, seed, tmp_path)
    result = score(Plain(tmp_path).table, tmp_path / "truth")
    assert 0.97 < float(str(result["identity_f1"])) < 1.0
    assert float(str(result["identity_precision"])) < 1.0
    assert all(float(str(result[f"{share}_accuracy"])) >= 0.97 for share in SHARES)
    assert result["spend_error"] == result["revenue_error"] == "0.000000"
