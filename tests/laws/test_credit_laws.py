"""Laws of credit: each conversion is credited whole or told why not, as counted by hand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from law_steps import CONFIG, put_credits, put_history, put_inputs, read
from law_worlds import (
    Row,
    click_lists,
    event_lists,
    examples,
    impression_lists,
    install_lists,
    payment_lists,
)
from plain_credit import Judged, judge, reason, shares
from plain_history import History, Touch

from whichhalf.attribute.credits import MODELS
from whichhalf.config import AttributeConfig
from whichhalf.engines import Engine

FITTED = ("markov", "shapley_rate")  # they credit when they are read, by their fit
RULES = st.builds(
    AttributeConfig,
    click_lookback_days=st.sampled_from((0, 1, 2)),
    impression_lookback_days=st.sampled_from((0, 1)),
    install_click_lookback_days=st.just(1),
    install_impression_lookback_days=st.sampled_from((0, 1)),
    click_beats_impression=st.booleans(),
    strict_before=st.booleans(),
    count_direct=st.booleans(),
    session_touches=st.sampled_from(("each", "first_source", "first_event")),
    count_converting_session=st.booleans(),
    restart_cycles=st.booleans(),
    first_share=st.sampled_from((0.4, 0.0, 0.7)),
    last_share=st.sampled_from((0.4, 0.3)),
    half_life_days=st.sampled_from((0.5, 7.0)),
)


@examples(30)
@given(event_lists(), click_lists(), impression_lists(), install_lists(), payment_lists(), RULES)
def test_credit_as_by_hand(
    sql_engine: Engine,
    events: list[Row],
    clicks: list[Row],
    impressions: list[Row],
    installs: list[Row],
    payments: list[Row],
    rules: AttributeConfig,
) -> None:
    given = {"events": events, "clicks": clicks, "installs": installs, "payments": payments}
    put_inputs(sql_engine, impressions=impressions, **given)
    config = replace(CONFIG, attribute=rules)
    put_history(sql_engine, config)
    put_credits(sql_engine, config)
    every_conversion_is_credited_or_told_why_not(sql_engine)
    value_is_conserved(sql_engine)
    history = History(events, clicks, impressions=impressions)
    credits_are_those_by_hand(sql_engine, history, rules)
    payments_are_conserved(sql_engine, payments)


KEY = ("app", "conversion_id", "conversion_kind", "model")


def every_conversion_is_credited_or_told_why_not(engine: Engine) -> None:
    """Σ credit = 1 per attributed conversion and model; the others are unattributed once."""
    credit: dict[Any, float] = defaultdict(float)
    for *key, share in read(engine, "rule_credits", *KEY, "credit"):
        credit[tuple(key)] += share
    untold = read(engine, "unattributed", *KEY)
    conversions = read(engine, "conversions", *KEY[:3])
    wanted = sorted((*conversion, model) for conversion in conversions for model in MODELS)
    told = [*credit, *untold]
    assert sorted(told) == [key for key in wanted if key[-1] not in FITTED or key in told]
    assert all(abs(share - 1) < 1e-9 for share in credit.values())
    assert len(set(conversions)) == len(conversions)


def value_is_conserved(engine: Engine) -> None:
    """Under each model, credited and unattributed value are the value of all conversions."""
    total = sum(row[0] for row in read(engine, "conversions", "value"))
    by_model = dict.fromkeys(MODELS, 0)
    for relation in ("rule_credits", "unattributed"):
        for model, value in read(engine, relation, "model", "value"):
            by_model[model] += value
    assert {value for model, value in by_model.items() if model not in FITTED} == {total}


def payments_are_conserved(engine: Engine, payments: list[Row]) -> None:
    """Every payment but fees and taxes is one conversion, its sign by its kind."""
    sign = {"refund": -1, "chargeback": -1}
    expected = [
        (row["payment_id"], int(row["amount"]) * sign.get(row["payment_kind"], 1))
        for row in payments
        if row["payment_kind"] not in ("fee", "tax")
    ]
    columns = ("conversion_id", "value", "source_table", "conversion_kind")
    found = [
        (name, int(value))
        for name, value, source, kind in read(engine, "conversions", *columns)
        if source == "payments" and kind != "first_purchase"
    ]
    assert sorted(found) == sorted(expected)


def credits_are_those_by_hand(engine: Engine, history: History, rules: AttributeConfig) -> None:
    """Each touch's credit under each model, and the reason where there is none."""
    touches = {
        person: [
            touch._replace(
                touched_at=plain(touch.touched_at),
                bounds=touch.bounds and (plain(touch.bounds[0]), plain(touch.bounds[1])),
            )
            for touch in of_person
        ]
        for person, of_person in history.touches(rules.session_touches).items()
    }
    columns = (*KEY[:3], "person_id", "attributed_at", "converted_at")
    conversions = read(engine, "conversions", *columns)
    expected: dict[Any, Any] = {}
    for app, name, kind, person, at, _converted_at in conversions:
        mine = touches.get(person, [])
        judged = judge(mine, at, cycle(conversions, person, kind, at), rules)
        for model in MODELS:
            key = (app, name, kind, model)
            if model == "install_last_touch":
                found = inherited(conversions, mine, (app, name, kind, person, at), rules)
            elif model in FITTED:
                found = {} if any(not t.is_direct for t in judged.usable) else None
            else:
                found = shares(model, judged.usable, rules)
            if found:
                expected |= {(*key, touch): share for touch, share in found.items()}
            elif found is None or model not in FITTED:
                expected[(*key, None)] = why_not(conversions, mine, key, judged, person, at)
    credits = read(engine, "rule_credits", *KEY, "touch_id", "credit")
    told = read(engine, "unattributed", *KEY, "cast(null as varchar)", "reason")
    actual = {tuple(row[:-1]): row[-1] for row in [*credits, *told]}
    assert set(actual) == set(expected)
    for key, share in actual.items():
        if isinstance(share, str):
            assert share == expected[key], key
        else:
            assert abs(share - expected[key]) < 1e-9, key


def plain(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def cycle(conversions: list[Any], person: str, kind: str, at: datetime) -> datetime | None:
    """When the person converted in the same way before, if at `at` it did."""
    kind = "purchase" if kind in ("refund", "chargeback") else kind
    times = sorted({row[5] for row in conversions if row[2] == kind and row[3] == person})
    earlier = [time for time in times if time < at]
    return earlier[-1] if at in times and earlier else None


def installs_before(conversions: list[Any], key: Any) -> list[Any]:
    """(time, id, app) of the installs whose touch a conversion can inherit, in order."""
    _app, name, kind, person, at = key
    installs = sorted(
        (row[5], row[1], row[0])
        for row in conversions
        if row[2] == "install" and row[3] == person and row[5] <= at
    )
    return [one for one in installs if kind != "install" or one[1] == name]


def inherited(
    conversions: list[Any], touches: list[Touch], key: Any, rules: AttributeConfig
) -> dict[str, float]:
    """What the latest install before a conversion hands on: a click, else an impression."""
    installs = installs_before(conversions, key)
    windows = {
        "click": rules.install_click_lookback_days,
        "impression": rules.install_impression_lookback_days,
    }
    for kind, days in windows.items():
        recent = [
            touch
            for touch in touches
            if installs
            and days
            and touch.touch_type == kind
            and timedelta(0) <= installs[-1][0] - touch.touched_at <= timedelta(days=days)
        ]
        if recent:
            return {max(recent).touch_id: 1}
    return {}


def why_not(
    conversions: list[Any],
    touches: list[Touch],
    key: Any,
    judged: Judged,
    person: str,
    at: datetime,
) -> str:
    """The reason by hand; for what installs hand on, ads seen before any of them count as late."""
    if key[3] != "install_last_touch":
        return reason(key[3], judged)
    for install in installs_before(conversions, (*key[:3], person, at)):
        if any(
            touch.touch_type in ("click", "impression") and touch.touched_at <= install[0]
            for touch in touches
        ):
            return "out_of_window"
    only = Judged(judged.usable, [], judged.direct)
    return reason("install_last_touch", only)
