"""Golden campaign reports: every cell of tests/golden/report_campaigns was worked out by hand."""

from datetime import date
from pathlib import Path

import pytest
from small_lake import make, read_tables

from whichhalf.report import Query, render, report_project

GOLDEN = Path(__file__).parents[1] / "golden" / "report_campaigns"

CASES = {
    "acquisition": ("2026-01-01", "2026-01-02", {}),
    "event": ("2026-01-03", "2026-01-20", {"basis": "event"}),
    "last_touch": ("2026-01-01", "2026-01-02", {"model": "last"}),
    "network": ("2026-01-01", "2026-01-02", {"by": "network"}),
    "adset": ("2026-01-01", "2026-01-02", {"by": "adset"}),
    "ad_event": ("2026-01-03", "2026-01-20", {"by": "ad", "basis": "event"}),
    "country": ("2026-01-01", "2026-01-02", {"by": "country"}),
    "country_event": ("2026-01-03", "2026-01-20", {"by": "country", "basis": "event"}),
    "os": ("2026-01-01", "2026-01-02", {"by": "os"}),
    "channel": ("2026-01-01", "2026-01-02", {"by": "channel", "model": "last"}),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make(tmp_path_factory.mktemp("golden"), read_tables(GOLDEN / "in"))


@pytest.mark.parametrize("case", CASES)
def test_every_cell_is_as_worked_out_by_hand(project, case):
    start, end, more = CASES[case]
    query = Query("campaigns", date.fromisoformat(start), date.fromisoformat(end), **more)
    found = render(report_project(project, "campaigns", query), "csv").decode()
    expected = (GOLDEN / "expected" / f"{case}.csv").read_text("utf-8")
    assert found == expected
