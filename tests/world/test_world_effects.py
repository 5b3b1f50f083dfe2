"""What ads cause: the same people and the same luck, with an ad and without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whichhalf.errors import ConfigError
from whichhalf.report.lift_estimate import Arm, difference
from whichhalf.world import PRESETS, Summary, load_world
from whichhalf.world.effects import CHANNELS, Effects, draw_effects

CAUSAL = PRESETS["causal"]
NAMES = [channel.name for channel in CHANNELS]


@pytest.fixture(scope="module")
def effects() -> Effects:
    return draw_effects(CAUSAL, 1)


@pytest.fixture(scope="module")
def many() -> Effects:
    """As many people as value.md's confounded world had."""
    return draw_effects(replace(CAUSAL, causal_people=400_000), 5)


def test_an_outcome_is_luck_below_base_and_lifts_one_person_at_a_time(effects: Effects) -> None:
    for who in range(0, len(effects.uniform), 97):
        chance = 0.5 * effects.intent[who]
        for number in range(len(CHANNELS)):
            if effects.due[who, number] and not effects.held_out[who, number]:
                push = CHANNELS[number].pushes[effects.push[who, number]]
                chance += getattr(CAUSAL, f"{NAMES[number]}_lift") * push.factor
        assert effects.signed_up[who] == (effects.uniform[who] < chance)


def test_a_network_without_lift_changes_nobody(effects: Effects) -> None:
    number = NAMES.index("brand_search")
    assert effects.shown[:, number].sum() > 1_000
    assert (effects.outcome(effects.without(number)) == effects.signed_up).all()
    assert not effects.incremental(number).any()
    none = draw_effects(replace(CAUSAL, retargeting_lift=0.0, social_lift=0.0, display_lift=0.0), 1)
    assert (none.signed_up == none.anyway).all()


def test_campaigns_of_a_network_add_up_to_it_and_share_nobody(effects: Effects) -> None:
    for number, channel in enumerate(CHANNELS):
        parts = [effects.incremental(number, push) for push in range(len(channel.pushes))]
        assert (np.sum(parts, axis=0) == effects.incremental(number)).all()


def test_ads_only_ever_add_people(effects: Effects) -> None:
    for number in range(len(CHANNELS)):
        without = effects.outcome(effects.without(number))
        assert not (without & ~effects.signed_up).any()
        assert not (effects.anyway & ~without).any()


def test_all_networks_off_one_after_the_other_loses_all_that_ads_brought(effects: Effects) -> None:
    shown = effects.shown
    lost, before = np.zeros(len(shown), bool), effects.signed_up
    for number in range(len(CHANNELS)):
        shown[:, number] = False
        after = effects.outcome(shown)
        assert not (lost & before & ~after).any()
        lost |= before & ~after
        before = after
    assert (lost == (effects.signed_up & ~effects.anyway)).all()
    assert lost.sum() > 300


def test_nobody_held_out_is_brought_by_the_network(effects: Effects) -> None:
    for number in range(len(CHANNELS)):
        assert not (effects.incremental(number) & effects.held_out[:, number]).any()


def test_networks_hold_out_a_tenth_each_of_its_own(many: Effects) -> None:
    assert np.allclose(many.held_out.mean(axis=0), 0.1, atol=0.003)
    together = np.corrcoef(many.held_out.T)
    assert np.abs(together - np.eye(len(CHANNELS))).max() < 0.01
    # Luck and intent do not know who is held out.
    for values in (many.uniform, many.intent):
        for number in range(len(CHANNELS)):
            out = many.held_out[:, number]
            gap = values[out].mean() - values[~out].mean()
            assert abs(gap) < 4 * values.std() / np.sqrt(out.sum())


def test_increments_are_what_the_lifts_say(many: Effects) -> None:
    for number in range(len(CHANNELS)):
        expected = many.lift[many.shown[:, number], number].sum()
        found = int(many.incremental(number).sum())
        assert abs(found - expected) <= 4 * np.sqrt(expected), NAMES[number]


def test_the_confounded_world_is_that_of_the_reference(many: Effects) -> None:
    """Truth of 400,000 people, all treated: 0, 531, 4,006, 562 of 23,328 signups."""
    incremental = [int(many.incremental(n).sum()) for n in range(4)]
    assert incremental[0] == 0
    for found, expected in zip(incremental[1:], (531, 4_006, 562), strict=True):
        assert found == pytest.approx(0.9 * expected, rel=0.15)
    # A tenth of what ads bring is not brought to those who are held out.
    assert many.signed_up.sum() == pytest.approx(23_328 - 0.1 * 5_106, rel=0.03)


def test_who_saw_an_ad_differs_from_who_did_not_and_a_hold_out_does_not(many: Effects) -> None:
    for number, name in enumerate(NAMES):
        due, shown = many.due[:, number], many.shown[:, number]
        held = due & ~shown
        rates = [many.signed_up[group].mean() for group in (shown, held, ~due)]
        error = np.sqrt(
            rates[0] * (1 - rates[0]) / shown.sum() + rates[1] * (1 - rates[1]) / held.sum()
        )
        true = many.lift[due, number].mean()
        assert abs(rates[0] - rates[1] - true) < 3 * error, name
        if name in ("brand_search", "retargeting", "display"):  # intent drives who is due
            assert rates[0] - rates[2] > true + 5 * error


def test_hold_outs_of_many_worlds_hold_the_truth_in_their_intervals() -> None:
    """200 experiments: 95 % of the intervals, give or take 1.5 %."""
    inside = []
    for seed in range(50):
        effects = draw_effects(replace(CAUSAL, causal_people=12_000), seed)
        for number in range(len(CHANNELS)):
            due, shown = effects.due[:, number], effects.shown[:, number]
            arms = []
            for group in (shown, due & ~shown):
                count = int(effects.signed_up[group].sum())
                arms.append(Arm(int(group.sum()), count, count, count))
            lift = difference(*arms)
            true = effects.lift[due, number].mean()
            inside.append(lift.low <= true <= lift.high)
    assert 0.90 < np.mean(inside) < 0.99


def test_seeds(effects: Effects) -> None:
    again, other = draw_effects(CAUSAL, 1), draw_effects(CAUSAL, 2)
    assert (again.uniform == effects.uniform).all() and (again.due == effects.due).all()
    assert (again.held_out == effects.held_out).all()
    assert (other.uniform != effects.uniform).any()
    assert effects.signed_up[: effects.signed_up.sum()].all()  # they come first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("causal_people = 10", "causal_people = 10 over 60 days. .* must be 1000 or more over 21"),
        ("causal_people = 5000\ndays = 10", "over 10 days"),
        ("social_lift = 0.9", r"social_lift must lie in \[0, 0.25\]"),
        ("social_lift = -0.1", r"social_lift must lie in \[0, 0.25\]"),
        ("holdout_share = 2.0", r"holdout_share must lie in \[0, 1\]"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "world.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=message):
        load_world(path)


def test_where_ads_persuade_nobody_there_is_no_trace_of_it(world: tuple[Path, Summary]) -> None:
    for name in ("data/impressions.csv", "data/experiments.csv", "truth/causes.parquet"):
        assert not (world[0] / name).exists()
    assert "experiments" not in (world[0] / "whichhalf.toml").read_text("utf-8")
