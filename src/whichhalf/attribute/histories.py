"""Parts, sessions and touches of the persons who convert on the wanted days."""

from __future__ import annotations

from whichhalf import sql
from whichhalf.config import Config
from whichhalf.engines import Engine

_PACKAGE = "whichhalf.attribute"


def histories(engine: Engine, config: Config) -> None:
    """Materialise parts, sessions and touches of the persons who convert on these days."""
    engine.create("wanted_persons", "select distinct person_id from wanted_conversions")
    engine.create(
        "wanted_users",
        "select u.user_id from users as u inner join wanted_persons as w"
        " on u.person_id = w.person_id union select user_id from wanted_conversions"
        " where user_id is not null",
    )
    engine.create("wanted_visitors", visitors_of())
    read_histories(engine, config)


def visitors_of() -> str:
    """SELECT the visitors of wanted_persons, wanted_users and wanted_conversions."""
    # A visitor that is cut off from a user, and so not in persons, may have carried it even so.
    carried = (
        f"select visitor_key from {name} where visitor_key is not null"
        " and user_id in (select user_id from wanted_users)"
        for name in ("session_parts", "touches")
    )
    return (
        "select p.visitor_key from persons as p inner join wanted_persons as w"
        " on p.person_id = w.person_id union select visitor_key from wanted_conversions"
        f" where visitor_key is not null union {' union '.join(carried)}"
    )


def read_histories(engine: Engine, config: Config) -> None:
    """Materialise parts, sessions and touches of wanted_persons, whoever wants them.

    Reads: wanted_persons, wanted_visitors, wanted_users, new_conversions, session_parts, touches,
    excluded_visitors, users, persons.
    """
    engine.create(
        "wanted_parts",
        "select * from session_parts"
        " where visitor_key in (select visitor_key from wanted_visitors)",
    )
    engine.create(
        "wanted_touches",
        "select * from touches where visitor_key in (select visitor_key from wanted_visitors)"
        " union all select * from touches"
        " where part_id is null and user_id in (select user_id from wanted_users) and (visitor_key"
        " is null or visitor_key not in (select visitor_key from wanted_visitors))",
    )
    engine.create(
        "person_installs",
        "select c.app, c.conversion_id as install_id, c.person_id, c.converted_at as installed_at"
        " from new_conversions as c where c.conversion_kind = 'install'"
        " and c.person_id in (select person_id from wanted_persons)",
    )
    coalesce_sessions(engine, config)
    touches = sql.load(_PACKAGE, "person_touches")
    chosen = config.attribute.session_touches
    engine.create("person_touches", touches.sql(engine.flags.dialect, session_touches=chosen))


def coalesce_sessions(engine: Engine, config: Config) -> None:
    """From the parts wanted, materialise person_parts, part_sessions and person_sessions.

    Reads: wanted_parts, excluded_visitors, users, persons.
    """
    dialect = engine.flags.dialect
    engine.create("person_parts", sql.load(_PACKAGE, "person_parts").sql(dialect))
    gap = config.sessionize.session_gap_minutes
    numbered = sql.load(_PACKAGE, "part_sessions").sql(dialect, session_gap_minutes=gap)
    engine.create("part_sessions", numbered)
    engine.create("person_sessions", sql.load(_PACKAGE, "person_sessions").sql(dialect))
