"""A world that arrives file by file, in any order, with a run after each: as if all at once."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from whichhalf import pipeline, tables
from whichhalf.collect.load import load_sources
from whichhalf.project import open_project
from whichhalf.world import PRESETS, generate

PARTS = 4
SEED = 31


def _derived(folder: Path) -> dict[str, pa.Table]:
    """Every row of every derived table, in an order of its content."""
    project = open_project(folder)
    stored = [t for t in tables.TABLES.values() if t.kind is tables.Kind.DERIVED]
    contents = {}
    with project.engine() as engine:
        project.expose_read(engine, [table.name for table in stored])
        for table in stored:
            names = ", ".join(column.name for column in table.columns)
            query = f"select {names} from {table.name} order by {names}"
            contents[table.name] = engine.table(query)
    return contents


def _load_and_run(folder: Path) -> list[pipeline.StepResult]:
    project = open_project(folder)
    with project.lock():
        for loaded in load_sources(project):
            assert loaded.adds_up, loaded
        return pipeline.run(project)


def _patterns_only(folder: Path) -> None:
    """Let every source name its files by a pattern: a file that has not come yet is no error."""
    config = folder / "whichhalf.toml"
    config.write_text(config.read_text().replace('.csv"]', '.csv*"]'))


def _leave_some_out(folder: Path) -> None:
    """Lower the limits, so that some visitors and some aliases of this world are above them."""
    config = folder / "whichhalf.toml"
    limits = "[sessionize]\nmax_events_per_visitor_day = 20"
    text = config.read_text().replace("[sessionize]", limits)
    config.write_text(f"[stitch]\nmax_users_per_person = 1\n{text}")


@pytest.mark.e2e
@pytest.mark.slow
def test_parts_in_any_order_equal_the_whole(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    generate(replace(PRESETS["tiny"], users=150, days=8), SEED, whole)
    _patterns_only(whole)
    _leave_some_out(whole)
    files = sorted(path for path in (whole / "data").rglob("*") if path.is_file())
    random.Random(SEED).shuffle(files)

    parts = tmp_path / "parts"
    parts.mkdir()
    shutil.copy(whole / "whichhalf.toml", parts)
    for number in range(PARTS):
        for file in files[number::PARTS]:
            target = parts / file.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        _load_and_run(parts)
    again = _load_and_run(parts)
    assert all(result.is_fresh for result in again), "a run after a run found work to do"

    _load_and_run(whole)
    expected, found = _derived(whole), _derived(parts)
    assert expected["signups"].num_rows > 100
    for name in ("excluded_visitors", "refused_merges"):
        assert expected[name].num_rows > 0, name
    for name, rows in expected.items():
        assert found[name].equals(rows), f"{name} differs"
