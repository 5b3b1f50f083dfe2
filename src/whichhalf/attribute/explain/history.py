"""Make one person's history readable: nobody else's rows are computed."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from whichhalf import sql
from whichhalf.attribute.credits import judge
from whichhalf.attribute.histories import TO_THE_END, read_histories
from whichhalf.attribute.lookback import load_lookback
from whichhalf.engines import Engine
from whichhalf.ids import visitor_key
from whichhalf.project import Project

_WHOLE = (
    "conversions", "users", "persons", "session_parts", "touches", "excluded_visitors", "sources",
    "identity_edges", "refused_merges", "rates", "payments", "model_fits",
)  # fmt: skip
_BY_DAY = ("touch_credits", "unattributed", "key_events", "loaded_conversions")

READ = tuple(sorted((*_WHOLE, *_BY_DAY, "events")))  # what an explanation is made from


def prepare(project: Project, engine: Engine, person: str) -> None:
    """Make a person's parts, sessions, touches and candidates; narrow what else is read to them.

    All of the person's conversions are wanted: one may end the cycle of another.
    """
    project.expose(engine, _WHOLE, versions=project.snapshot())
    engine.relation("asked_persons", pa.table({"person_id": [person]}))
    engine.create(
        "wanted_persons", f"select person_id, {TO_THE_END} as until_at from asked_persons"
    )
    engine.create(
        "new_conversions",
        "select * from conversions where person_id in (select person_id from wanted_persons)",
    )
    engine.create("wanted_keys", "select app, conversion_id, conversion_kind from new_conversions")
    dialect = engine.flags.dialect
    numbered = sql.load("whichhalf.attribute", "wanted_conversions").sql(dialect)
    engine.create("wanted_conversions", numbered)
    _want_ids(engine, person)
    visitors = "visitor_key in (select visitor_key from wanted_visitors)"
    users = "user_id in (select user_id from wanted_users)"
    _narrow(engine, "persons", visitors)
    _narrow(engine, "excluded_visitors", visitors)
    _narrow(engine, "identity_edges", f"{visitors} or {users}")
    _narrow(engine, "refused_merges", users)
    read_histories(engine, project.config)
    judge(
        engine,
        project.config,
        load_lookback(project.config.attribute, project.folder),
        with_later=True,
    )
    _read_credit(project, engine)


def _want_ids(engine: Engine, person: str) -> None:
    """Visitors and users of the person; one that nobody knows by a user is its own visitor."""
    visitor, _, app = person.rpartition("@")
    engine.relation("own_visitor", pa.table({"visitor_key": [visitor_key(app, visitor)]}))
    dialect = engine.flags.dialect
    engine.create("known_users", sql.load("whichhalf.attribute", "wanted_users").sql(dialect))
    engine.create(
        "wanted_users",
        "select user_id, until_at from known_users"
        " union select person_id, until_at from wanted_persons",
    )
    known = sql.load("whichhalf.attribute", "wanted_visitors").sql(dialect)
    engine.create("known_visitors", known)
    engine.create(
        "wanted_visitors",
        "select visitor_key, until_at from known_visitors"
        f" union select visitor_key, {TO_THE_END} from own_visitor",
    )


def _read_credit(project: Project, engine: Engine) -> None:
    """Make what is stored by day readable: only the days on which the person converts."""
    distinct = engine.table("select distinct day from new_conversions order by day")
    days: list[date] = distinct.column(0).to_pylist()
    versions = project.snapshot() if days else {}
    project.expose(engine, _BY_DAY, versions=versions, days=days)
    person = "person_id in (select person_id from wanted_persons)"
    _narrow(engine, "touch_credits", person)
    _narrow(engine, "unattributed", person)


def _narrow(engine: Engine, name: str, which: str) -> None:
    """Keep some rows of a relation, under its name."""
    engine.create("narrowed", f"select * from {name} where {which}")
    engine.drop(name)
    engine.create(name, "select * from narrowed")
    engine.drop("narrowed")
