"""Daily = full rebuild: whatever comes late, in whatever order, the tables are the same."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_worlds import (
    Row,
    click_lists,
    cut_lists,
    event_lists,
    examples,
    install_lists,
    payment_lists,
)

from table_rows import make_project, make_rows
from whichhalf import pipeline
from whichhalf.collect.store import store
from whichhalf.project import Project
from whichhalf.tables import TABLES, Kind

STORED = sorted(name for name, table in TABLES.items() if table.kind is Kind.DERIVED)
CONFIG = """\
[attribute]
click_lookback_days = 1
[sessionize]
max_events_per_visitor_day = 5
[stitch]
max_users_per_person = 2
"""
World = list[tuple[str, Row]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """(table, row) of everything that ever arrives, in the order of its arrival."""
    rows: World = []
    for event in draw(event_lists(max_size=30)):
        # Whether this source is paid is known when the costs of its campaign arrive.
        tags = {"source": "ads", "campaign": "Spring"} if event.get("medium") == "cpc" else {}
        rows.append(("events", {**event, **tags, "medium": None} if tags else event))
    rows += [("clicks", row) for row in draw(click_lists())]
    rows += [("installs", row) for row in draw(install_lists())]
    rows += [("payments", row) for row in draw(payment_lists())]
    rows += [
        ("ad_costs", {"network": "meta", "campaign_id": "c1", "campaign_name": "Spring",
                      "starts_at": f"2026-03-0{day} 00:00:00", "spend": "1.5"})
        for day in (1, 2)
    ]  # fmt: skip
    rows += [("cut_edges", row) for row in draw(cut_lists())]
    chance = draw(st.randoms(use_true_random=False))
    chance.shuffle(rows)
    return rows


def put(project: Project, rows: World) -> None:
    """Store rows as `whichhalf load` does."""
    with project.engine() as engine:
        for name in sorted({name for name, _row in rows}):
            made = make_rows(name, [row for table, row in rows if table == name])
            plain = made.drop_columns("day") if TABLES[name].partitioned else made
            store(project.lake, engine, TABLES[name], plain, dedupe_days=7)


def derived(project: Project) -> dict[str, list[Any]]:
    """Sorted rows of every stored derived table."""
    tables = {}
    with project.engine() as engine:
        for name in STORED:
            project.expose(engine, [name])
            columns = ", ".join(TABLES[name].by_name)
            rows = engine.table(f"select {columns} from {name}").to_pylist()
            tables[name] = sorted((tuple(row.values()) for row in rows), key=repr)
    return tables


def batches(rows: World, chance: random.Random) -> list[World]:
    """Cut into three, each of at least one row."""
    cuts = sorted(chance.sample(range(1, len(rows)), 2))
    return [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]


@examples(5)
@given(worlds(), st.randoms(use_true_random=False))
def test_daily_is_full_rebuild(
    tmp_path_factory: pytest.TempPathFactory, rows: World, chance: random.Random
) -> None:
    folder: Path = tmp_path_factory.mktemp("daily")
    daily = make_project(folder / "daily", CONFIG)
    for batch in batches(rows, chance):
        put(daily, batch)
        pipeline.run(daily)
    whole = make_project(folder / "whole", CONFIG)
    put(whole, rows)
    pipeline.run(whole)
    found, expected = derived(daily), derived(whole)
    for name in STORED:
        assert found[name] == expected[name], name
    nothing_happens(daily)


def nothing_happens(project: Project) -> None:
    """A run after a run finds every step fresh and writes nothing."""
    before = {name: project.lake.version(TABLES[name]) for name in STORED}
    assert all(result.is_fresh for result in pipeline.run(project))
    assert {name: project.lake.version(TABLES[name]) for name in STORED} == before
