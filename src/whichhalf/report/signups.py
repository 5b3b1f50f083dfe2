"""Report `signups`: where people who signed up came from, and how long they took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from whichhalf.project import Project
from whichhalf.report import head, looked_up
from whichhalf.report.head import select
from whichhalf.report.looked_up import Dimension
from whichhalf.report.query import Query, bounds
from whichhalf.report.result import Cell, Column, Fact, Report
from whichhalf.report.sessions import page_of

NEEDS = (*head.NEEDS, "signups")
NO_TOUCH = "(none)"
# Dimensions whose column of the table has another name.
_PAGES = {"first_page": "first_page_url", "blog_url": "first_blog_url"}
_COLUMNS = {**_PAGES, looked_up.PERSON: "person_id"}
_MICROS_A_DAY = 86_400_000_000


@dataclass(frozen=True)
class Signups:
    """Signups of a period, shape (signups,) each.

    part: value of the dimension. sessions_before: sessions begun by the signup. in_first: 1 where
    it fell into the first session. wait_days: days from first touch to signup, NaN without touch.
    """

    part: NDArray[np.str_]
    sessions_before: NDArray[np.float64]
    in_first: NDArray[np.float64]
    wait_days: NDArray[np.float64]

    def of(self, part: str) -> Signups:
        """Those of one value."""
        kept = self.part == part
        return Signups(
            self.part[kept], self.sessions_before[kept], self.in_first[kept], self.wait_days[kept]
        )

    def cells(self, label: str, everybody: int) -> tuple[Cell, ...]:
        """A row; medians are None where nobody can be counted."""
        count = len(self.part)
        first = int(self.in_first.sum())
        return (
            label,
            count,
            count / everybody if everybody else None,
            first,
            first / count if count else None,
            median(self.sessions_before),
            median(self.wait_days),
        )


def signups(project: Project, query: Query) -> Report:
    """The report over signups of the period, by a part of one of their touches."""
    starts_at, ends_at = bounds(*query.period, head.zone_of(project))
    with project.engine() as engine:
        project.expose_read(engine, NEEDS)
        fresh = head.freshness(engine, project)
        dimension = looked_up.dimension(project, engine, query)
        column = _COLUMNS.get(dimension.base, dimension.base)
        # One of DIMENSIONS: a column of the table.
        engine.view("signup_parts", f"select *, {column} as part from signups")
        rows = engine.table(select(engine, "signups_between", starts_at=starts_at, ends_at=ends_at))
    found = _signups(rows, _labels(rows.column("part"), dimension))
    everybody = len(found.part)
    values, counts = np.unique(found.part, return_counts=True)
    order = sorted(zip(values.tolist(), counts.tolist(), strict=True), key=lambda v: (-v[1], v[0]))
    total = found.cells("TOTAL", everybody)
    first, last = query.period
    return Report(
        name="signups",
        title=f"Signups by {query.by.replace('_', ' ')}, {first} to {last}",
        currency=project.config.report.currency,
        facts=(*_head_facts(total), *head.facts(project, query, fresh)),
        columns=_columns(dimension),
        rows=tuple(found.of(value).cells(value, everybody) for value, _count in order),
        total=total,
        notes=tuple(_notes(found)),
    )


def _labels(parts: pa.ChunkedArray, dimension: Dimension) -> list[str]:
    """Label of each row by the value of its part; each value is looked at once."""
    shown = {part: _label(part, dimension) for part in pc.unique(parts).to_pylist()}
    return [shown[part] for part in parts.to_pylist()]


def _label(part: str | None, dimension: Dimension) -> str:
    if not dimension.is_own:
        return dimension.label(part)
    if not part:
        return NO_TOUCH
    return page_of(part) if dimension.base in _PAGES else part


def _signups(rows: pa.Table, labels: list[str]) -> Signups:
    """Arrays of the selected rows."""
    waited = pc.subtract(rows.column("signed_up_at"), rows.column("first_at"))
    waits = waited.cast(pa.int64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return Signups(
        np.array(labels, dtype=np.str_),
        rows.column("sessions_before").to_numpy(zero_copy_only=False).astype(np.float64),
        rows.column("in_first").to_numpy(zero_copy_only=False).astype(np.float64),
        waits / _MICROS_A_DAY,
    )


def median(values: NDArray[np.float64]) -> float | None:
    """Median without NaN, or None of nothing. Of an even number: the mean of the middle two."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _head_facts(total: tuple[Cell, ...]) -> tuple[Fact, ...]:
    share, wait = total[4], total[6]
    first = "–" if share is None else f"{share:.1%} of signups (first-session signups / signups)"
    days = "–" if wait is None else f"{wait:,.2f} days (median)"
    return (Fact("signed up in their first session", first), Fact("first touch to signup", days))


def _columns(dimension: Dimension) -> tuple[Column, ...]:
    heading = dimension.by.replace("_", " ").capitalize()
    part = Column(dimension.column(column.name for column in _MEASURES), heading, "text")
    return (part, *_MEASURES)


_MEASURES = (
    Column("signups", "Signups", "count", formula="people"),
    Column("signup_share", "Share: signups / all signups", "share", 1, "signups / TOTAL", 3),
    Column("first_session", "In first session", "count", 0, "signups in the first session", 4),
    Column(
        "first_session_share",
        "In first session: first-session signups / signups",
        "share",
        1,
        "first_session / signups",
    ),
    Column("sessions_before", "Median sessions before", "ratio", 1, "the signup's own counts", 1),
    Column("days_to_signup", "Median days to signup", "days", 2, "since the first touch", 2),
)


def _notes(found: Signups) -> Iterator[str]:
    if not len(found.part):
        yield "Nobody signed up in the period. Which event names are signups: [events] signup."
    without = int(np.isnan(found.wait_days).sum())
    if without:
        yield f"Signups without any touch, left out of the days: {without:,}."
