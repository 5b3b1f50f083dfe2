"""Whom an id means: a conversion, or the person behind a person, user or visitor id."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.errors import UsageError, nearest
from whichhalf.ids import ANONYMOUS, DEVICE, USER, visitor_key

_ASKED = pa.schema([("name", pa.string()), ("kind", pa.string())])
_HINTED = (8, 4)  # so many first characters a near id must share: many, else fewer


@dataclass(frozen=True)
class Found:
    """person_ids: whose story it is. conversions: (app, id, kind) that were asked for.

    is_person: whether a person was asked for rather than a conversion.
    """

    person_ids: tuple[str, ...]
    conversions: tuple[tuple[str, str, str], ...]
    is_person: bool


def find(engine: Engine, asked: str, kinds: Collection[str] = ()) -> Found:
    """Return what `asked` means: `ID` or `KIND:ID` of a conversion, else an id of a person.

    Reads: conversions, users, persons, session_parts, touches. UsageError where nothing fits.
    """
    rows = _conversions(engine, asked)
    if rows:
        chosen = _of_kinds(rows, kinds, asked)
        persons = tuple(sorted({row["person_id"] for row in chosen}))
        return Found(persons, tuple(map(_key, chosen)), is_person=False)
    person = _person(engine, asked)
    if person is None:
        raise UsageError(_unknown(engine, asked))
    _ask(engine, [(person, None)])
    rows = engine.table(
        "select app, conversion_id, conversion_kind from conversions"
        " where person_id in (select name from asked)"
        " order by attributed_at, converted_at, conversion_id, conversion_kind, app"
    ).to_pylist()
    chosen = _of_kinds(rows, kinds, person)
    return Found((person,), tuple(map(_key, chosen)), is_person=True)


def _key(row: dict[str, str]) -> tuple[str, str, str]:
    return row["app"], row["conversion_id"], row["conversion_kind"]


def _ask(engine: Engine, names: Sequence[tuple[str, str | None]]) -> None:
    """Ids as a relation: they never become text of a query."""
    rows = [{"name": name, "kind": kind} for name, kind in names]
    engine.relation("asked", pa.Table.from_pylist(rows, schema=_ASKED))


def _conversions(engine: Engine, asked: str) -> list[dict[str, str]]:
    """Conversions that `ID` or `KIND:ID` names. UsageError where the id has other kinds only."""
    kind, _, rest = asked.partition(":")
    _ask(engine, [(asked, None), *([(rest, kind)] if rest else [])])
    rows = engine.table(
        "select c.app, c.conversion_id, c.conversion_kind, c.person_id, a.kind"
        " from conversions as c inner join asked as a on c.conversion_id = a.name"
        " order by c.attributed_at, c.conversion_id, c.conversion_kind, c.app"
    ).to_pylist()
    whole = [row for row in rows if row["kind"] is None]
    named = [row for row in rows if row["kind"] == row["conversion_kind"]]
    if rows and not (whole or named) and kind not in (USER[0], ANONYMOUS[0], DEVICE[0]):
        there = ", ".join(f"{row['conversion_kind']}:{rest}" for row in rows)
        raise UsageError(f"Conversion {rest!r} is no {kind!r}. There is: {there}.")
    return whole or named


def _of_kinds(
    rows: list[dict[str, str]], kinds: Collection[str], whose: str
) -> list[dict[str, str]]:
    """Rows of the kinds asked for. UsageError where there is none of them."""
    there = sorted({row["conversion_kind"] for row in rows})
    for kind in kinds:
        if kind not in there:
            listed = ", ".join(there) or "no conversions at all"
            raise UsageError(f"{whose}: no {kind!r}.{nearest(kind, there)} There is: {listed}.")
    return [row for row in rows if not kinds or row["conversion_kind"] in kinds]


def _person(engine: Engine, asked: str) -> str | None:
    """The person of a person id, a user id or a visitor id, with its prefix or without."""
    prefixed = [f"{prefix}{asked}" for prefix in (USER, ANONYMOUS, DEVICE)]
    for names in ([asked], prefixed):
        persons = _persons_named(engine, names)
        if len(persons) > 1:
            raise UsageError(
                f"{asked!r} is more than one person: {', '.join(persons)}. Name one of them."
            )
        if persons:
            return persons[0]
    return None


def _persons_named(engine: Engine, names: list[str]) -> list[str]:
    """Persons of these ids. A visitor whom `persons` does not know is its own person."""
    _ask(engine, [(name, None) for name in names])
    known = engine.table(
        "select person_id from conversions where person_id in (select name from asked)"
        " union select person_id from users where user_id in (select name from asked)"
        " union select person_id from persons where visitor_id in (select name from asked)"
        " union select coalesce(u.person_id, t.user_id) from touches as t"
        " left join users as u on t.user_id = u.user_id"
        " where t.user_id in (select name from asked)"
    )
    if known.num_rows:
        return sorted(known.column(0).to_pylist())
    owns = [name.rpartition("@") for name in names]
    keys = pa.table({"visitor_key": [visitor_key(app, visitor) for visitor, _, app in owns]})
    engine.relation("asked_visitors", keys)
    own = engine.table(
        " union ".join(
            f"select concat(visitor_id, '@', app) from {name}"
            " where visitor_id in (select name from asked)"
            " or visitor_key in (select visitor_key from asked_visitors)"
            for name in ("session_parts", "touches")
        )
    )
    return sorted(own.column(0).to_pylist())


def _unknown(engine: Engine, asked: str) -> str:
    """What to say of an id that nothing has: the nearest id, and where to look."""
    hint = next(filter(None, (_near(engine, asked, length) for length in _HINTED)), "")
    return (
        f"Nothing is known of {asked!r}.{hint} Expected: a conversion (ID or KIND:ID), a person, a"
        " user id or a visitor id. They are listed by `whichhalf dump conversions`; what was loaded"
        " after the last run is known after `whichhalf run`."
    )


def _near(engine: Engine, asked: str, length: int) -> str:
    """The hint at an id that begins like the one asked for; "" where none is near."""
    _kind, _, rest = asked.partition(":")
    names = [name for name in (asked, rest, f"{USER}{asked}") if len(name) >= length]
    _ask(engine, [(name[:length], None) for name in names])
    ids = engine.table(
        "select distinct name from ("
        "select conversion_id as name from conversions union all select user_id from users"
        f") as ids where substring(name, 1, {length}) in (select name from asked)"
        " order by name limit 2000"
    )
    known = ids.column(0).to_pylist()
    return next(filter(None, (nearest(name, known) for name in names)), "")
