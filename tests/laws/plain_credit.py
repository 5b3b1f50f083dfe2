"""Who gets the credit, by the words of docs/attribute.md alone: one conversion at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from plain_history import Touch

from whichhalf.config import AttributeConfig

GAP = timedelta(minutes=20)
Shares = dict[str, float | Fraction]  # touch id → credit


@dataclass(frozen=True)
class Judged:
    """Touches of one conversion. late: refused by a rule of time. usable: what may take credit."""

    usable: list[Touch]
    late: list[Touch]
    direct: list[Touch]


def judge(
    touches: list[Touch], at: datetime, cycle_from: datetime | None, rules: AttributeConfig
) -> Judged:
    """Sort the touches up to a conversion by what the rules make of them."""
    usable, late = [], []
    before = [touch for touch in touches if touch.touched_at <= at]
    for touch in before:
        if not in_time(touch, at, cycle_from, rules):
            late.append(touch)
        elif rules.count_direct or not touch.is_direct:
            usable.append(touch)
    if rules.click_beats_impression and any(
        t.touch_type != "impression" and not t.is_direct for t in usable
    ):
        late += [touch for touch in usable if touch.touch_type == "impression"]
        usable = [touch for touch in usable if touch.touch_type != "impression"]
    return Judged(usable, late, [touch for touch in before if touch.is_direct])


def in_time(
    touch: Touch, at: datetime, cycle_from: datetime | None, rules: AttributeConfig
) -> bool:
    """Whether a touch at or before a conversion lies where touches count."""
    if rules.strict_before and touch.touched_at == at:
        return False
    converts = touch.bounds is not None and touch.bounds[0] <= at <= touch.bounds[1] + GAP
    if converts and not rules.count_converting_session:
        return False
    if rules.restart_cycles and cycle_from is not None and touch.touched_at <= cycle_from:
        return False
    if touch.is_direct and not rules.count_direct:
        return True  # refused for what it is, before its age is asked
    days = rules.click_lookback_days
    if touch.touch_type == "impression":
        days = rules.impression_lookback_days
    return not days or at - touch.touched_at <= timedelta(days=days)


def shares(model: str, usable: list[Touch], rules: AttributeConfig) -> Shares:
    """Credit of each touch under a model; empty where nothing is of the kind that it credits."""
    kind, _, only = model.partition("_")
    among = usable
    if only == "paid":
        among = [touch for touch in usable if touch.is_paid]
    elif only == "non_direct":
        among = [touch for touch in usable if not touch.is_direct]
    if not among:
        return {}
    if kind in ("first", "last"):
        return {among[0 if kind == "first" else -1].touch_id: 1}
    return _shared(model, among, rules)


def _shared(model: str, among: list[Touch], rules: AttributeConfig) -> Shares:
    count = len(among)
    if model == "linear":
        weights = [Fraction(1)] * count
    elif model == "position":
        first, last = (Fraction(str(s)) for s in (rules.first_share, rules.last_share))
        weights = [(1 - first - last) / max(count - 2, 1)] * count
        weights[0], weights[-1] = (first, last) if count > 1 else (Fraction(1), Fraction(1))
    elif model == "time_decay":
        half = timedelta(days=rules.half_life_days)
        latest = among[-1].touched_at
        weights = [Fraction(0.5 ** ((latest - touch.touched_at) / half)) for touch in among]
    else:
        channels = [touch.channel for touch in among]
        weights = [Fraction(1, channels.count(channel)) for channel in channels]
    return {t.touch_id: w / sum(weights) for t, w in zip(among, weights, strict=True)}


def reason(model: str, judged: Judged) -> str:
    """Why a model credits nobody."""
    late = judged.late
    if "paid" in model:
        late = [touch for touch in late if touch.is_paid]
    elif model in ("first_non_direct", "last_non_direct", "markov", "shapley_rate"):
        late = [touch for touch in late if not touch.is_direct]
    if late:
        return "out_of_window"
    if judged.direct and all(touch.is_direct for touch in judged.usable):
        return "direct"
    return "organic"
