"""Rebuild a project's tables from its inputs, beside the live ones, and compare row for row.

What is compared is the last good run: inputs as of its snapshot, under the settings as they are. No
lock is taken; a run may commit meanwhile, since every table is read at its version.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from whichhalf import pipeline, tables
from whichhalf.beside import LakeBeside, PinnedLake, ProjectBeside, same_origin, scratch
from whichhalf.engines import Engine
from whichhalf.errors import UsageError
from whichhalf.lake import Lake
from whichhalf.project import Project
from whichhalf.provenance import WHOLE
from whichhalf.steps import STEPS, Step
from whichhalf.tables import Kind, Table

LIVE, REBUILT = "live", "rebuilt"
# Fits learn from all days at once, so that some days of them are nothing.
_OF_ALL_DAYS = frozenset({"fits"})
_CUTS = 1_000  # days compared at once where their files are small


@dataclass(frozen=True)
class Compared:
    """One table: rows on each side, rows that only one side has, and the first of these.

    differing: rows as the table has them, with their `side`, ordered by grain.
    """

    table: str
    live_rows: int
    rebuilt_rows: int
    only_live: int
    only_rebuilt: int
    differing: tuple[dict[str, Any], ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether both sides hold the same rows, each as often."""
        return not (self.only_live or self.only_rebuilt)


@dataclass(frozen=True)
class Verified:
    """tables: all that were compared. days: those of a sample; None: all. notes: for a person."""

    tables: tuple[Compared, ...]
    days: tuple[date, ...] | None
    notes: tuple[str, ...] = field(default=())

    @property
    def is_clean(self) -> bool:
        """Whether every table is equal."""
        return all(compared.is_equal for compared in self.tables)


def verify(
    project: Project,
    *,
    sample_percent: float | None = None,
    seed: int = 1,
    limit: int = 20,
) -> Verified:
    """Rebuild and compare. limit: keys of differing rows kept of each table.

    sample_percent: only so many of 100 days, drawn by `seed`, each from the live tables that its
    step reads. UsageError where no run ended well, or the tables are not those of the settings.
    """
    versions = project.snapshot()
    if not versions:
        raise UsageError("There is nothing to verify: no run ended well yet. First: whichhalf run")
    with scratch(project) as folder:
        pinned = PinnedLake(project.lake.root, versions)
        checked = _refuse_stale(ProjectBeside(project, pinned, folder))
        chosen = same_origin(project, versions)
        at_present = PinnedLake(project.lake.root, chosen)
        live = ProjectBeside(project, at_present, folder)
        lake = LakeBeside(folder / "lake", at_present)
        days = None
        if sample_percent is not None:
            days = drawn(_all_days(at_present), sample_percent, seed)
        steps = _rebuild(live, lake, days, folder)
        with live.engine() as engine:
            compared = tuple(
                _compare(engine, live.lake, lake, table, days, limit) for table in _outputs(steps)
            )
        return Verified(compared, days, (_agree(checked), *_notes(project, versions, chosen)))


def _rebuild(
    live: Project, lake: Lake, days: Sequence[date] | None, folder: Path
) -> tuple[Step, ...]:
    """Fill the lake beside, all of it or some days; return the steps that were taken."""
    if days is None:
        pipeline.run(ProjectBeside(live, lake, folder))
        return STEPS
    steps = tuple(step for step in STEPS if step.name not in _OF_ALL_DAYS)
    if days:
        pipeline.rebuild_days(live, lake, days, steps)
    return steps


def drawn(days: Sequence[date], percent: float, seed: int) -> tuple[date, ...]:
    """So many of 100 days, at least one of any, in order; the same for the same seed and days."""
    count = math.ceil(len(days) * percent / 100)
    return tuple(sorted(random.Random(seed).sample(list(days), min(count, len(days)))))


def _refuse_stale(snapshot: Project) -> int:
    """Check every fingerprint of the snapshot; return how many there are."""
    stale = {step.name: pipeline.stale_days(snapshot, step) for step in STEPS}
    found = {name: days for name, days in stale.items() if days}
    if found:
        listed = ", ".join(
            name if days == [WHOLE] else f"{name} ({len(days)} days from {min(days)} on)"
            for name, days in found.items()
        )
        raise UsageError(
            "The tables of the last good run are not those of its inputs under the present settings"
            f" and version of whichhalf: {listed}. First: whichhalf run"
        )
    states = [snapshot.lake.state(table) for table in _outputs(STEPS)]
    return sum(len(state.days) for state in states)


def _outputs(steps: Sequence[Step]) -> list[Table]:
    return [tables.table(name) for step in steps for name in step.outputs]


def _all_days(lake: Lake) -> list[date]:
    """Every day that a derived table ever had, empty ones too."""
    states = [lake.state(table) for table in _outputs(STEPS) if table.partitioned]
    return sorted({date.fromisoformat(day) for state in states for day in state.days})


def _compare(
    engine: Engine,
    live: Lake,
    rebuilt: Lake,
    table: Table,
    days: Sequence[date] | None,
    limit: int,
) -> Compared:
    """Compare a table, some days at a time."""
    counts = dict.fromkeys(("live_rows", "rebuilt_rows", "only_live", "only_rebuilt"), 0)
    rows: list[dict[str, Any]] = []
    columns = ", ".join(table.by_name)
    for batch in _batches(live, rebuilt, table, days):
        engine.clear()
        engine.expose("live_rows", live.scan(table, None, batch))
        engine.expose("rebuilt_rows", rebuilt.scan(table, None, batch))
        one, other = (f"select {columns} from {side}_rows" for side in (LIVE, REBUILT))
        engine.create("only_live", f"{one} except all {other}")
        engine.create("only_rebuilt", f"{other} except all {one}")
        for name in counts:
            found = engine.table(f"select count(*) as n from {name}").column(0)[0]
            counts[name] += int(found.as_py())
        if (left := 2 * limit - len(rows)) > 0:  # a key has a row on each side
            rows += engine.table(
                f"select '{LIVE}' as side, {columns} from only_live union all"
                f" select '{REBUILT}', {columns} from only_rebuilt"
                f" order by {', '.join(table.grain)}, side, {columns} limit {left}"
            ).to_pylist()
    engine.clear()
    kept = by_key(table, rows)[:limit]
    return Compared(table.name, **counts, differing=tuple(row for _key, of in kept for row in of))


def _batches(
    live: Lake, rebuilt: Lake, table: Table, days: Sequence[date] | None
) -> Iterator[list[date]]:
    """Days to compare at once; one empty list for a table without days."""
    if not table.partitioned:
        yield []
        return
    listed = sorted({*live.days(table), *rebuilt.days(table)}) if days is None else list(days)
    for batch in pipeline.batches(live, (table.name,), listed):
        for first in range(0, len(batch), _CUTS):
            yield batch[first : first + _CUTS]


def _agree(count: int) -> str:
    return f"{count:,} fingerprints of days agree with the inputs that they name."


def _notes(project: Project, versions: dict[str, int], chosen: dict[str, int]) -> Iterator[str]:
    """What changed since the last good run."""
    written = sorted(name for name, version in chosen.items() if version != versions[name])
    if written:
        yield (
            f"Written since the last good run, by no run that read anything new:"
            f" {', '.join(written)}. Compared as they are now."
        )
    newest = Lake(project.lake.root)
    loaded = sorted(
        name
        for name, table in tables.TABLES.items()
        if table.kind is Kind.INPUT
        and (version := newest.version(table)) is not None
        and version != versions.get(name)
    )
    if loaded:
        yield (
            f"Loaded since the last good run, and not in this comparison: {', '.join(loaded)}."
            " Take them in: whichhalf run"
        )


def by_key(
    table: Table, rows: Sequence[dict[str, Any]]
) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Rows of a table by the key that they share, in order: (columns of the grain, rows)."""
    found: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    for row in rows:
        key = {name: row[name] for name in table.grain}
        found.setdefault(repr(key), (key, []))[1].append(row)
    return list(found.values())
