"""Laws of credit: each conversion is credited whole or told why not, as counted by hand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from law_steps import CONFIG, put_credits, put_history, put_inputs, read
from law_worlds import (
    Row,
    click_lists,
    event_lists,
    examples,
    install_lists,
    payment_lists,
)
from plain_history import History

from whichhalf.engines import Engine

MODELS = ("first", "last", "first_paid", "last_paid", "install_last_touch")
LOOKBACK = timedelta(days=1)
SETTINGS = replace(CONFIG, attribute=replace(CONFIG.attribute, click_lookback_days=1))


@examples(20)
@given(event_lists(), click_lists(), install_lists(), payment_lists())
def test_credit_as_by_hand(
    sql_engine: Engine,
    events: list[Row],
    clicks: list[Row],
    installs: list[Row],
    payments: list[Row],
) -> None:
    given = {"events": events, "clicks": clicks, "installs": installs, "payments": payments}
    put_inputs(sql_engine, **given)
    put_history(sql_engine, SETTINGS)
    put_credits(sql_engine, SETTINGS)
    every_conversion_is_credited_or_told_why_not(sql_engine)
    value_is_conserved(sql_engine)
    touches_are_those_by_hand(sql_engine, History(events, clicks))
    payments_are_conserved(sql_engine, payments)


KEY = ("app", "conversion_id", "conversion_kind", "model")


def every_conversion_is_credited_or_told_why_not(engine: Engine) -> None:
    """Σ credit = 1 per attributed conversion and model; the others are unattributed once."""
    credit: dict[Any, float] = defaultdict(float)
    for *key, share in read(engine, "credits", *KEY, "credit"):
        credit[tuple(key)] += share
    untold = read(engine, "unattributed", *KEY)
    conversions = read(engine, "conversions", *KEY[:3])
    wanted = sorted((*conversion, model) for conversion in conversions for model in MODELS)
    assert sorted([*credit, *untold]) == wanted
    assert set(credit.values()) <= {1.0}
    assert len(set(conversions)) == len(conversions)


def value_is_conserved(engine: Engine) -> None:
    """Under each model, credited and unattributed value are the value of all conversions."""
    total = sum(row[0] for row in read(engine, "conversions", "value"))
    by_model = dict.fromkeys(MODELS, 0)
    for relation in ("credits", "unattributed"):
        for model, value in read(engine, relation, "model", "value"):
            by_model[model] += value
    assert set(by_model.values()) == {total}


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


def touches_are_those_by_hand(engine: Engine, history: History) -> None:
    """Each model's touch, and the reason where there is none."""
    touches = {
        person: [(at.replace(tzinfo=None), *rest) for at, *rest in of_person]
        for person, of_person in history.touches().items()
    }
    columns = (*KEY[:3], "person_id", "attributed_at")
    conversions = read(engine, "conversions", *columns)
    installs = [(row[4], row[1], row[0], row[3]) for row in conversions if row[2] == "install"]
    expected = []
    for app, name, kind, person, at in conversions:
        mine = touches.get(person, [])
        before = sorted(i[:3] for i in installs if i[3] == person and i[0] <= at)
        if kind == "install":
            before = [install for install in before if install[1] == name]
        for model in MODELS:
            expected.append((app, name, kind, model, outcome(model, mine, at, before)))
    found = read(engine, "credits", *KEY, "touch_id") + read(
        engine, "unattributed", *KEY, "concat('(', reason, ')')"
    )
    assert sorted(found) == sorted(expected)


def outcome(model: str, touches: list[Any], at: datetime, installs: list[Any]) -> str:
    """The touch that a model credits, or the reason for none in brackets."""
    eligible = sorted(touch for touch in touches if touch[0] <= at)
    paid = [touch for touch in eligible if touch[2]]
    if model == "install_last_touch" and installs:
        clicks = [touch for touch in touches if touch[3] and touch[0] <= installs[-1][0]]
        recent = [touch for touch in clicks if touch[0] >= installs[-1][0] - LOOKBACK]
        if recent:
            return str(max(recent)[1])
        if any(touch[3] and touch[0] <= install[0] for touch in touches for install in installs):
            return "(out_of_window)"
    elif model != "install_last_touch":
        among = paid if model.endswith("paid") else eligible
        if among:
            return str((min if model.startswith("first") else max)(among)[1])
    only_direct = eligible and all(touch[4] for touch in eligible)
    return "(direct)" if only_direct else "(organic)"
