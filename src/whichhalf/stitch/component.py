"""One person: its users and visitors, and the calls that tie them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.errors import UsageError
from whichhalf.ids import USER
from whichhalf.project import Project
from whichhalf.stitch.splits import kind_of

Row = dict[str, Any]
_PERIODS = "app, visitor_id, since, until, user_id, person_id, by_call"


@dataclass(frozen=True)
class Component:
    """person_id: the person. users: its ids. visitors: periods, as in table persons.

    edges: (edge_kind, app, visitor_id or previous_id, user_id, first_at, message_id, call): every
    alias of the users, and the first call by which each visitor was seen with each of them.
    cuts: decisions about any of these ids, the latest last.
    """

    person_id: str
    users: tuple[str, ...]
    visitors: tuple[Row, ...]
    edges: tuple[Row, ...]
    cuts: tuple[Row, ...]


def components(project: Project, identifier: str, app: str | None = None) -> list[Component]:
    """The persons that an id belongs to, by id: a visitor can belong to several in turn.

    identifier: of a user, a visitor or a person. UsageError where nobody has it.
    """
    kind = kind_of(identifier)
    with project.engine() as engine:
        versions = project.snapshot()
        names = ("users", "persons", "identity_edges")
        project.expose(engine, names, versions=versions)
        project.expose(engine, ["cut_edges"])
        engine.relation("asked", pa.table({"id": [identifier]}))
        owner = "select u.person_id from users as u inner join asked as a on u.user_id = a.id"
        if kind != USER:
            owner = "select p.person_id from persons as p inner join asked as a"
            owner += " on p.visitor_id = a.id"
            owner += f" where p.app = '{app.replace(chr(39), chr(39) * 2)}'" if app else ""
        found = engine.table(f"select distinct person_id from ({owner}) as o order by person_id")
        if not found.num_rows:
            raise UsageError(
                f"No user and no visitor with a user has the id {identifier!r} as of the last good"
                " run. A visitor that never carried a user is its own person: nothing ties it."
            )
        return [_component(engine, person) for person in found.column(0).to_pylist()]


def _component(engine: Engine, person: str) -> Component:
    engine.relation("person", pa.table({"person_id": [person], "prefix": [USER]}))
    engine.create(
        "members",
        "select u.user_id from users as u inner join person as p on u.person_id = p.person_id",
    )
    visitors = engine.table(
        f"select {', '.join(f'v.{c}' for c in _PERIODS.split(', '))} from persons as v"
        " inner join person as p on v.person_id = p.person_id order by app, visitor_id, since"
    ).to_pylist()
    edges = engine.table(
        "select edge_kind, app, tied_id, user_id, first_at, message_id, call from ("
        "select e.edge_kind, e.app, coalesce(e.visitor_id, e.previous_id) as tied_id, e.user_id,"
        " e.first_at, e.message_id, e.call, row_number() over ("
        "partition by e.edge_kind, e.app, e.visitor_id, e.previous_id, e.user_id"
        " order by e.first_at, e.message_id) as nth from identity_edges as e"
        " where e.edge_kind <> 'user' and (e.user_id in (select user_id from members)"
        f" or concat('{USER}', e.previous_id) in (select user_id from members))) as tied"
        " where nth = 1 or edge_kind = 'alias' order by first_at, message_id, tied_id"
    ).to_pylist()
    engine.relation("tied", pa.table({"id": pa.array([row["visitor_id"] for row in visitors]
                                                     + [row["tied_id"] for row in edges],
                                                     pa.string())}))  # fmt: skip
    cuts = engine.table(
        "select * from cut_edges where user_id in (select user_id from members)"
        " or other_user_id in (select user_id from members)"
        " or visitor_id in (select id from tied) order by decided_at, is_cut desc"
    ).to_pylist()
    users = engine.table("select user_id from members order by user_id").column(0).to_pylist()
    return Component(person, tuple(users), tuple(visitors), tuple(edges), tuple(cuts))
