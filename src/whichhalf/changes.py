"""Whose history differs between the inputs that a step consumed and what they are now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from whichhalf import tables
from whichhalf.engines import Engine
from whichhalf.project import Project
from whichhalf.provenance import WHOLE, State

_BEGIN = "timestamp '1970-01-01 00:00:00'"
# A part changes the session that it falls into, which may have begun the day before: what was
# direct is so no more once there is a source. Touches outside of sessions change what comes after.
_REACH = {
    "session_parts": "started_at - interval '1 day'",
    "touches": "case when part_id is null then touched_at else touched_at - interval '1 day' end",
}
_NOBODY = "nullif('', '')"  # null of type text; each engine has its own name for that type


def expose(
    project: Project, engine: Engine, states: Mapping[str, State], consumed: Mapping[str, int]
) -> None:
    """Make changed_visitors, changed_persons and old outputs readable.

    Compares each input as it was consumed with what it is now, only in days that changed since.
    """
    for name in ("conversions", "useful_sessions"):
        engine.expose(f"old_{name}", project.lake.scan(tables.table(name)))
    visitors = [
        *(_changed(project, engine, states, consumed, name) for name in _REACH),
        _resettled(project, engine, states, consumed),
        _excluded(project, engine, states, consumed),
    ]
    # Windows and distinct channels go by channel, and signups keep its name.
    touched_sources = _differing(
        project, engine, states, consumed, "sources", "source_key, is_paid, channel"
    )
    if touched_sources:
        visitors.append(
            "select visitor_key, user_id, touched_at as changed_from from touches"
            f" where source_key in (select source_key from {touched_sources})"
        )
    found = " union all ".join(item for item in visitors if item) or (
        f"select cast(null as bigint) as visitor_key, {_NOBODY} as user_id,"
        f" {_BEGIN} as changed_from where false"
    )
    engine.create("changes", found)
    engine.create(
        "changed_visitors",
        "select visitor_key, min(changed_from) as changed_from from changes"
        " where visitor_key is not null group by visitor_key",
    )
    merged = _differing(project, engine, states, consumed, "users", "user_id, person_id")
    users = f" union all select person_id, {_BEGIN} from {merged}" if merged else ""
    engine.create(
        "changed_persons",
        "select person_id, min(changed_from) as changed_from from ("
        "select p.person_id, c.changed_from from changes as c"
        " inner join persons as p on c.visitor_key = p.visitor_key"
        " union all select u.person_id, c.changed_from from changes as c"
        " inner join users as u on c.user_id = u.user_id"
        f"{users}) as found group by person_id",
    )


def _resettled(
    project: Project, engine: Engine, states: Mapping[str, State], consumed: Mapping[str, int]
) -> str:
    """SELECT of visitors that belong to somebody else, or did, from the first that moves with them.

    Columns as of `_changed`. A visitor's first row of `persons` holds from the beginning of time;
    what changes with it is its first part or touch, of which there may be none.
    """
    columns = ", ".join(column.name for column in tables.table("persons").columns)
    found = _differing(project, engine, states, consumed, "persons", columns)
    if not found:
        return ""
    moments = " union all ".join(
        f"select visitor_key, {time} as moment, {_REACH[name]} as reach from {name}"
        f" where visitor_key in (select visitor_key from {found})"
        for name, time in (("session_parts", "started_at"), ("touches", "touched_at"))
    )
    engine.create("moments_of_resettled", moments)
    return (
        f"select p.visitor_key, p.user_id, min(m.reach) as changed_from from {found} as p"
        " inner join moments_of_resettled as m on p.visitor_key = m.visitor_key"
        " and m.moment >= p.since and m.moment < p.until group by p.visitor_key, p.user_id"
    )


def _excluded(
    project: Project, engine: Engine, states: Mapping[str, State], consumed: Mapping[str, int]
) -> str:
    """SELECT of visitors left out, or believed again, on all days: those before, too; "" if none.

    Columns as of `_changed`.
    """
    found = _differing(project, engine, states, consumed, "excluded_visitors", "visitor_key")
    if not found:
        return ""
    return f"select visitor_key, {_NOBODY} as user_id, {_BEGIN} as changed_from from {found}"


def _changed(
    project: Project,
    engine: Engine,
    states: Mapping[str, State],
    consumed: Mapping[str, int],
    name: str,
) -> str:
    """SELECT visitor_key, user_id, changed_from of the rows of a table that differ; "" if none."""
    columns = ", ".join(column.name for column in tables.table(name).columns)
    found = _differing(project, engine, states, consumed, name, columns)
    if not found:
        return ""
    return f"select visitor_key, user_id, {_REACH[name]} as changed_from from {found}"


def _differing(
    project: Project,
    engine: Engine,
    states: Mapping[str, State],
    consumed: Mapping[str, int],
    name: str,
    columns: str,
) -> str:
    """Materialise the rows that a table had or has only on one side; "" if nothing changed."""
    table, version = tables.table(name), consumed[name]
    state = states[name]
    days = [
        date.fromisoformat(d) for d, s in state.days.items() if s.version > version and d != WHOLE
    ]
    if state.changed <= version:
        return ""
    if version < 0:
        engine.expose(f"old_{name}", project.lake.nothing(table))
    else:
        engine.expose(f"old_{name}", project.lake.scan(table, version, days))
    engine.expose(f"new_{name}", project.lake.scan(table, None, days))
    old, new = (f"select {columns} from {side}_{name}" for side in ("old", "new"))
    relation = f"differing_{name}"
    engine.create(relation, f"({new} except all {old}) union all ({old} except all {new})")
    return relation
