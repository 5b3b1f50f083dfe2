"""Run the steps: recompute what is stale, as `make` knows it, and nothing else.

The fingerprint of an output day is a hash of the step's version, its settings, and the version of
the last change of each input day. It is stored in the commit that wrote the day, so a run that is
killed anywhere leaves days that are either wholly old or wholly new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import orjson
import pyarrow as pa

from whichhalf import changes, tables
from whichhalf.attribute import conversions
from whichhalf.engines import Engine
from whichhalf.errors import LakeError
from whichhalf.lake import Lake, Rows, Selected
from whichhalf.project import Project
from whichhalf.provenance import WHOLE, State
from whichhalf.steps import STEPS, Grain, Outputs, Step

BATCH_BYTES = 512 * 2**20  # input files computed in one go; bounds memory, changes no result


@dataclass(frozen=True)
class StepResult:
    """What a step did: days replaced (1 for a whole table), rows written by table, or nothing.

    note: what a person should hear, each matter on a line of its own.
    """

    step: str
    days: int
    rows: Mapping[str, int]
    note: str = ""

    @property
    def is_fresh(self) -> bool:
        """Whether there was nothing to do."""
        return not self.days


Told = Callable[[StepResult], None]


def run(
    project: Project, *, full: bool = False, until: str | None = None, told: Told | None = None
) -> list[StepResult]:
    """Run every step that is stale; publish a snapshot. The caller holds the run lock.

    full: recompute everything. until: name of the last step to run. told: called after each step.
    """
    results = []
    with project.engine() as engine:
        for step in STEPS:
            run_id = project.control.start(step.name)
            try:
                result = _RUNNERS[step.grain](project, engine, step, full)
                result = _noted(project, engine, step, result)
            except BaseException as error:
                project.control.end(run_id, error=f"{type(error).__name__}: {error}")
                raise
            project.control.end(run_id, days=result.days)
            engine.clear()
            results.append(result)
            if told:
                told(result)
            if step.name == until:
                break
    project.publish()
    return results


def _run_days(project: Project, engine: Engine, step: Step, full: bool) -> StepResult:
    """Recompute the stale days of a step, in batches of bounded size."""
    lake = project.lake
    wanted = _wanted(project, step)
    stale = list(wanted) if full else stale_days(project, step)
    rows = dict.fromkeys(step.outputs, 0)
    for batch in batches(lake, step.inputs, [date.fromisoformat(day) for day in stale]):
        engine.clear()
        project.expose(engine, step.inputs, days=batch)
        outputs = _compute(project, step, engine)
        prints = {day: wanted[day.isoformat()] for day in batch}
        for name, output in outputs.items():
            written = lake.replace_days(tables.table(name), _rows(engine, output), prints)
            rows[name] += written.rows
    return StepResult(step.name, len(stale), rows)


def _run_whole(project: Project, engine: Engine, step: Step, full: bool) -> StepResult:
    """Recompute a whole table if any of its inputs changed."""
    lake = project.lake
    if not full and not stale_days(project, step):
        return StepResult(step.name, 0, {})
    fingerprint = _wanted(project, step)[WHOLE]
    rows = {}
    project.expose(engine, step.inputs)
    for name, output in _compute(project, step, engine).items():
        rows[name] = lake.replace(tables.table(name), _rows(engine, output), fingerprint).rows
    return StepResult(step.name, 1, rows)


def _run_changes(project: Project, engine: Engine, step: Step, full: bool) -> StepResult:
    """Recompute the conversion days that a change since the last run touches."""
    lake = project.lake
    states = {name: lake.state(tables.table(name)) for name in step.inputs}
    now = {name: state.changed for name, state in states.items()}
    basis = _hash(_basis(project, step), {})
    stored = [lake.state(tables.table(name)) for name in step.outputs]
    known = all(_basis_of(state) == basis for state in stored)
    consumed = {name: stored[-1].consumed.get(name, -1) for name in step.inputs} if known else {}
    if not full and known and consumed == now:
        return StepResult(step.name, 0, {})
    note = ""
    project.expose(engine, step.inputs)
    # The first history of all differs everywhere: comparing it would only cost.
    begins = known and consumed["session_parts"] < 0 <= now["session_parts"]
    everything = full or not known or begins
    if not everything:
        try:
            changes.expose(project, engine, states, consumed)
        except LakeError as error:
            everything, note = True, f"full rebuild: {error}"

    def stored_rows(days: Sequence[date]) -> None:
        for name in step.outputs:
            engine.expose(f"stored_{name}", lake.scan(tables.table(name), None, days))

    outcome = conversions.attribute(
        engine, project.config, project.folder, everything=everything, stored=stored_rows
    )
    days = set(outcome.days)
    if everything:
        days |= {date.fromisoformat(day) for state in stored for day in state.days}
    prints = dict.fromkeys(sorted(days), basis)
    rows = {}
    for name in step.outputs:  # conversions last: it holds what was consumed
        output = _rows(engine, outcome.tables[name])
        written = lake.replace_days(tables.table(name), output, prints, {**now, basis: 1})
        rows[name] = written.rows
    return StepResult(step.name, len(days), rows, note)


def rebuild_days(project: Project, lake: Lake, days: Sequence[date], steps: Sequence[Step]) -> None:
    """Compute some days of every step from the project's tables as they are, into another lake.

    Tables without partitions are computed whole.
    """
    with project.engine() as engine:
        for step in steps:
            by_days = step.grain is Grain.DAY
            for batch in batches(project.lake, step.inputs, days) if by_days else [list(days)]:
                engine.clear()
                project.expose(engine, step.inputs, days=batch if by_days else ())
                if step.grain is Grain.CHANGES:
                    outputs = conversions.attribute(
                        engine, project.config, project.folder, only=batch
                    ).tables
                else:
                    outputs = _compute(project, step, engine)
                for name, output in outputs.items():
                    rows, table = _rows(engine, output), tables.table(name)
                    if table.partitioned:
                        lake.replace_days(table, rows, dict.fromkeys(batch, ""))
                    else:
                        lake.replace(table, rows)


def _noted(project: Project, engine: Engine, step: Step, result: StepResult) -> StepResult:
    """Add what the outputs as they are now have to tell; also where the step was fresh."""
    if not step.notes:
        return result
    engine.clear()
    project.expose(engine, step.notes)
    notes = [result.note, *(note(engine) for note in step.notes.values())]
    return replace(result, note="\n".join(filter(None, notes)))


def _compute(project: Project, step: Step, engine: Engine) -> Outputs:
    if step.compute is None:
        raise AssertionError(f"step {step.name} has nothing to compute")
    return step.compute(engine, project.config, project.folder)


def _rows(engine: Engine, output: str | pa.Table | Callable[[], pa.RecordBatchReader]) -> Rows:
    if callable(output):
        return output()
    return Selected(engine, output) if isinstance(output, str) else output


def _basis(project: Project, step: Step) -> list[object]:
    """What every fingerprint of a step holds, whatever the day."""
    settings = [[key, repr(project.config.value(key))] for key in step.settings]
    rules = step.rules(project.config, project.folder) if step.rules else ""
    return [step.name, step.version, settings, rules]


def stale_days(project: Project, step: Step) -> list[str]:
    """Days of a step that were made from other inputs, or by other rules, than there are now.

    WHOLE stands for a table without partitions, and for all of a step by changes.
    """
    stored = [project.lake.state(tables.table(name)) for name in step.outputs]
    if step.grain is Grain.CHANGES:
        now = {name: project.lake.state(tables.table(name)).changed for name in step.inputs}
        basis = _hash(_basis(project, step), {})
        known = all(_basis_of(state) == basis for state in stored)
        return [] if known and stored[-1].consumed == {**now, basis: 1} else [WHOLE]
    return [
        day
        for day, fingerprint in _wanted(project, step).items()
        if any(_fingerprint_of(state, day) != fingerprint for state in stored)
    ]


def _wanted(project: Project, step: Step) -> dict[str, str]:
    """Fingerprint that each day should have: every day that an input ever had, or WHOLE."""
    basis = _basis(project, step)
    inputs = {name: project.lake.state(tables.table(name)) for name in step.inputs}
    if step.grain is Grain.WHOLE:
        return {WHOLE: _hash(basis, {name: state.changed for name, state in inputs.items()})}
    days = sorted({day for state in inputs.values() for day in state.days})
    return {
        day: _hash(
            basis, {n: state.days[day].version for n, state in inputs.items() if day in state.days}
        )
        for day in days
    }


def _hash(basis: Sequence[object], versions: Mapping[str, int]) -> str:
    content = orjson.dumps([basis, sorted(versions.items())])
    return hashlib.blake2b(content, digest_size=10).hexdigest()


def _fingerprint_of(state: State, day: str) -> str:
    return state.days[day].fingerprint if day in state.days else ""


def _basis_of(state: State) -> str:
    """The basis that a step by changes wrote into its outputs; "" where it never ran."""
    return next((key for key in state.consumed if len(key) == 20), "")


def batches(lake: Lake, names: Iterable[str], days: Sequence[date]) -> Iterator[list[date]]:
    """Cut days into runs whose files of the tables named are at most BATCH_BYTES together."""
    sizes = dict.fromkeys(days, 0)
    for name in names:
        for day, size in lake.sizes(tables.table(name)).items():
            if day in sizes:
                sizes[day] += size
    batch: list[date] = []
    for day in days:
        if batch and sum(sizes[d] for d in batch) + sizes[day] > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(day)
    if batch:
        yield batch


_RUNNERS: dict[Grain, Callable[[Project, Engine, Step, bool], StepResult]] = {
    Grain.DAY: _run_days,
    Grain.WHOLE: _run_whole,
    Grain.CHANGES: _run_changes,
}
