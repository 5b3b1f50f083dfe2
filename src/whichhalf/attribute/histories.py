"""Parts, sessions and touches of the persons who convert on the wanted days."""

from __future__ import annotations

from whichhalf import sql
from whichhalf.config import Config
from whichhalf.engines import Engine

_PACKAGE = "whichhalf.attribute"
TO_THE_END = "timestamp '9999-12-31 00:00:00'"  # a history read whole


def histories(engine: Engine, config: Config) -> None:
    """Materialise parts, sessions and touches of the persons who convert on these days.

    Of each person as far as its conversions need: most of what people do comes after.
    """
    dialect = engine.flags.dialect
    engine.create("wanted_persons", sql.load(_PACKAGE, "wanted_persons").sql(dialect))
    _want_ids(engine)
    read_histories(engine, config, keep_parts=False)
    unfinished = sql.load(_PACKAGE, "unfinished_persons")
    gap = config.sessionize.session_gap_minutes
    widened = engine.create("unfinished", unfinished.sql(dialect, session_gap_minutes=gap))
    if widened:
        engine.create("persons_to_their_end", _TO_THEIR_END)
        engine.drop("wanted_persons")
        engine.create("wanted_persons", "select * from persons_to_their_end")
        _want_ids(engine)
        read_histories(engine, config, keep_parts=False)
    engine.drop("wanted_touches")


_TO_THEIR_END = (
    "select w.person_id, case when u.person_id is null then w.until_at"
    f" else {TO_THE_END} end as until_at"
    " from wanted_persons as w left join unfinished as u on w.person_id = u.person_id"
)


def _want_ids(engine: Engine) -> None:
    for name in ("wanted_users", "wanted_visitors"):
        engine.create(name, sql.load(_PACKAGE, name).sql(engine.flags.dialect))


def read_histories(engine: Engine, config: Config, *, keep_parts: bool = True) -> None:
    """Materialise parts, sessions and touches of wanted_persons, whoever wants them.

    keep_parts: whether wanted_parts is read again afterwards; else it is not held in memory.
    Reads: wanted_persons, wanted_visitors and wanted_users (each with until_at), new_conversions,
    session_parts, touches, excluded_visitors, users, persons.
    """
    dialect = engine.flags.dialect
    hold = engine.create if keep_parts else engine.view
    hold("wanted_parts", sql.load(_PACKAGE, "parts_until").sql(dialect))
    engine.create("wanted_touches", sql.load(_PACKAGE, "touches_until").sql(dialect))
    engine.create(
        "person_installs",
        "select c.app, c.conversion_id as install_id, c.person_id, c.converted_at as installed_at"
        " from new_conversions as c where c.conversion_kind = 'install'"
        " and c.person_id in (select person_id from wanted_persons)",
    )
    coalesce_sessions(engine, config)
    touches = sql.load(_PACKAGE, "person_touches")
    chosen = config.attribute.session_touches
    engine.create("person_touches", touches.sql(dialect, session_touches=chosen))


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
