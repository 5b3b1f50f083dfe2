"""REPORTS: every report by its name, and the one way to run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from whichhalf.errors import UsageError, nearest
from whichhalf.project import Project
from whichhalf.report.campaigns import campaigns
from whichhalf.report.lift import lift
from whichhalf.report.models import models
from whichhalf.report.query import Query
from whichhalf.report.result import Report
from whichhalf.report.returns import returns
from whichhalf.report.self_reported import self_reported
from whichhalf.report.sessions import sessions
from whichhalf.report.signups import signups

REPORTS: Mapping[str, Callable[[Project, Query], Report]] = {
    "campaigns": campaigns,
    "returns": returns,
    "signups": signups,
    "sessions": sessions,
    "self-reported": self_reported,
    "lift": lift,
    "models": models,
}


def report_project(project: Project, name: str, query: Query) -> Report:
    """Run a report over the newest snapshot of a project."""
    if name not in REPORTS:
        raise UsageError(
            f"There is no report {name!r}.{nearest(name, REPORTS)} Reports: {', '.join(REPORTS)}."
        )
    if query.report != name:
        raise UsageError(f"The query asks report {query.report!r}, not {name!r}.")
    return REPORTS[name](project, query)
