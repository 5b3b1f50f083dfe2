"""What an audit tells beside its reconciliations: what was left out, and how fresh the rest is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from whichhalf import tables
from whichhalf.engines import Engine
from whichhalf.project import Project
from whichhalf.report.audit_line import Line, told
from whichhalf.report.head import select

NEEDS = ("quarantine", "excluded_visitors", "refused_merges")


def aside(engine: Engine) -> Iterator[Line]:
    """Rows in quarantine by table and reason, visitors left out, merges refused."""
    rows = engine.table(select(engine, "audit_set_aside")).to_pylist()
    for row in sorted(rows, key=lambda row: (row["table_name"], row["reason"])):
        yield told(
            "left out",
            f"{row['table_name']}: rows in quarantine, {row['reason']}",
            row["row_count"],
            "In no report until replayed: whichhalf quarantine list.",
        )
    if not rows:
        yield told("left out", "rows in quarantine", 0, "Every row could be read truly.")
    row = engine.table(select(engine, "audit_left_out")).to_pylist()[0]
    yield told(
        "left out",
        "visitors too heavy to be people",
        row["visitors"],
        "Left out whole; see: whichhalf dump excluded_visitors.",
    )
    yield told(
        "left out",
        "users whose merge was refused",
        row["users"],
        "Each stays a person of its own; see: whichhalf dump refused_merges.",
    )


def inputs_of(project: Project) -> list[str]:
    """Input tables with a clock of which the newest snapshot holds a version."""
    snapshot = project.snapshot()
    return sorted(
        name
        for name, table in tables.TABLES.items()
        if table.kind is tables.Kind.INPUT and table.clock and name in snapshot
    )


def freshness(engine: Engine, project: Project, run_at: datetime | None) -> Iterator[Line]:
    """The newest row of each input against the last good run, a line a table. Reads inputs_of."""
    snapshot = project.snapshot()
    for name in inputs_of(project):
        table = tables.table(name)
        newest = engine.table(f"select max({table.clock}) as newest from {name}")
        newest_at = newest.column(0).to_pylist()[0]
        if newest_at is None:
            continue
        behind = None if run_at is None else (newest_at - run_at).total_seconds() / 3600
        is_later = project.lake.version(table) != snapshot[name]
        yield Line(
            "freshness",
            f"{name}: newest row against the last good run",
            newest_at,
            run_at,
            None if behind is None else round(behind, 1),
            "told",
            "Rows changed since that run, and are in no report yet: whichhalf run."
            if is_later
            else "Instants in UTC, difference in hours. Nothing was loaded since.",
        )
