"""Laws of `store`: every key once, in whatever order and however often rows arrive."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_worlds import START, Row, examples

from table_rows import make_rows
from whichhalf.collect.store import Stored, store
from whichhalf.engines import Engine
from whichhalf.lake import Lake
from whichhalf.tables import TABLES

COLUMNS = ("app", "message_id", "received_at", "content_hash", "occurred_at", "day")


@st.composite
def sendings(draw: st.DrawFn) -> list[Row]:
    """Events sent once or again: a retry is received later, or sooner, and may say another time.

    Two sendings with one receipt differ in content, and their time follows from their content.
    """
    rows = []
    for number in range(draw(st.integers(1, 12))):
        content, late = draw(st.integers(0, 3)), draw(st.integers(0, 2))
        rows.append(
            {
                "app": draw(st.sampled_from(("web", "ios"))),
                "message_id": draw(st.sampled_from(("m1", "m2", "m3", "m4"))),
                "visitor_id": "a:1",
                "occurred_at": START + timedelta(hours=content),  # the later ones of the next day
                "received_at": START + timedelta(days=late),
                "content_hash": f"{content}",
                "name": f"row {number}" if draw(st.booleans()) else None,
            }
        )
    return rows


def kept(lake: Lake, engine: Engine) -> list[tuple[object, ...]]:
    engine.expose("kept", lake.scan(TABLES["events"]))
    rows = engine.table(f"select {', '.join(COLUMNS)} from kept").to_pylist()
    return sorted(tuple(row.values()) for row in rows)


def put(lake: Lake, engine: Engine, rows: list[Row]) -> Stored:
    made = make_rows("events", rows).drop_columns("day")
    return store(lake, engine, TABLES["events"], made, dedupe_days=7)


@examples(15)
@given(sendings(), st.randoms(use_true_random=False))
def test_the_first_receipt_of_an_event_is_kept(
    sql_engine: Engine,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Row],
    chance: random.Random,
) -> None:
    arriving = [*rows, *chance.sample(rows, len(rows) // 2)]
    kept_rows = []
    for _order in range(2):
        chance.shuffle(arriving)
        lake = Lake(tmp_path_factory.mktemp("lake"))
        cut = chance.randrange(len(arriving) + 1)
        for batch in (arriving[:cut], arriving[cut:]):
            stored = put(lake, sql_engine, batch)
            assert stored.loaded + stored.duplicates == len(batch)
        kept_rows.append(kept(lake, sql_engine))
        version = lake.version(TABLES["events"])
        assert put(lake, sql_engine, arriving) == Stored(0, len(arriving), 0)
        assert lake.version(TABLES["events"]) == version
    assert kept_rows[0] == kept_rows[1]  # ties are broken by content, never by arrival
    first: dict[tuple[str, str], datetime] = {}
    for row in rows:
        key = (row["app"], row["message_id"])
        first[key] = min(first.get(key, row["received_at"]), row["received_at"])
    sent = {tuple(_as_kept(row)) for row in rows}
    assert {row[:3] for row in kept_rows[0]} == {
        (*key, received_at.replace(tzinfo=None)) for key, received_at in first.items()
    }
    assert len(kept_rows[0]) == len(first)
    assert set(kept_rows[0]) <= sent


def _as_kept(row: Row) -> list[object]:
    """A row that was sent, as `kept` tells it."""
    values = [row[name] for name in COLUMNS[:-1]] + [row["occurred_at"].date()]
    return [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in values]


def test_a_key_that_comes_again_replaces(sql_engine: Engine, tmp_path_factory) -> None:
    """Costs restated by the network: the same key on the same day, another amount."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    table = TABLES["ad_costs"]
    cost = {"network": "meta", "campaign_id": "c1", "campaign_name": "Spring"}
    for spend, expected in (("1", Stored(2, 0, 0)), ("1", Stored(0, 2, 0)), ("3", Stored(2, 0, 2))):
        rows = [
            cost | {"starts_at": f"2026-03-0{day} 00:00:00", "spend": spend, "loaded_from": spend}
            for day in (1, 2)
        ]
        made = make_rows("ad_costs", rows).drop_columns("day")
        assert store(lake, sql_engine, table, made, dedupe_days=7) == expected
    sql_engine.expose("kept", lake.scan(table))
    found = sql_engine.table("select spend from kept").column(0).to_pylist()
    assert [int(spend) for spend in found] == [3, 3]


def test_a_payment_is_found_on_whatever_day_it_was(sql_engine: Engine, tmp_path_factory) -> None:
    """A corrected date moves the row, it does not double it."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for day in (1, 20):
        payment = {"payment_id": "p1", "paid_at": f"2026-03-{day:02d} 00:00:00", "amount": "1"}
        made = make_rows("payments", [payment]).drop_columns("day")
        store(lake, sql_engine, TABLES["payments"], made, dedupe_days=7)
    sql_engine.expose("kept", lake.scan(TABLES["payments"]))
    days = sql_engine.table("select day from kept").column(0).to_pylist()
    assert [day.day for day in days] == [20]
