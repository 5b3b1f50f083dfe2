"""Laws of stitch and sessionize: parts of days, coalesced, are the sessions of merged streams."""

from __future__ import annotations

import random
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from law_steps import everything, put_history, put_inputs, read
from law_worlds import Row, click_lists, device_events, event_lists, examples
from plain_history import History, place, plain_parts, source_of

from whichhalf import sql, views
from whichhalf.engines import Engine


def naive(time: datetime) -> datetime:
    """A time as the engine gives it: UTC, without saying so."""
    return time.replace(tzinfo=None)


@examples(30)
@given(event_lists(), click_lists())
def test_history_as_by_hand(sql_engine: Engine, events: list[Row], clicks: list[Row]) -> None:
    put_inputs(sql_engine, events=events, clicks=clicks)
    put_history(sql_engine)
    history = History(events, clicks)
    users_are_the_components_of_aliases(sql_engine, history)
    every_event_of_a_visitor_is_in_one_part(sql_engine, events)
    a_part_has_one_touch_of_each_source(sql_engine, events)
    coalesced_parts_are_the_sessions_of_the_merged_stream(sql_engine, history)


def users_are_the_components_of_aliases(engine: Engine, history: History) -> None:
    assert read(engine, "users", "user_id", "person_id") == sorted(history.users.items())


def every_event_of_a_visitor_is_in_one_part(engine: Engine, events: list[Row]) -> None:
    columns = ("app", "part_id", "visitor_id", "user_id", "event_count", "started_at")
    found = read(engine, "session_parts", *columns)
    expected = [
        (*part.key, part.visitor[1], part.user, len(part.events), naive(part.started_at))
        for part in plain_parts(events)
    ]
    assert found == sorted(expected, key=repr)
    assert sum(row[4] for row in found) == sum(event["visitor_id"] is not None for event in events)


def a_part_has_one_touch_of_each_source(engine: Engine, events: list[Row]) -> None:
    expected = []
    for part in plain_parts(events):
        first: dict[tuple[str, ...], Row] = {}
        for event in sorted(part.events, key=place):
            if source_of(event):
                first.setdefault(source_of(event), event)
        expected += [
            (*part.key, event["message_id"], naive(event["occurred_at"]), part.user)
            for event in first.values()
        ]
    columns = ("app", "part_id", "touch_id", "touched_at", "user_id", "source_key")
    found = [row for row in read(engine, "touches", *columns) if row[1] is not None]
    assert sorted((row[:5] for row in found), key=repr) == sorted(expected, key=repr)
    assert len({(*row[:2], row[5]) for row in found}) == len(found)


def coalesced_parts_are_the_sessions_of_the_merged_stream(engine: Engine, history: History) -> None:
    expected = [
        (s.session_id, s.person, s.number, *map(naive, s.bounds), len(s.events), landing(s.events))
        for s in history.sessions
    ]
    columns = ("session_id", "person_id", "session_number", "started_at", "ended_at")
    found = read(engine, "person_sessions", *columns, "event_count", "landing_url")
    assert found == sorted(expected, key=repr)


def landing(events: list[Row]) -> str | None:
    """The first page: by (time, id), as the events are."""
    return next((event["url"] for event in events if event["call"] in ("page", "screen")), None)


@examples(20)
@given(event_lists())
def test_events_belong_to_the_person_of_their_part(sql_engine: Engine, events: list[Row]) -> None:
    put_inputs(sql_engine, events=events)
    put_history(sql_engine)
    view = views.VIEWS["event_persons"]
    sql_engine.create("event_persons", sql.load(view.package, "event_persons").sql())
    history = History(events)
    expected = [(*key, person) for key, person in history.person_of_event.items()]
    for event in events:
        if event["visitor_id"] is None:
            person = history.person_of(None, event["user_id"], event["occurred_at"])
            expected.append((event["app"], event["message_id"], person))
    found = read(sql_engine, "event_persons", "app", "message_id", "person_id")
    assert found == sorted(expected, key=repr)


@examples(20)
@given(device_events())
def test_a_long_part_holds_the_session_open(sql_engine: Engine, events: list[Row]) -> None:
    put_inputs(sql_engine, events=events)
    put_history(sql_engine)
    coalesced_parts_are_the_sessions_of_the_merged_stream(sql_engine, History(events))


@examples(15)
@given(event_lists(), st.randoms(use_true_random=False))
def test_order_of_rows_never_matters(
    sql_engine: Engine, events: list[Row], chance: random.Random
) -> None:
    tables = ("identity_edges", "users", "persons", "session_parts", "touches")
    results = []
    for _ in range(2):
        put_inputs(sql_engine, events=events)
        put_history(sql_engine)
        results.append([everything(sql_engine, name) for name in tables])
        chance.shuffle(events)
    assert results[0] == results[1]
