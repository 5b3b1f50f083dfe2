"""Every golden folder on Spark, its table compared row for row with what the folder expects.

Most are one project (golden_batches.py), which Spark computes from the first step to the last and
reads. Where cases need settings of their own, DuckDB computes what comes before the step that their
table is of, and Spark that step and every view: its answers are what is compared either way. Cases
of rules of credit share one history on Spark, and their touches are judged and weighed there once
under each set of rules.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from golden_batches import Batch, batches, is_of_rules

from table_rows import make_project, read_cells, typed_rows, write_rows
from test_golden import CASES, last_step
from whichhalf import pipeline, sql, views
from whichhalf.attribute import conversions
from whichhalf.attribute.credits import judge, weighed
from whichhalf.attribute.histories import read_histories
from whichhalf.attribute.lookback import load_lookback
from whichhalf.config import Config
from whichhalf.engines import Engine, open_engine
from whichhalf.engines.base import Limits
from whichhalf.project import Project, open_project
from whichhalf.steps import STEPS
from whichhalf.tables import TABLES

BATCHES = batches(CASES)
WIDEST = max(BATCHES, key=lambda batch: len(batch.cases))
RULES = Batch("", tuple(case for case in CASES if is_of_rules(case)))


def test_every_folder_is_in_one_batch() -> None:
    assert sorted(case for batch in (*BATCHES, RULES) for case in batch.cases) == CASES
    assert len(WIDEST.cases) > len(CASES) / 2


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: batch.name)
def test_golden_on_spark(
    batch: Batch, local_spark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    project = _made(folder, batch)
    steps = sorted({_place(last_step(table)) for table in batch.tables})
    chosen = steps if batch != WIDEST else list(range(steps[-1] + 1))
    before = [step for place, step in enumerate(STEPS[: steps[-1]]) if place not in chosen]
    monkeypatch.setattr(pipeline, "STEPS", before)
    pipeline.run(project)
    monkeypatch.setattr(pipeline, "STEPS", [STEPS[place] for place in chosen])
    monkeypatch.setenv("WHICHHALF_PROJECT_ENGINE", local_spark)
    project = open_project(folder)
    assert project.config.project.engine == local_spark
    assert not any(result.is_fresh for result in pipeline.run(project))
    found = {table: project.table(table).arrow() for table in batch.tables}
    _compare(batch, batch.cases, found)


def test_rules_of_credit_on_spark(
    local_spark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = _made(tmp_path / "project", RULES)
    place = _place("attribute")
    monkeypatch.setattr(pipeline, "STEPS", STEPS[:place])
    pipeline.run(project)
    engine = open_engine(local_spark, Limits(2**30, 1, tmp_path / "spill"))
    try:
        project.expose(engine, STEPS[place].inputs)
        conversions.attribute(engine, project.config, project.folder, everything=True)
        made = project.config.attribute.session_touches
        for number, case in enumerate(RULES.cases):
            config = make_project(
                tmp_path / str(number), (case / "config.toml").read_text("utf-8")
            ).config
            chosen = config.attribute.session_touches
            if chosen != made:
                read_histories(engine, config)
                made = chosen
            _compare(RULES, (case,), _judged(engine, config, case))
    finally:
        engine.close()


def _judged(engine: Engine, config: Config, case: Path) -> dict[str, pa.Table]:
    """The table that a case is about, under its rules, from the history that is there."""
    dialect, package = engine.flags.dialect, "whichhalf.attribute"
    judge(engine, config, load_lookback(config.attribute, case / "files"))
    stream = weighed(engine, config)
    table = case.parent.name
    if table == "rule_credits":
        engine.relation("touch_credits", stream().read_all())
        views.create(engine, config, table)
        return {table: engine.table(f"select {', '.join(TABLES[table].by_name)} from {table}")}
    engine.create("conversion_reasons", sql.load(package, "conversion_reasons").sql(dialect))
    return {table: engine.table(sql.load(package, table).sql(dialect))}


def _made(folder: Path, batch: Batch) -> Project:
    """A project that holds the inputs of a batch."""
    project = make_project(folder, batch.config)
    for case in batch.cases:
        if (case / "files").exists():
            shutil.copytree(case / "files", folder, dirs_exist_ok=True)
    for name, rows in batch.inputs().items():
        write_rows(project, name, rows)
    return project


def _compare(batch: Batch, cases: Iterable[Path], found: Mapping[str, pa.Table]) -> None:
    wrong = [
        difference
        for case in cases
        if (difference := _difference(case, batch.rows_of(case, found[case.parent.name])))
    ]
    assert not wrong, "\n".join(wrong)


def _place(step: str) -> int:
    return [one.name for one in STEPS].index(step)


def _difference(case: Path, found: pa.Table) -> str:
    """What a case's rows are and should be, where that differs."""
    header = (case / "expected.csv").read_text("utf-8").splitlines()[0].split(",")
    if (case / "models.txt").exists():
        about = (case / "models.txt").read_text("utf-8").split()
        found = found.filter(pc.is_in(found["model"], pa.array(about)))
    rows = _sorted(tuple(row.values()) for row in found.select(header).to_pylist())
    cells = read_cells(case / "expected.csv")
    expected = _sorted(typed_rows(TABLES[case.parent.name], cells))
    if rows == expected:
        return ""
    missing = [row for row in expected if row not in rows]
    extra = [row for row in rows if row not in expected]
    return f"{case.parent.name}/{case.name}: missing {missing}; too much {extra}"


def _sorted(rows: object) -> list[tuple[object, ...]]:
    plain = (
        tuple(cell.replace(tzinfo=None) if hasattr(cell, "tzinfo") else cell for cell in row)
        for row in rows
    )
    return sorted(plain, key=repr)
