"""Every golden folder on Spark, its table compared row for row with what the folder expects.

Most are one project (golden_batches.py), which Spark computes from the first step to the last and
reads. Where a case needs settings of its own, DuckDB computes what comes before the step that its
table is of, and Spark that step and every view: its answers are what is compared either way.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from golden_batches import Batch, batches

from table_rows import make_project, read_cells, typed_rows, write_rows
from test_golden import CASES, last_step
from whichhalf import pipeline
from whichhalf.project import open_project
from whichhalf.steps import STEPS
from whichhalf.tables import TABLES

BATCHES = batches(CASES)


def test_every_folder_is_in_a_batch() -> None:
    assert sorted(case for batch in BATCHES for case in batch.cases) == CASES
    assert max(len(batch.cases) for batch in BATCHES) > len(CASES) / 2


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: batch.name)
def test_golden_on_spark(
    batch: Batch, local_spark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    project = make_project(folder, batch.config)
    for case in batch.cases:
        if (case / "files").exists():
            shutil.copytree(case / "files", folder, dirs_exist_ok=True)
    for name, rows in batch.inputs().items():
        write_rows(project, name, rows)
    last = max(_place(last_step(table)) for table in batch.tables)
    if len(batch.cases) == 1:
        monkeypatch.setattr(pipeline, "STEPS", STEPS[:last])
        pipeline.run(project)
        monkeypatch.setattr(pipeline, "STEPS", STEPS[last : last + 1])
    else:
        monkeypatch.setattr(pipeline, "STEPS", STEPS[: last + 1])
    monkeypatch.setenv("WHICHHALF_PROJECT_ENGINE", local_spark)
    project = open_project(folder)
    assert project.config.project.engine == local_spark
    pipeline.run(project)
    found = {table: project.table(table).arrow() for table in batch.tables}
    wrong = [
        difference
        for case in batch.cases
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
        for row in rows  # type: ignore[attr-defined]
    )
    return sorted(plain, key=repr)
