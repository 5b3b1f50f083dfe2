"""What a Segment call becomes: ids, times, names, tags, money; and what is set aside."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_calls import LEFT_OUT, call, read, reason

from whichhalf.collect.events.segment import EVENTS
from whichhalf.tables import TABLES


def row(folder: Path, **said: Any) -> dict[str, Any]:
    parsed = read(folder, call(**said))
    assert not parsed.bad, parsed.bad
    return dict(parsed.rows.to_pylist()[0])


def test_columns_are_those_of_events(tmp_path: Path) -> None:
    rows = read(tmp_path, call()).rows
    assert rows.schema == EVENTS
    assert [*rows.column_names, "day"] == list(TABLES["events"].by_name)


CALLS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "identify", "userId": "7", "traits": {"plan": "pro"}},
         {"call": "identify", "user_id": "u:7", "properties": '{"plan":"pro"}'}),
    ({"type": "track", "event": "Signed Up"}, {"call": "track", "name": "Signed Up"}),
    ({"type": "page", "name": "Home", "properties": {"url": "https://www.shop.com/a?b=1"}},
         {"call": "page", "name": "Home", "url_host": "shop.com", "url_path": "/a"}),
    ({"type": "screen", "name": "Start", "event": LEFT_OUT, "context": {"device": {"id": "d9"}},
          "anonymousId": LEFT_OUT}, {"call": "screen", "name": "Start", "visitor_id": "d:d9"}),
    ({"type": "group", "groupId": " g ", "userId": "7", "traits": {"plan": "pro"}},
         {"call": "group", "user_id": "u:7", "group_id": "g", "properties": '{"plan":"pro"}'}),
    ({"type": "group", "groupId": "null"}, {"call": "group", "group_id": None}),
    ({"type": "track", "groupId": "g"}, {"call": "track", "group_id": None}),
    ({"type": "alias", "userId": "7", "previousId": "x9"},
         {"call": "alias", "user_id": "u:7", "previous_id": "x9"}),
    ({"event": "[Amplitude] Start Session"}, {"name": "[Amplitude] Start Session"}),
    ({"messageId": 5, "userId": 7}, {"message_id": "5", "user_id": "u:7"}),
    ({"messageId": 1e21, "userId": 1e18},
         {"message_id": "1e21", "user_id": "u:1000000000000000000.0"}),
    ({"properties": '{"revenue":5,"currency":"EUR"}'},
         {"properties": '{"revenue":5,"currency":"EUR"}', "revenue": None, "currency": None}),
    ({"anonymousId": " 8482b358-979e-1d93-3a0e-b54324a5cbc8 "},
         {"visitor_id": "a:8482b358-979e-1d93-3a0e-b54324a5cbc8"}),
    ({"userId": "  7 ", "anonymousId": " x "}, {"user_id": "u:7", "visitor_id": "a:x"}),
    ({"context": {"campaign": {"source": "FB", "medium": "CPC", "name": "Sale"}}},
         {"source": "fb", "medium": "cpc", "campaign": "Sale"}),
    ({"context": {"campaign": {"source": "fb"},
                      "page": {"url": "https://a.com/?utm_source=bing&utm_medium=cpc"}}},
         {"source": "bing", "medium": "cpc", "campaign": None}),
    ({"context": {"campaign": "{sale"}}, {"campaign": None}),
    ({"context": {"campaign": "sale", "page": "none"}}, {"campaign": None, "url": None}),
    ({"context": None, "properties": None}, {"properties": None}),
    ({"properties": {"revenue": "12.50", "currency": "eur"}},
         {"revenue": Decimal("12.5"), "currency": "EUR"}),
    ({"properties": {"total": 3, "revenue": "", "currency": "EUR"}},
         {"revenue": Decimal(3), "currency": "EUR"}),
    ({"properties": {"revenue": None, "currency": "EUR"}}, {"revenue": None, "currency": None}),
]  # fmt: skip


def test_a_call(tmp_path: Path) -> None:
    parsed = read(tmp_path, *(call(**said) for said, _expected in CALLS))
    assert not parsed.bad
    for found, (_said, expected) in zip(parsed.rows.to_pylist(), CALLS, strict=True):
        assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("word", ["", " ", "null", "NULL", "undefined", "0", "None", "(not set)",
                                  "00000000-0000-0000-0000-000000000000"])  # fmt: skip
def test_ids_that_name_nobody(tmp_path: Path, word: str) -> None:
    found = row(tmp_path, anonymousId=word, userId="7")
    assert (found["visitor_id"], found["user_id"]) == (None, "u:7")
    assert row(tmp_path, userId=word)["user_id"] is None
    assert reason(tmp_path, call(anonymousId=word, userId=word)) == "missing_id"
    # A message id that is no id must not make all its events one.
    first, second = read(tmp_path, *(call(messageId=word, event=n) for n in "ab")).rows.to_pylist()
    assert first["message_id"] != second["message_id"]
    assert first["content_hash"] and second["content_hash"]


TIMES: list[tuple[dict[str, Any], str]] = [
    # received − (sent − original): the client's clock cancels out, however wrong it is
    ({}, "10:00:01"),
    ({"originalTimestamp": "1970-01-01T00:00:00Z", "sentAt": "1970-01-01T00:00:05Z"},
     "09:59:57"),
    ({"originalTimestamp": "2126-07-01T00:00:00Z", "sentAt": "2126-07-01T00:00:05Z"},
     "09:59:57"),
    ({"originalTimestamp": "2026-07-01T12:00:00+02:00"}, "10:00:01"),
    ({"originalTimestamp": "2026-07-01T06:30:00.250-0330"}, "10:00:01.250"),
    ({"originalTimestamp": "2026-07-01T10:00:00.123456789Z"}, "10:00:01.123456"),
    ({"originalTimestamp": 1782900000, "sentAt": 1782900001}, "10:00:01"),
    ({"originalTimestamp": 1782900000123, "sentAt": 1782900001123}, "10:00:01"),
    ({"originalTimestamp": "2026-07-01 10:00:00"}, "10:00:01"),
    ({"sentAt": LEFT_OUT}, "10:00:00"),
    ({"sentAt": None, "timestamp": "2026-07-01T09:00:00Z"}, "09:00:00"),
    ({"originalTimestamp": LEFT_OUT, "sentAt": LEFT_OUT}, "10:00:02"),
    # the three times decide, whatever `timestamp` says
    ({"timestamp": "2026-07-01T03:00:00Z"}, "10:00:01"),
    ({"originalTimestamp": "2026-06-21T10:00:01Z"}, "2026-06-21T10:00:02"),  # kept
]  # fmt: skip


def test_when_it_happened(tmp_path: Path) -> None:
    parsed = read(tmp_path, *(call(**said) for said, _occurred in TIMES))
    assert not parsed.bad
    found = [value.replace(tzinfo=None) for value in parsed.rows["occurred_at"].to_pylist()]
    day = "2026-07-01T"
    assert found == [datetime.fromisoformat(t if "T" in t else day + t) for _said, t in TIMES]


@settings(max_examples=5)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**9),
            st.integers(0, 5 * 86_400_000),
            st.integers(0, 60_000),
            st.integers(-20 * 365 * 86_400_000, 20 * 365 * 86_400_000),
        ),
        min_size=1,
        max_size=200,
    )
)
def test_a_clock_that_is_wrong_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[int, int, int, int]]
) -> None:
    """Milliseconds: when it happened, how long it was kept and travelled, how wrong the clock is.

    What a server sees is late by the travel of the request, and by nothing else.
    """
    start = datetime(2026, 1, 1)

    def at(after: int) -> str:
        return f"{start + timedelta(milliseconds=after):%Y-%m-%dT%H:%M:%S.%fZ}"

    lines = [
        call(
            originalTimestamp=at(happened + skew),
            sentAt=at(happened + kept + skew),
            receivedAt=at(happened + kept + travelled),
        )
        for happened, kept, travelled, skew in calls
    ]
    found = read(tmp_path_factory.getbasetemp(), *lines).rows["occurred_at"].to_pylist()
    expected = [start + timedelta(milliseconds=h + t) for h, _kept, t, _skew in calls]
    assert [value.replace(tzinfo=None) for value in found] == expected


SET_ASIDE: list[tuple[str | bytes, str]] = [
    ("{", "not_json"),
    ("[1]", "not_json"),
    ('"text"', "not_json"),
    ("null", "not_json"),
    ("7", "not_json"),
    (b"\x00", "not_json"),
    ('{"type":"track","event":"cut of', "not_json"),
    (b'{"type":"track","event":"\xff"}', "not_utf8"),
    ("{}", "unknown_call"),
    (call(type="TRACK"), "unknown_call"),
    (call(type=["track"]), "unknown_call"),
    (call(event=LEFT_OUT), "missing_field"),
    (call(event=""), "missing_field"),
    (call(event={"name": "x"}), "wrong_type"),
    (call(properties=[1]), "wrong_type"),
    (call(properties="text"), "wrong_type"),
    (call(properties="{text"), "wrong_type"),
    (call(traits=7), "wrong_type"),
    (call(context="text"), "wrong_type"),
    (call(messageId={"id": 1}), "wrong_type"),
    (call(anonymousId=["a", "b"]), "wrong_type"),
    (call(type="alias", userId="7", previousId=["a", "b"]), "merged_list"),
    (call(type="group", userId="7", groupId={"id": "g"}), "wrong_type"),
    (call(type="alias", userId="7"), "missing_field"),
    (call(type="alias", previousId="x"), "missing_field"),
    (call(anonymousId=LEFT_OUT), "missing_id"),
    (call(receivedAt="yesterday"), "impossible_time"),
    (call(receivedAt="2026-02-30T00:00:00Z"), "impossible_time"),
    (call(receivedAt="2199-01-01T00:00:00Z"), "impossible_time"),
    (call(receivedAt="infinity"), "impossible_time"),
    (call(receivedAt=1e18), "impossible_time"),
    (call(originalTimestamp=""), "impossible_time"),
    (call(originalTimestamp="2026-07-05T10:00:00Z"), "impossible_time"),
    (call(originalTimestamp="1969-07-05T10:00:00Z"), "impossible_time"),
    (call(properties={"revenue": 5, "currency": "EURO"}), "unknown_currency"),
    (call(properties={"revenue": "five", "currency": "EUR"}), "impossible_number"),
    (call(properties={"revenue": 1e30, "currency": "EUR"}), "impossible_number"),
]


def test_what_is_set_aside(tmp_path: Path) -> None:
    parsed = read(tmp_path, *(line for line, _reason in SET_ASIDE))
    found = {bad.position: bad.reason for bad in parsed.bad}
    expected = {number: why for number, (_line, why) in enumerate(SET_ASIDE, 1)}
    assert found == expected


def test_what_is_set_aside_keeps_its_line_and_place(tmp_path: Path) -> None:
    bad = call(type="tracked", messageId="ü")
    parsed = read(tmp_path, call(), "", bad, "  ", call(messageId="m2"))
    assert [(item.position, item.raw) for item in parsed.bad] == [(3, bad)]
    assert parsed.dropped == {"blank": 2}
    assert parsed.positions is not None and parsed.positions.to_pylist() == [1, 5]
