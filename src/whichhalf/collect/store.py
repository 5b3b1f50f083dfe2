"""Put rows into input tables: every key once, whatever is loaded twice, late or again.

Events: retries of one message id are one event, the one received first (ties by content). All other
tables: a key that is loaded again replaces; an equal row is a duplicate. Keys decide, rows follow:
only days in which a row gives way are rewritten, all other rows are appended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.visitor_keys import visitor_keys
from whichhalf.engines import Engine
from whichhalf.ids import visitor_key_sql
from whichhalf.lake import Lake
from whichhalf.tables import Table

# Tables too long to be searched whole for a key that comes back on another day: only so many days
# around as [collect] dedupe_days says.
LONG_TABLES = frozenset({"events", "clicks", "impressions", "interactions", "loaded_touches"})
# Of these, rows with one key can meet in one call; of all others the readers settle that.
RETRIED = frozenset({"events"})
# Another report of the same thing (an export by campaign after one by ad) takes the place of the
# earlier one whole: else its spend would count twice. Table → what is reported, by which report.
REPORTED = {"ad_costs": (("network", "account_id", "local_on"), "source_report")}
# A name that changed since is no other ad: with ids, a later report takes the place of the same row
# under its earlier names. Table → the id by which rows are met, further ids with their names.
RENAMED = {
    "ad_costs": (
        ("network", "account_id", "local_on", "starts_at", "country", "os", "campaign_id"),
        (("campaign_id", "campaign_name"), ("ad_set_id", "ad_set_name"), ("ad_id", "ad_name")),
    )
}
# What rows share that bear on each other in any of these ways: of the many small files of the days
# around, the rows of others are read past once.
_SHARED = {"ad_costs": ("network", "account_id")}
_LOCAL_DAYS = 2
_RELATIONS = ("losers", "displaced", "met", "near", "stored", "keys", "arriving")


@dataclass(frozen=True)
class Stored:
    """loaded: rows that the table has now and had not, or not so. duplicates: rows without effect.

    replaced: stored rows that gave way; what took their place counts in `loaded`.
    """

    loaded: int
    duplicates: int
    replaced: int


def store(lake: Lake, engine: Engine, table: Table, rows: pa.Table, dedupe_days: int) -> Stored:
    """Merge rows (columns of the table but `day`) into a table. The caller holds the run lock.

    Rows of one call may repeat keys among events only.
    """
    if not rows.num_rows:
        return Stored(0, 0, 0)
    numbers = pa.array(np.arange(rows.num_rows, dtype=np.int64))
    engine.relation("arriving", rows.append_column("i", numbers))
    day = f"cast({table.clock} as date)" if table.clock else "cast(null as date)"
    engine.create("keys", f"select i, {', '.join(table.grain)}, {day} as day from arriving")
    days = _days(engine, "select day from keys")
    engine.create("losers", _retries(table))
    _expose_stored(lake, engine, table, days, dedupe_days)
    _put_near(engine, table)
    _meet(engine, table)
    stored = _commit(lake, engine, table, rows)
    for name in _RELATIONS:
        engine.drop(name)
    return stored


def _retries(table: Table) -> str:
    """SELECT the rows that give way to another row of the same call."""
    if table.name not in RETRIED:
        return "select i from keys where false"
    key = ", ".join(table.grain)
    own = ", ".join(f"a.{name}" for name in table.grain)
    return (
        "select i from (select a.i, row_number() over ("
        f"partition by {own} order by a.received_at, {_content(table, 'a')}, a.i) as ordinal"
        " from arriving as a inner join"
        f" (select {key} from keys group by {key} having count(*) > 1) as r"
        f" on {_same(table, 'a', 'r')}) as ranked where ordinal > 1"
    )


def _expose_stored(
    lake: Lake, engine: Engine, table: Table, days: list[date], dedupe_days: int
) -> None:
    """Make the stored rows readable whose keys can be among those that arrive."""
    if not table.partitioned:
        engine.expose("stored", lake.scan(table))
        return
    searched = days_in_reach(table, days, lake.days(table), dedupe_days)
    engine.expose("stored", lake.scan(table, days=searched) if searched else lake.nothing(table))


def days_in_reach(
    table: Table, days: Iterable[date], present: Sequence[date], dedupe_days: int
) -> list[date]:
    """Those of the days that are present in which rows of `days` look for what they replace."""
    if table.clock in table.grain:
        # Hours of one local day lie in two UTC days, in three if the account's zone changed since.
        near: Iterable[int] = range(-_LOCAL_DAYS, _LOCAL_DAYS + 1)
    elif table.name in LONG_TABLES:
        near = range(-dedupe_days, dedupe_days + 1)
    else:
        return list(present)
    wanted = {day + timedelta(days=n) for day in days for n in near}
    return [day for day in present if day in wanted]


def _put_near(engine: Engine, table: Table) -> None:
    """Keep the stored rows that can give way to those that arrive."""
    if table.name not in _SHARED:
        engine.view("near", "select * from stored")
        return
    shared = _SHARED[table.name]
    same = " and ".join(f"a.{name} = s.{name}" for name in shared)
    arrive = f"select distinct {', '.join(shared)} from arriving"
    engine.create(
        "near",
        f"select s.* from stored as s where exists (select 1 from ({arrive}) as a where {same})",
    )


def _meet(engine: Engine, table: Table) -> None:
    """Find keys that are stored already; say which stored rows give way, and which new ones do."""
    if table.name in RETRIED:
        mine, theirs = _content(table, "a"), _content(table, "s")
        wins = (
            "a.received_at < s.received_at"
            f" or (a.received_at = s.received_at and {mine} < {theirs})"
        )
    else:
        compared = [c.name for c in table.columns if c.name not in (*table.grain, *_UNCOMPARED)]
        wins = " or ".join(f"a.{n} is distinct from s.{n}" for n in compared) or "false"
    grain = ", ".join(f"k.{name}" for name in table.grain)
    stored_day = "s.day" if table.partitioned else "cast(null as date)"
    known = f"select k.i from keys as k inner join near as s on {_same(table, 'k', 's')}"
    if not engine.create("known", known):
        engine.create("met", f"select k.i, {grain}, k.day, k.day as stored_day, true as wins"
                             " from keys as k where false")  # fmt: skip
    else:
        engine.create(
            "met",
            f"select k.i, {grain}, k.day, {stored_day} as stored_day, ({wins}) as wins"
            " from keys as k inner join known as n on k.i = n.i"
            " inner join arriving as a on k.i = a.i"
            f" inner join near as s on {_same(table, 'k', 's')}"
            " where k.i not in (select i from losers)",
        )
    engine.drop("known")
    engine.create("displaced", f"select * from met where wins{_superseded(table)}")


def _superseded(table: Table) -> str:
    """Further stored rows that give way: other reports of what the arriving rows report.

    A row whose key arrives again is not among them: `_meet` has settled it, and one that comes
    again just as it is stored keeps its place.
    """
    if table.name not in REPORTED:
        return ""
    subject, report = REPORTED[table.name]
    same = " and ".join(f"a.{name} = s.{name}" for name in subject)
    grain = ", ".join(f"s.{name}" for name in table.grain)
    return (
        f" union all select cast(null as bigint), {grain}, s.day, s.day, true from near as s"
        f" where not exists (select 1 from keys as k where {_same(table, 'k', 's')})"
        f" and (exists (select 1 from arriving as a where {same} and a.{report} <> s.{report})"
        f" or exists (select 1 from arriving as a where {_renamed(table)}))"
    )


def _renamed(table: Table) -> str:
    """Whether two rows have the same ids, and other names for some of them."""
    subject, parts = RENAMED[table.name]
    same = [f"a.{name} = s.{name}" for name in subject]
    same += [f"a.{key} is not distinct from s.{key}" for key, _name in parts]
    same += [
        f"(s.{key} is not null or a.{name} is not distinct from s.{name})" for key, name in parts
    ]
    other = " or ".join(f"a.{name} is distinct from s.{name}" for _key, name in parts)
    return f"{' and '.join(same)} and ({other})"


# Filled in by this module, or says only where a row came from.
_UNCOMPARED = ("day", "visitor_key", "loaded_from")


def _commit(lake: Lake, engine: Engine, table: Table, rows: pa.Table) -> Stored:
    """Write what won: rewritten days in one commit, appended rows in another."""
    lost = "select i from losers union all select i from met where not wins"
    gone = _count(engine, lost)
    replaced = _count(engine, "select i from displaced")
    keep = f" where a.i not in ({lost})" if gone else ""
    arriving = f"select {_columns(table)} from arriving as a{keep}"
    if replaced and not table.partitioned:
        lake.replace(table, engine.query(f"{_kept(table)} union all {arriving}"))
    elif replaced:
        rewritten = _days(
            engine, "select stored_day as day from displaced union select day from displaced"
        )
        listed = ", ".join(f"date '{day}'" for day in rewritten)
        both = f"{_kept(table)} and s.day in ({listed}) union all select * from ({arriving}) as n"
        changed = engine.query(f"{both} where day in ({listed})")
        lake.replace_days(table, changed, dict.fromkeys(rewritten, ""))
        arriving = f"select * from ({arriving}) as n where day not in ({listed})"
        if days := _days(engine, arriving):
            lake.append(table, engine.query(arriving), days)
    elif rows.num_rows > gone:
        _append(lake, engine, table, rows, lost if gone else "")
    return Stored(rows.num_rows - gone, gone, replaced)


def _append(lake: Lake, engine: Engine, table: Table, rows: pa.Table, lost: str) -> None:
    """Append rows as they are: the engine only says which, and the keys of their visitors.

    lost: SELECT the numbers of rows that gave way; "" for none.
    """
    if lost:
        kept = np.ones(rows.num_rows, bool)
        kept[engine.table(lost)["i"].to_numpy()] = False
        rows = rows.filter(pa.array(kept))
    if table.clock:
        rows = rows.append_column("day", rows[table.clock].cast(pa.date32()))
    if "visitor_key" in table.by_name:
        keys = visitor_keys(engine, rows["app"], rows["visitor_id"])
        rows = rows.set_column(rows.schema.get_field_index("visitor_key"), "visitor_key", keys)
    days = pc.unique(rows["day"]).drop_null().to_pylist() if table.partitioned else []
    lake.append(table, rows.select(list(table.by_name)), sorted(days))


def _kept(table: Table) -> str:
    """SELECT the stored rows that stay."""
    columns = ", ".join(f"s.{column.name}" for column in table.columns)
    same = _same(table, "s", "d")
    return (
        f"select {columns} from stored as s"
        f" where not exists (select 1 from displaced as d where {same})"
    )


def _computed(table: Table) -> dict[str, str]:
    """Columns that readers leave to this place."""
    columns = {
        "visitor_key": f"{visitor_key_sql('app', 'visitor_id')} as visitor_key",
        "day": f"cast({table.clock} as date) as day",
    }
    return {name: sql for name, sql in columns.items() if name in table.by_name}


def _columns(table: Table) -> str:
    """All columns of the table."""
    computed = _computed(table)
    return ", ".join(computed.get(name, f"a.{name}") for name in table.by_name)


def _same(table: Table, one: str, other: str) -> str:
    """Whether two sides have the same key; parts of it may be null."""
    equal = ("{0}.{2} = {1}.{2}", "{0}.{2} is not distinct from {1}.{2}")
    return " and ".join(
        equal[table.by_name[name].nullable].format(one, other, name) for name in table.grain
    )


def _content(table: Table, side: str) -> str:
    """Hash of everything that a row says: breaks ties the same way in whatever order rows come."""
    names = [c.name for c in table.columns if c.name not in _UNCOMPARED]
    said = ", ".join(f"coalesce(cast({side}.{name} as varchar), '')" for name in names)
    return f"md5(concat_ws(chr(31), {said}))"


def _days(engine: Engine, sql: str) -> list[date]:
    rows = engine.table(f"select distinct day from ({sql}) as found order by day")
    days: list[date] = rows.column("day").to_pylist()
    return days


def _count(engine: Engine, sql: str) -> int:
    return int(engine.table(f"select count(*) as n from ({sql}) as found").column(0)[0].as_py())
