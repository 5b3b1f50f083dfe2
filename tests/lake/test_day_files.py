"""Rows written as a file a day: every row in its day, once, in its order; or none at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichhalf.errors import SchemaError
from whichhalf.lake import Lake, day_files
from whichhalf.tables import TABLES

EVENTS = TABLES["events"]
FIRST = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def _no_day_is_small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(day_files, "_FEWEST_ROWS", 0)
        yield


def events(hours: list[int], **values: Any) -> pa.Table:
    """An event for each number of hours after FIRST, with its number as message id."""
    rows = [
        {
            "app": "web", "message_id": str(number), "call": "page", "properties": "{}",
            "occurred_at": FIRST + timedelta(hours=hour), "received_at": FIRST,
            "day": (FIRST + timedelta(hours=hour)).date(), **values,
        }
        for number, hour in enumerate(hours)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=EVENTS.arrow)


def append(lake: Lake, rows: pa.Table) -> None:
    days = sorted(set(rows["day"].to_pylist()) - {None})
    lake.append(EVENTS, rows, days)


def stored(lake: Lake) -> dict[str, list[str]]:
    """Message ids in the order of each day's files, by day."""
    found: dict[str, list[str]] = {}
    for path, day in lake.scan(EVENTS).files:
        with pq.ParquetFile(path) as file:
            found.setdefault(str(day), []).extend(file.read()["message_id"].to_pylist())
    return found


@settings(max_examples=15)
@given(
    hours=st.lists(st.integers(0, 71), min_size=1, max_size=40),
    most=st.sampled_from([1, 64]),
    cut=st.integers(1, 9),
)
def test_every_row_lands_in_its_day_in_order(
    tmp_path_factory: pytest.TempPathFactory, hours: list[int], most: int, cut: int
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(day_files, "_MOST_SLICES", most)
        rows = events(hours)
        chunked = pa.Table.from_batches(rows.to_batches(max_chunksize=cut))
        append(lake, chunked)
    expected: dict[str, list[str]] = {}
    for number, hour in enumerate(hours):
        day = str((FIRST + timedelta(hours=hour)).date())
        expected.setdefault(day, []).append(str(number))
    assert stored(lake) == expected


def test_a_second_load_adds_files(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for _ in range(2):
        append(lake, events([0, 1]))
    assert stored(lake) == {"2026-07-01": ["0", "1"] * 2}
    assert lake.version(EVENTS) == 1


def test_a_row_that_breaks_the_contract_leaves_no_file(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(SchemaError, match="call is null in"):
        append(lake, events([0, 1, 30], call="page").set_column(
            EVENTS.arrow.get_field_index("call"), "call", pa.array(["page", None, None])
        ))  # fmt: skip
    with pytest.raises(SchemaError, match="day is null in 1 rows"):
        append(lake, events([0], day=None))
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_table_with_fewer_columns_gets_the_new_ones(tmp_path: Path) -> None:
    """Input tables evolve by added columns: the lake's own writer knows how."""
    lake, rows = Lake(tmp_path), events([0, 30])
    older = rows.drop_columns("group_id")
    from deltalake import write_deltalake

    write_deltalake(lake.place(EVENTS).uri, older, partition_by=["day"])
    append(lake, rows)
    delta = lake.open(EVENTS)
    assert delta is not None
    assert {field.name for field in delta.schema().fields} == set(EVENTS.by_name)
    assert sum(len(ids) for ids in stored(lake).values()) == 4


def test_files_hold_the_types_of_the_contract(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    append(lake, events([0]))
    [(path, _day)] = lake.scan(EVENTS).files
    expected = {field.name: field.type for field in EVENTS.arrow if field.name != "day"}
    assert {field.name: field.type for field in pq.read_schema(path)} == expected
