"""Put rows into input tables: every key once, whatever is loaded twice, late or again.

Events: retries of one message id are one event, the one received first (ties by content). All other
tables: a key that is loaded again replaces; an equal row is a duplicate. Only days in which a row
gives way are rewritten; all other rows are appended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.ids import visitor_key_sql
from whichhalf.lake import Lake
from whichhalf.tables import Table

# Tables with a key that could come back on another day than its own, and which are too long to
# search whole: only this many days around are searched (events: [collect] dedupe_days).
LONG_TABLES = frozenset({"events", "clicks", "impressions", "interactions", "loaded_touches"})


@dataclass(frozen=True)
class Stored:
    """loaded: rows in the table now that were not, or not so. duplicates: rows that changed nothing.

    replaced: rows of before that gave way (they count in `loaded`).
    """

    loaded: int
    duplicates: int
    replaced: int


def store(lake: Lake, engine: Engine, table: Table, rows: pa.Table, dedupe_days: int) -> Stored:
    """Merge rows (columns of the table but `day`) into a table. The caller holds the run lock.

    Rows of one call may repeat keys among events only.
    """
    engine.relation("arriving", rows)
    engine.create("incoming", _with_day(table))
    if table.name == "events":
        _settle_retries(engine, table)
    days = _days(engine, "incoming") if table.partitioned else []
    searched = _searched(lake, table, days, dedupe_days)
    engine.expose("stored", lake.scan(table, days=searched or [date(1, 1, 1)]))
    if not table.partitioned:
        engine.expose("stored", lake.scan(table))
    _settle_stored(engine, table)
    stored = _commit(lake, engine, table)
    for name in ("appended", "arriving", "incoming", "met", "winners", "displaced"):
        engine.drop(name)
    return Stored(stored.loaded, rows.num_rows - stored.loaded, stored.replaced)


def _with_day(table: Table) -> str:
    """The rows with visitor_key and day, which readers leave to this place."""
    columns = []
    for column in table.columns:
        if column.name == "day":
            columns.append(f"cast({table.clock} as date) as day")
        elif column.name == "visitor_key":
            columns.append(f"{visitor_key_sql('app', 'visitor_id')} as visitor_key")
        else:
            columns.append(column.name)
    return f"select {', '.join(columns)} from arriving"


def _settle_retries(engine: Engine, table: Table) -> None:
    """Of events with one message id, keep the one received first, ties by content."""
    key = ", ".join(table.grain)
    repeated = f"select {key} from incoming group by {key} having count(*) > 1"
    if not engine.create("repeated", repeated):
        return
    columns = ", ".join(f"i.{column.name}" for column in table.columns)
    match = " and ".join(f"i.{name} = r.{name}" for name in table.grain)
    owned = ", ".join(f"i.{name}" for name in table.grain)
    ordered = (
        f"row_number() over (partition by {owned}"
        f" order by i.received_at, {_content(table, 'i')})"
    )
    names = ", ".join(column.name for column in table.columns)
    engine.create(
        "settled",
        f"select {columns} from incoming as i left join repeated as r on {match}"
        f" where r.message_id is null union all select {names} from (select {columns},"
        f" {ordered} as ordinal"
        f" from incoming as i inner join repeated as r on {match}) as retries where ordinal = 1",
    )
    engine.create("incoming", "select * from settled")
    engine.drop("settled")


def _searched(lake: Lake, table: Table, days: list[date], dedupe_days: int) -> list[date]:
    """Days in which a stored row of the same key can lie."""
    if not table.partitioned or not days:
        return []
    present = lake.days(table)
    if table.clock in table.grain:
        return [day for day in present if day in set(days)]
    if table.name not in LONG_TABLES:
        return present
    around = {day + timedelta(days=n) for day in days for n in range(-dedupe_days, dedupe_days + 1)}
    return [day for day in present if day in around]


def _settle_stored(engine: Engine, table: Table) -> None:
    """Split incoming rows into winners and duplicates, and name the stored rows that give way."""
    match = " and ".join(f"i.{name} is not distinct from s.{name}" for name in table.grain)
    if table.name == "events":
        wins = (
            "i.received_at < s.received_at or (i.received_at = s.received_at"
            f" and {_content(table, 'i')} < {_content(table, 's')})"
        )
    else:
        compared = [c.name for c in table.columns if c.name not in (*table.grain, "loaded_from")]
        wins = " or ".join(f"i.{name} is distinct from s.{name}" for name in compared) or "false"
    key = ", ".join(f"i.{name}" for name in table.grain)
    day = "s.day" if table.partitioned else "date '1970-01-01'"
    engine.create(
        "met",
        f"select {key}, {day} as stored_day, ({wins}) as wins"
        f" from incoming as i inner join stored as s on {match}",
    )
    joined = " and ".join(f"i.{name} is not distinct from m.{name}" for name in table.grain)
    columns = ", ".join(f"i.{column.name}" for column in table.columns)
    engine.create(
        "winners",
        f"select {columns}, m.wins is not null as displaces from incoming as i"
        f" left join met as m on {joined} where m.wins is null or m.wins",
    )
    engine.create("displaced", "select * from met where wins")


def _content(table: Table, side: str) -> str:
    """Hash of everything that a row says: breaks ties the same way in whatever order rows come."""
    said = ", ".join(f"coalesce(cast({side}.{c.name} as varchar), '')" for c in table.columns)
    return f"md5(concat_ws(chr(31), {said}))"


def _commit(lake: Lake, engine: Engine, table: Table) -> Stored:
    columns = ", ".join(column.name for column in table.columns)
    match = " and ".join(f"s.{name} is not distinct from d.{name}" for name in table.grain)
    replaced = _count(engine, "displaced")
    loaded = _count(engine, "winners")
    if not table.partitioned:
        if replaced:
            kept = (
                f"select {columns} from stored as s"
                f" where not exists (select 1 from displaced as d where {match})"
            )
            lake.replace(table, engine.query(f"{kept} union all select {columns} from winners"))
        elif loaded:
            lake.append(table, engine.query(f"select {columns} from winners"))
        return Stored(loaded, 0, replaced)
    if replaced:
        rewritten = _days(engine, "displaced", "stored_day", and_of="winners where displaces")
        listed = ", ".join(f"date '{day}'" for day in rewritten)
        rows = engine.query(
            f"select {columns} from stored as s where day in ({listed})"
            f" and not exists (select 1 from displaced as d where {match})"
            f" union all select {columns} from winners where day in ({listed})"
        )
        lake.replace_days(table, rows, dict.fromkeys(rewritten, ""))
        engine.create("appended", f"select {columns} from winners where day not in ({listed})")
    else:
        engine.view("appended", f"select {columns} from winners")
    days = _days(engine, "appended")
    if days:
        lake.append(table, engine.query(f"select {columns} from appended"), days)
    return Stored(loaded, 0, replaced)


def _days(
    engine: Engine, relation: str, column: str = "day", and_of: str | None = None
) -> list[date]:
    more = f" union select day from {and_of}" if and_of else ""
    rows = engine.table(f"select distinct {column} as day from {relation}{more} order by day")
    days: list[date] = rows.column("day").to_pylist()
    return days


def _count(engine: Engine, relation: str) -> int:
    return int(engine.table(f"select count(*) as n from {relation}").column(0)[0].as_py())
