"""Undo a wrong merge: name what ties two ids together, see what a cut changes, decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from whichhalf import sql, tables
from whichhalf.engines import Engine
from whichhalf.errors import UsageError
from whichhalf.ids import ANONYMOUS, DEVICE, USER, visitor_key
from whichhalf.project import Project
from whichhalf.stitch import persons
from whichhalf.stitch.cuts import USERS, VISITOR, pair

_PACKAGE = "whichhalf.stitch"


@dataclass(frozen=True)
class Cut:
    """What a decision is about: the ids of a row of cut_edges."""

    kind: str
    app: str | None = None
    visitor_id: str | None = None
    other_user_id: str | None = None
    user_id: str | None = None

    @property
    def text(self) -> str:
        """As a person says it."""
        if self.kind == USERS:
            return f"{self.other_user_id} from {self.user_id}"
        return f"{self.visitor_id} in {self.app} from {self.user_id or 'every user'}"

    def row(
        self, *, is_cut: bool, decided_at: datetime, decided_by: str, reason: str | None
    ) -> pa.Table:
        """The decision as a row of cut_edges."""
        key = visitor_key(self.app or "", self.visitor_id) if self.visitor_id else None
        row = {
            "cut_kind": self.kind, "app": self.app, "visitor_id": self.visitor_id,
            "visitor_key": key, "other_user_id": self.other_user_id, "user_id": self.user_id,
            "is_cut": is_cut, "decided_at": decided_at, "decided_by": decided_by,
            "reason": reason,
        }  # fmt: skip
        return pa.Table.from_pylist([row], schema=tables.table("cut_edges").arrow)


@dataclass(frozen=True)
class Effect:
    """What the next run changes. conversions_touched: those credited anew, the moved ones, too."""

    users_moved: int
    visitors_moved: int
    persons_before: int
    persons_after: int
    conversions_moved: int
    conversions_touched: int


def kind_of(identifier: str) -> str:
    """The prefix of an id. UsageError where it has none."""
    for prefix in (USER, ANONYMOUS, DEVICE):
        if identifier.startswith(prefix) and identifier != prefix:
            return prefix
    raise UsageError(
        f"{identifier!r} does not say what it is. Expected {USER}ID for a user, {ANONYMOUS}ID for"
        f" an anonymous id, {DEVICE}ID for a device."
    )


def find(project: Project, one: str, other: str | None, app: str | None) -> Cut:
    """What ties two ids (other None: one visitor to every user). UsageError where nothing does."""
    ids = sorted(filter(None, (one, other)), key=lambda id_: kind_of(id_) == USER)
    users = [id_ for id_ in ids if kind_of(id_) == USER]
    if len(users) == len(ids) and (len(ids) == 1 or ids[0] == ids[1]):
        raise UsageError(f"{one}: from whom? Name another user, or a visitor (a: or d:).")
    if not users and len(ids) > 1:
        raise UsageError(f"{one} and {other} are visitors: nothing ties two visitors but a user.")
    with project.engine() as engine:
        project.expose(engine, ["identity_edges"])
        if len(users) == len(ids):
            return _between_users(engine, *pair(*users))
        return _of_visitor(engine, ids[0], users[0] if users else None, app)


def _between_users(engine: Engine, one: str, other: str) -> Cut:
    given = pa.table({"one": [one], "other": [other], "prefix": [USER]})
    engine.relation("given", given)
    calls = engine.table(
        "select e.user_id from identity_edges as e inner join given as g"
        " on e.edge_kind = 'alias'"
        " and (e.user_id = g.other and concat(g.prefix, e.previous_id) = g.one"
        " or e.user_id = g.one and concat(g.prefix, e.previous_id) = g.other)"
    )
    if not calls.num_rows:
        raise UsageError(
            f"No alias call ties {one} to {other} directly. What ties them: whichhalf persons show"
            f" {one}"
        )
    return Cut(USERS, other_user_id=one, user_id=other)


def _of_visitor(engine: Engine, visitor: str, user: str | None, app: str | None) -> Cut:
    engine.relation("given", pa.table({"visitor_id": [visitor], "prefix": [ANONYMOUS]}))
    links = engine.table(
        "select distinct e.app, e.user_id from identity_edges as e cross join given as g"
        " where e.visitor_id = g.visitor_id"
        " or e.edge_kind = 'alias' and concat(g.prefix, e.previous_id) = g.visitor_id"
        f" and concat('{USER}', e.previous_id) not in (select user_id from identity_edges)"
    ).to_pylist()
    tied = [link for link in links if user in (None, link["user_id"])]
    apps = sorted({link["app"] for link in tied if app in (None, link["app"])})
    if not apps:
        listed = ", ".join(sorted({link["user_id"] for link in links})) or "nobody"
        raise UsageError(
            f"Nothing ties {visitor} to {user or 'a user'}{f' in {app}' if app else ''}. It was"
            f" seen with: {listed}."
        )
    if len(apps) > 1:
        raise UsageError(f"{visitor} is in several products. Name one: --app {' | '.join(apps)}")
    return Cut(VISITOR, app=apps[0], visitor_id=visitor, user_id=user)


def is_standing(project: Project, cut: Cut) -> bool:
    """Whether the latest decision about exactly these ids is to cut."""
    with project.engine() as engine:
        project.expose(engine, ["cut_edges"])
        rows = engine.table(sql.load(_PACKAGE, "standing_cuts").sql(engine.flags.dialect))
    stand = {
        Cut(r["cut_kind"], r["app"], r["visitor_id"], r["other_user_id"], r["user_id"])
        for r in rows.to_pylist()
    }
    return cut in stand


def preview(project: Project, decision: pa.Table) -> Effect:
    """What the next run would change by a decision, a row of cut_edges; nothing is written."""
    with project.engine() as engine:
        project.expose(engine, ["identity_edges", "conversions"])
        for name, as_ in (("users", "old_users"), ("persons", "old_persons")):
            engine.expose(as_, project.lake.scan(tables.table(name)))
        columns = ", ".join(tables.table("cut_edges").by_name)
        engine.expose("stored_cuts", project.lake.scan(tables.table("cut_edges")))
        engine.relation("new_cuts", decision)
        engine.view(
            "cut_edges",
            f"select {columns} from stored_cuts union all select {columns} from new_cuts",
        )
        engine.create("new_persons", persons.persons(engine, project.config)["persons"])
        effects = sql.load(_PACKAGE, "split_effects").sql(engine.flags.dialect)
        counts: dict[str, Any] = engine.table(effects).to_pylist()[0]
    return Effect(**counts)


def decide(project: Project, decision: pa.Table) -> None:
    """Store a decision, a row of cut_edges; the next run follows it. The caller holds the lock."""
    project.lake.append(tables.table("cut_edges"), decision)
