"""Every golden table on a real Postgres server: the same SQL, rendered for it, the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from test_golden import CASES, ProjectOf, names, run_case


@pytest.mark.parametrize("case", CASES, ids=names)
def test_golden(case: Path, postgres_url: str, project_of: ProjectOf) -> None:
    run_case(case, postgres_url, project_of)
