"""Visitor keys of many rows are those of each."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from whichhalf.collect.visitor_keys import visitor_keys
from whichhalf.engines import Engine
from whichhalf.ids import visitor_key


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from(["web", "app"]), st.none() | st.sampled_from(["a:1", "d:2", ""])),
        max_size=12,
    ),
    st.integers(1, 5),
)
def test_visitor_keys_are_those_of_each_pair(
    sql_engine: Engine, pairs: list[tuple[str, str | None]], cut: int
) -> None:
    apps = pa.array([app for app, _visitor in pairs], pa.string())
    visitors = pa.array([visitor for _app, visitor in pairs], pa.string())
    table = pa.table({"app": apps, "visitor_id": visitors})
    table = pa.Table.from_batches(table.to_batches(max_chunksize=cut), table.schema)
    keys = visitor_keys(sql_engine, table["app"], table["visitor_id"]).to_pylist()
    assert keys == [None if v is None else visitor_key(app, v) for app, v in pairs]
