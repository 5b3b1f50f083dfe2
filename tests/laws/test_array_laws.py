"""Cutting a day over arrays gives what the SQL gives, row for row."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st
from law_steps import CONFIG, put_inputs
from law_worlds import Row, event_lists, examples

from table_rows import make_rows
from whichhalf.attribute import referrers
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.sessionize import day_cuts, parts
from whichhalf.tables import TABLES

_IS_IGNORED = partial(referrers.is_ignored, own_hosts=(), more=())


def ignored(hosts: list[str]) -> list[str]:
    return [host for host in hosts if _IS_IGNORED(host)]


def by_sql(engine: Engine, events: list[Row], config: Config) -> dict[str, list[Any]]:
    put_inputs(engine, events=events)
    made = parts.session_parts(engine, config, ignored_hosts=ignored)
    return {name: rows(name, engine.table(str(made[name]))) for name in day_cuts.OUTPUTS}


def by_arrays(events: list[Row], config: Config) -> dict[str, list[Any]]:
    """Each day by itself, some columns as dictionaries, as a file's are."""
    table = make_rows("events", events)
    for name in ("visitor_id", "user_id", "url_path"):
        coded = table[name].combine_chunks().dictionary_encode()
        table = table.set_column(table.schema.get_field_index(name), name, coded)
    found: dict[str, list[Any]] = {name: [] for name in day_cuts.OUTPUTS}
    for day in pc.unique(table["day"]):
        of_day = table.filter(pc.equal(table["day"], day))
        cut = day_cuts.cut_day(of_day, day.as_py(), parts.rules(config, ignored))
        for name in day_cuts.OUTPUTS:
            found[name] += rows(name, getattr(cut, name))
    return {name: sorted(made, key=repr) for name, made in found.items()}


def rows(name: str, table: pa.Table) -> list[Any]:
    columns = TABLES[name].by_name
    naive = pa.schema(
        (field.name, pa.timestamp("us") if pa.types.is_timestamp(field.type) else field.type)
        for field in TABLES[name].arrow
    )
    listed = table.select(list(columns)).cast(naive).to_pylist()
    return sorted((tuple(row.values()) for row in listed), key=repr)


@examples(120)
@given(
    events=event_lists(max_size=30),
    gap=st.sampled_from((20, 20, 30)),
    heavy=st.sampled_from((10_000, 2)),
    nobody=st.sampled_from(((), ("2",))),
)
def test_arrays_cut_as_the_sql_does(
    sql_engine: Engine, events: list[Row], gap: int, heavy: int, nobody: tuple[str, ...]
) -> None:
    rules = replace(CONFIG.sessionize, session_gap_minutes=gap, max_events_per_visitor_day=heavy)
    config = replace(
        CONFIG, sessionize=rules, stitch=replace(CONFIG.stitch, ignored_user_ids=nobody)
    )
    assert by_arrays(events, config) == by_sql(sql_engine, events, config)
