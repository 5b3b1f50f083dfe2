"""Files that are stored at once: the same rows and counts as one by one, and fewer commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from load_projects import PAID, PAYMENT, load, make

from whichhalf.collect.store_parts import store_parts
from whichhalf.engines import Engine
from whichhalf.engines.base import Limits
from whichhalf.engines.duckdb import DuckDB
from whichhalf.lake import Place
from whichhalf.tables import TABLES, Table
from whichhalf.tables.conform import conform

FIRST = datetime(2026, 7, 1, tzinfo=UTC)
REACH = 1  # [collect] dedupe_days
Row = dict[str, Any]


def cost(day: int, hour: int, **values: Any) -> Row:
    """A row of ad_costs: the hour counts from the local day's midnight, in any zone."""
    return {
        "network": "n",
        "starts_at": FIRST + timedelta(days=day, hours=hour),
        "local_on": (FIRST + timedelta(days=day)).date(),
        "hours": 1, "time_zone": "UTC", "country": "DE", "os": "ios", "currency": "USD",
        "impressions": 1, "clicks": 0, "loaded_from": "test",
        **values,
    }  # fmt: skip


COSTS = st.builds(
    cost,
    st.integers(0, 2),
    st.sampled_from([-12, 0, 0, 0, 30]),
    account_id=st.sampled_from(["1", "1", "2"]),
    campaign_id=st.sampled_from(["c", "c", None]),
    campaign_name=st.sampled_from(["C", "C new"]),
    ad_set_id=st.sampled_from(["s", None]),
    ad_set_name=st.sampled_from(["S", "S new", None]),
    source_report=st.sampled_from(["by ad", "by ad", "by ad", "by day"]),
    spend=st.sampled_from([Decimal(1), Decimal(2)]),
)
CLICKS = st.builds(
    lambda day, **values: {"touched_at": FIRST + timedelta(days=day), "app": "web", **values},
    st.integers(0, 5),
    touch_id=st.sampled_from("abcdef"),
    country=st.sampled_from(["DE", "US"]),
)
PRODUCTS = st.builds(
    dict,
    product_id=st.sampled_from("abcdef"),
    label=st.sampled_from(["one", "two"]),
)


def files_of(table: Table, rows: st.SearchStrategy[Row]) -> st.SearchStrategy[list[pa.Table]]:
    """Files of a table; as the readers see to, no file has a key twice."""
    key = st.lists(rows, min_size=1, max_size=3, unique_by=lambda row: keyed(table, row))
    return st.lists(key.map(lambda file: arrow(table, file)), min_size=2, max_size=4)


def keyed(table: Table, row: Row) -> tuple[Any, ...]:
    """The key of a row."""
    return tuple(row.get(name) for name in table.grain)


def arrow(table: Table, rows: Sequence[Row]) -> pa.Table:
    """The rows as a reader gives them: without the day."""
    schema = pa.schema([field for field in table.arrow if field.name != "day"])
    return pa.Table.from_pylist(list(rows), schema=schema)


class MemoryLake:
    """One table as Lake has it, without files: a law needs many of them."""

    def __init__(self, table: Table) -> None:
        self.rows = table.arrow.empty_table()

    def place(self, _table: Table) -> Place:
        return Place("s3://in/memory")

    def days(self, _table: Table) -> list[date]:
        return sorted(set(self.rows["day"].to_pylist()))

    def nothing(self, _table: Table) -> pa.Table:
        return self.rows.slice(0, 0)

    def scan(self, _table: Table, days: Sequence[date] = ()) -> pa.Table:
        kept = pc.is_in(self.rows["day"], pa.array(days, pa.date32())) if days else None
        return self.rows if kept is None else self.rows.filter(kept)

    def append(self, table: Table, rows: Any, _days: Sequence[date] = ()) -> None:
        self.rows = pa.concat_tables([self.rows, conform(rows, table).read_all()])

    def replace(self, table: Table, rows: Any) -> None:
        self.rows = conform(rows, table).read_all()

    def replace_days(self, table: Table, rows: Any, fingerprints: dict[date, str]) -> None:
        replaced = pc.is_in(self.rows["day"], pa.array(fingerprints, pa.date32()))
        new = conform(rows, table).read_all()
        self.rows = pa.concat_tables([self.rows.filter(pc.invert(replaced)), new])


class MemoryEngine(DuckDB):
    """Reads a table of MemoryLake as if it were its scan."""

    def expose(self, name: str, scan: Any) -> None:
        self.relation(name, scan)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = MemoryEngine("duckdb", Limits(2**30, 1, tmp_path_factory.mktemp("spill")))
    yield engine
    engine.close()


def after(
    engine: Engine, table: Table, calls: Sequence[Sequence[pa.Table]]
) -> tuple[list[Any], tuple[int, ...]]:
    """Rows of the table, and counts, after calls of store_parts; files of one call at once."""
    lake: Any = MemoryLake(table)
    told = [store_parts(lake, engine, table, call, REACH) for call in calls]
    rows = [tuple(row.values()) for row in lake.rows.to_pylist()]
    counts = tuple(map(sum, zip(*map(astuple, told), strict=True)))
    return sorted(rows, key=repr), counts


def costs(*files: Row) -> list[pa.Table]:
    """Files of one row each, about one ad and day unless they say otherwise."""
    same = {"account_id": "1", "campaign_id": "c", "campaign_name": "C", "ad_set_id": "s",
            "ad_set_name": "S", "source_report": "by ad", "spend": 1}  # fmt: skip
    return [arrow(COST, [cost(**{"day": 0, "hour": 0, **same, **file})]) for file in files]


COST = TABLES["ad_costs"]
CLICK = TABLES["clicks"]
TOLD_APART = {
    "a key again": costs({}, {"spend": 2}),
    "another report": costs({}, {"source_report": "by day", "country": "US"}),
    "another name": costs({}, {"campaign_name": "C new"}),
    "another name of a part without id": costs({}, {"ad_set_id": None, "ad_set_name": "new"}),
    "the zone changed": costs({"hour": 30}, {"day": 1}, {"hour": -12, "source_report": "by day"}),
    "two after one": costs({}, {"day": 1}, {"spend": 2}, {"day": 1, "spend": 3}),
}


@pytest.mark.parametrize("files", TOLD_APART.values(), ids=TOLD_APART)
@pytest.mark.parametrize("before", [0, 1])
def test_files_about_one_ad_are_stored_in_order(
    engine: Engine, files: list[pa.Table], before: int
) -> None:
    check(engine, COST, files, before)


def test_a_key_out_of_reach_stays_out_of_reach(engine: Engine) -> None:
    """Together the files search the days around both; each alone only those around its own."""
    same = {"app": "web", "country": "DE"}
    first = {"touch_id": "a", "touched_at": FIRST, **same}
    near = {"touch_id": "b", "touched_at": FIRST + timedelta(days=1), **same}
    far = {"touch_id": "a", "touched_at": FIRST + timedelta(days=5), **same}
    check(engine, CLICK, [arrow(CLICK, [row]) for row in (first, near, far)], 1)
    check(engine, CLICK, [arrow(CLICK, [row]) for row in (first, first, near, far)], 0)


def check(engine: Engine, table: Table, files: list[pa.Table], before: int) -> None:
    """Those after `before` at once are the same as all one by one."""
    one_by_one = [[file] for file in files]
    together = [*one_by_one[:before], files[before:]]
    assert after(engine, table, together) == after(engine, table, one_by_one)


@pytest.mark.parametrize(
    ("table", "rows"),
    [(COST, COSTS), (CLICK, CLICKS), (TABLES["products"], PRODUCTS)],
    ids=["ad_costs", "clicks", "products"],
)
def test_any_grouping_is_the_same_as_file_by_file(engine: Engine, table: Table, rows: Any) -> None:
    @settings(max_examples=6)
    @given(files_of(table, rows), st.integers(0, 2))
    def law(files: list[pa.Table], before: int) -> None:
        check(engine, table, files, before)

    law()


def test_files_of_other_days_are_one_commit(tmp_path: Path) -> None:
    """And a file that corrects an earlier one of the same load begins a new one."""
    files = {
        f"paid__{day}_dot_csv": f"{PAYMENT}{day},7,2026-07-0{day},charge,1,USD\n"
        for day in range(1, 6)
    }
    project = make(tmp_path, PAID, **files)
    assert load(project)["paid"].loaded == 5
    assert project.lake.version(TABLES["payments"]) == 0
    again = f"{PAYMENT}1,7,2026-07-01,charge,2,USD\n"
    other = make(tmp_path / "other", PAID, **files, paid__9_dot_csv=again)
    told = load(other)["paid"]
    assert (told.loaded, told.replaced) == (6, 1)
    assert other.lake.version(TABLES["payments"]) == 1
