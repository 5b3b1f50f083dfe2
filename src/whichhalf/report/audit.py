"""`audit`: from raw rows to the reports, line by line, and platforms' claims against ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from whichhalf.engines import Engine
from whichhalf.errors import UsageError
from whichhalf.project import Project
from whichhalf.report import audit_aside, audit_checks, audit_claims, head
from whichhalf.report.audit_checks import Period
from whichhalf.report.audit_line import Line
from whichhalf.report.query import bounds

# Before and after everything that is measured, with a day to spare for any zone.
_FIRST, _LAST = date(1900, 1, 1), date(2900, 12, 31)


@dataclass(frozen=True)
class Audit:
    """All lines, in the order of the way of the data."""

    lines: tuple[Line, ...]

    @property
    def differing(self) -> tuple[Line, ...]:
        """Reconciliations whose sides are not equal."""
        return tuple(line for line in self.lines if line.state == "differs")

    @property
    def is_clean(self) -> bool:
        """Whether every reconciliation that could be made came out equal."""
        return not self.differing


def audit(project: Project, start: date | None = None, end: date | None = None) -> Audit:
    """Audit a project as of its newest snapshot.

    start, end: days of [report] time_zone, both inclusive; None: from the first, to the last.
    """
    if not project.snapshot():
        raise UsageError("There is nothing to audit yet. Load and run first: whichhalf run.")
    if start and end and end < start:
        raise UsageError(
            f"The period ends on {end}, before it starts on {start}. Swap --start and --end."
        )
    first, last = start or _FIRST, end or _LAST
    period = Period(first, last, *bounds(first, last, head.zone_of(project)))
    with project.engine() as engine:
        needs = (*head.NEEDS, *audit_checks.NEEDS, *audit_aside.NEEDS, *audit_claims.NEEDS)
        project.expose_read(engine, [*needs, *audit_aside.inputs_of(project)])
        return Audit(tuple(_lines(engine, project, period)))


def _lines(engine: Engine, project: Project, period: Period) -> Iterator[Line]:
    yield from audit_checks.events(engine, period)
    yield from audit_checks.kinds(engine, period)
    yield from audit_checks.models(engine, period)
    yield from audit_checks.payments(engine, period, project.config.attribute.purchases_from)
    yield from audit_checks.spend(engine, period)
    yield from audit_aside.aside(engine)
    fresh = head.freshness(engine, project)
    yield from audit_aside.freshness(engine, project, fresh.snapshot_at)
    yield from audit_claims.claims(engine, period, head.zone_of(project))
