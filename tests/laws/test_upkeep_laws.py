"""Whatever is loaded, replaced, compacted and vacuumed in any order: what must be read can be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from table_rows import make_project, make_rows
from whichhalf.lake.upkeep import compact
from whichhalf.project import Project
from whichhalf.tables import TABLES

KEY_EVENTS = TABLES["key_events"]
KEEP_DAYS = 5
BEGIN = datetime.now(UTC) - timedelta(days=10)
DAYS = st.integers(1, 2).map(lambda day: date(2026, 3, day))
WRITES = st.tuples(st.sampled_from(["append", "append", "replace", "empty"]), DAYS)
UPKEEP = st.tuples(st.sampled_from(["publish", "publish", "compact", "vacuum"]), st.just(BEGIN))
Published = list[tuple[datetime, list[str]]]


@settings(max_examples=25)
@given(st.lists(st.one_of(WRITES, UPKEEP), min_size=4, max_size=10))
def test_snapshots_of_the_kept_days_stay_as_they_were(acts: list[tuple[str, date]]) -> None:
    """A day passes with each act; the plain model is a set of ids a day."""
    with TemporaryDirectory() as name:
        project = make_project(Path(name) / "p", f"[lake]\nkeep_days = {KEEP_DAYS}")
        stored: dict[date, set[str]] = {}
        published: Published = []
        for number, (act, day) in enumerate(acts):
            now, state = BEGIN + timedelta(days=number), project.lake.state(KEY_EVENTS)
            if act == "publish":
                project.publish(now)
                published.append((now, sorted(set().union(*stored.values()))))
            elif act in ("compact", "vacuum"):
                if act == "compact":
                    compact(project.lake, [KEY_EVENTS], at_least=2)
                else:
                    project.vacuum()
                project.publish_unchanged(now)
                assert project.lake.state(KEY_EVENTS) == state
            else:
                write(project, act, day, f"m{number:02d}", stored)
        check(project, published, now, acts)


def write(project: Project, act: str, day: date, name: str, stored: dict[date, set[str]]) -> None:
    cells = {"message_id": name, "event_kind": "login", "occurred_at": f"{day} 10:00:00"}
    rows = make_rows("key_events", [] if act == "empty" else [cells])
    if act == "append":
        project.lake.append(KEY_EVENTS, rows, [day])
    else:
        project.lake.replace_days(KEY_EVENTS, rows, {day: name})
        stored[day] = set()
    if act != "empty":
        stored.setdefault(day, set()).add(name)


def check(
    project: Project, published: Published, last: datetime, acts: list[tuple[str, date]]
) -> None:
    """Every moment of the kept days, or of all days where nothing was vacuumed; and now."""
    is_cut = any(act == "vacuum" for act, _day in acts)
    for at in (BEGIN + timedelta(days=n) for n in range((last - BEGIN).days + 1)):
        known = [held for when, held in published if when <= at]
        if known and not (is_cut and at < datetime.now(UTC) - timedelta(days=KEEP_DAYS)):
            project.as_of = at
            assert ids(project) == known[-1]
    project.as_of = None
    if published:
        assert ids(project) == published[-1][1]


def ids(project: Project) -> list[str]:
    return project.table("key_events").arrow().column("message_id").to_pylist()
