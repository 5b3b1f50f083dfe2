"""Golden tables: small inputs and what must come of them, both written by hand.

tests/golden/<table>/<case>/ holds a CSV for each input table (the columns that matter), a
config.toml where settings matter, expected.csv (all rows of the table; its header chooses the
columns), and why.md, which says what the case shows. The whole pipeline runs over them.
models.txt names the models that the case is about, where rows of others would only repeat them.
files/ holds what else lies in the project's folder, rule files say.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from table_rows import ENGINES, make_rows, read_cells, typed_rows, write_rows
from whichhalf import pipeline, views
from whichhalf.project import Project
from whichhalf.steps import STEPS
from whichhalf.tables import TABLES, Kind

ProjectOf = Callable[..., Project]

GOLDEN = Path(__file__).parent / "golden"
# Reports have expectations of their own.
CASES = sorted(
    path.parent
    for path in GOLDEN.glob("*/*/expected.csv")
    if not path.parts[-3].startswith("report_")
)


def last_step(table: str) -> str:
    """The step after which a table, or all that a view reads, is there."""
    needed = views.needed(table)
    return [step.name for step in STEPS if not set(needed).isdisjoint(step.outputs)][-1]


def names(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES, ids=names)
def test_golden(case: Path, engine: str, project_of: ProjectOf) -> None:
    run_case(case, engine, project_of)


def run_case(case: Path, engine: str, project_of: ProjectOf) -> None:
    """Run the whole way over the inputs of a case on an engine; compare all rows of its table.

    engine: as in [project] engine. project_of: makes an empty project of a text and an engine.
    """
    project = _project(case, engine, project_of)
    table = TABLES[case.parent.name]
    pipeline.run(project, until=last_step(table.name))
    rows = [tuple(map(_plain, row.values())) for row in _found(case, project).to_pylist()]
    cells = read_cells(case / "expected.csv")
    expected = [tuple(map(_plain, row)) for row in typed_rows(table, cells)]
    assert sorted(rows, key=repr) == sorted(expected, key=repr)


def _project(case: Path, engine: str, project_of: ProjectOf) -> Project:
    """A project that holds the inputs of a case."""
    config = case / "config.toml"
    project = project_of(config.read_text("utf-8") if config.exists() else "", engine=engine)
    if (case / "files").exists():
        shutil.copytree(case / "files", project.folder, dirs_exist_ok=True)
    for path in sorted(case.glob("*.csv")):
        if path.stem != "expected":
            assert TABLES[path.stem].kind is Kind.INPUT, path
            write_rows(project, path.stem, make_rows(path.stem, read_cells(path)))
    return project


def _found(case: Path, project: Project) -> pa.Table:
    """The table that a case is about: the columns, and the models, that it names."""
    header = (case / "expected.csv").read_text("utf-8").splitlines()[0].split(",")
    found = project.table(case.parent.name).arrow()
    if (case / "models.txt").exists():
        about = (case / "models.txt").read_text("utf-8").split()
        found = found.filter(pc.is_in(found["model"], pa.array(about)))
    return found.select(header)


def _plain(value: object) -> object:
    """Times without their zone: engines give them so."""
    return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value


def test_every_case_says_why() -> None:
    silent = [names(case) for case in CASES if not (case / "why.md").read_text("utf-8").strip()]
    assert not silent


def test_every_derived_table_has_a_case() -> None:
    wanted = {table.name for table in TABLES.values() if table.kind is not Kind.INPUT}
    assert wanted == {case.parent.name for case in CASES}
