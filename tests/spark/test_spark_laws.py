"""Laws on Spark, many worlds in one job; and engines that take turns on one lake."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from law_steps import put_history, put_inputs
from law_worlds import Row, click_lists, event_lists
from plain_history import History
from test_daily_law import CONFIG, STORED, World, derived, put, worlds
from test_session_laws import (
    a_part_has_one_touch_of_each_source,
    coalesced_parts_are_the_sessions_of_the_merged_stream,
    every_event_of_a_visitor_is_in_one_part,
    users_are_the_components_of_aliases,
)
from united_worlds import drawn, marked, united

from table_rows import make_project
from whichhalf import pipeline
from whichhalf.engines import open_engine
from whichhalf.engines.base import Limits
from whichhalf.project import Project, open_project

WORLDS = 40
SEED = 20261122
DAYS = 3  # on which something arrives


def test_history_of_many_worlds_as_by_hand(local_spark: str, tmp_path: Path) -> None:
    events: list[Row] = united(drawn(event_lists(), WORLDS))
    clicks: list[Row] = united(drawn(click_lists(), WORLDS))
    assert len({event["app"] for event in events}) > WORLDS
    engine = open_engine(local_spark, Limits(2**30, 1, tmp_path / "spill"))
    try:
        put_inputs(engine, events=events, clicks=clicks)
        put_history(engine)
        history = History(events, clicks)
        users_are_the_components_of_aliases(engine, history)
        every_event_of_a_visitor_is_in_one_part(engine, events)
        a_part_has_one_touch_of_each_source(engine, events)
        coalesced_parts_are_the_sessions_of_the_merged_stream(engine, history)
    finally:
        engine.close()


@pytest.fixture(scope="module")
def arrivals() -> list[World]:
    """What arrives on each day, of many worlds; costs are those of one business."""
    chance = random.Random(SEED)
    days: list[World] = [[] for _ in range(DAYS)]
    for number, world in enumerate(drawn(worlds(), WORLDS)):
        for name, row in world:
            if name != "ad_costs":
                days[chance.randrange(DAYS)].append((name, marked(row, number)))
            elif not number:
                days[chance.randrange(DAYS)].append((name, row))
    return days


@pytest.fixture(scope="module")
def expected(
    arrivals: list[World], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Any]]:
    """The tables that DuckDB makes of all of it at once."""
    project = make_project(tmp_path_factory.mktemp("whole") / "project", CONFIG)
    put(project, [row for day in arrivals for row in day])
    pipeline.run(project)
    return derived(project)


@pytest.mark.parametrize("turns", [("spark",), ("spark", "duckdb", "spark")], ids="-".join)
def test_spark_alone_and_in_turns_makes_what_duckdb_makes_at_once(
    turns: tuple[str, ...],
    arrivals: list[World],
    expected: dict[str, list[Any]],
    local_spark: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    if turns == ("spark",):
        request.getfixturevalue("heavy")
    folder = tmp_path / "project"
    project = make_project(folder, CONFIG)
    days = arrivals if len(turns) == DAYS else [[row for day in arrivals for row in day]]
    for engine, day in zip(turns, days, strict=True):
        put(open_as(folder, "duckdb", monkeypatch), day)
        results = pipeline.run(
            open_as(folder, local_spark if engine == "spark" else engine, monkeypatch)
        )
        assert not results[0].is_fresh
    found = derived(project)
    for name in STORED:
        assert found[name] == expected[name], name
    assert sum(len(rows) for rows in expected.values()) > 50 * WORLDS
    # What one engine made is fresh for the other.
    last = open_as(folder, "duckdb" if turns[-1] == "spark" else local_spark, monkeypatch)
    assert all(not pipeline.stale_days(last, step) for step in pipeline.STEPS)


def open_as(folder: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project with another engine, as by the environment variable."""
    monkeypatch.setenv("WHICHHALF_PROJECT_ENGINE", engine)
    return open_project(folder)
