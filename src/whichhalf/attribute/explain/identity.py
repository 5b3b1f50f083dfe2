"""The identity chain and the sessions of one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from whichhalf import sql
from whichhalf.engines import Engine
from whichhalf.project import Project

Facts = dict[str, Any]

_PACKAGE = "whichhalf.attribute.explain"
_TIED = ("since", "until", "user_id", "by_call", "tied_at", "tied_by")
_SEEN = ("first_seen_at", "last_seen_at", "parts", "events")
_DEVICE = ("visitor_id", "os", "country")


def identity_facts(project: Project, engine: Engine, person: str) -> Facts:
    """Return which visitors and users are the person, since when, and what says so.

    Reads: person_parts, wanted_parts, and of the person only: persons, identity_edges, users,
    refused_merges, excluded_visitors.
    """
    query = sql.load(_PACKAGE, "explained_visitors").sql(engine.flags.dialect)
    rows = engine.table(f"select * from ({query}) as found").to_pylist()
    rows.sort(key=lambda row: (_begin(row), row["visitor_id"], str(row["since"] or "")))
    received = _received(project, engine, rows)
    own = [row for row in rows if row["person_id"] == person]
    visitors = [
        {name: row[name] for name in ("app", "visitor_id", *_TIED)}
        | {"tie_received_at": received.get((row["app"], row["tied_by"]))}
        | {name: row[name] for name in _SEEN}
        for row in own
    ]
    shared = {row["visitor_key"] for row in own}
    others = [
        {name: row[name] for name in ("app", "visitor_id", "person_id", "since", "until")}
        for row in rows
        if row["person_id"] != person and row["visitor_key"] in shared and row["user_id"]
    ]
    return {"visitors": visitors, "others": others, **_named(engine, person)}


def _begin(row: Mapping[str, Any]) -> str:
    first = row["first_seen_at"] or row["tied_at"]
    return first.isoformat() if first else ""


def _named(engine: Engine, person: str) -> Facts:
    """Users, the aliases between them, merges that were not believed, visitors left out."""
    users = engine.table(
        "select user_id from users where person_id in (select person_id from wanted_persons)"
        " order by user_id"
    )
    # An alias of an anonymous id ties a visitor, which the visitors tell.
    aliases = engine.table(
        "select e.user_id, concat('u:', e.previous_id) as previous_id, min(e.first_at) as said_at,"
        " min(e.message_id) as said_by from identity_edges as e"
        " inner join users as u on concat('u:', e.previous_id) = u.user_id"
        " inner join users as v on e.user_id = v.user_id and u.person_id = v.person_id"
        " inner join wanted_persons as w on u.person_id = w.person_id"
        " where e.edge_kind = 'alias' group by e.user_id, e.previous_id order by said_at, e.user_id"
    )
    refused = engine.table(
        "select user_id, component_id, reason, value, threshold, tied_count from refused_merges"
        " order by user_id"
    )
    excluded = engine.table(
        "select app, visitor_id, day, reason, value, threshold from excluded_visitors"
        " order by day, visitor_id, app"
    )
    return {
        "users": users.column(0).to_pylist() or ([person] if person.startswith("u:") else []),
        "aliases": aliases.to_pylist(),
        "refused_merges": refused.to_pylist(),
        "excluded": excluded.to_pylist(),
    }


def _received(
    project: Project, engine: Engine, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, str], Any]:
    """When the calls that tied the visitors arrived: (app, message id) → time."""
    ties = [row for row in rows if row["tied_by"]]
    if not ties:
        return {}
    days = {row["tied_at"].date() for row in ties}
    project.expose(engine, ["events"], versions=project.snapshot(), days=days)
    names = pa.table({"message_id": sorted({row["tied_by"] for row in ties})})
    engine.relation("tying", names)
    found = engine.table(
        "select app, message_id, received_at from events"
        " where message_id in (select message_id from tying)"
    ).to_pylist()
    return {(row["app"], row["message_id"]): row["received_at"] for row in found}


def session_facts(engine: Engine, person: str) -> list[Facts]:
    """Return the person's sessions in order, each with the visitors in it.

    Reads: part_sessions, person_sessions, wanted_parts, sources.
    """
    query = sql.load(_PACKAGE, "explained_sessions").sql(engine.flags.dialect)
    rows = engine.table(query).to_pylist()
    sessions: dict[int, Facts] = {}
    for row in rows:
        if row["person_id"] != person:
            continue
        device = {name: row.pop(name) for name in _DEVICE}
        row.pop("person_id")
        session = sessions.setdefault(row["session_number"], row | {"visitors": []})
        session["visitors"].append(device)
    return [sessions[number] for number in sorted(sessions)]
