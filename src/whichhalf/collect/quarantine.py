"""Rows that were set aside: into table `quarantine`, and back again by replay."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime

import orjson
import pyarrow as pa

from whichhalf.collect.reading import Bad
from whichhalf.config import SourceConfig
from whichhalf.engines import Engine
from whichhalf.lake import Lake
from whichhalf.tables import TABLES

TABLE = TABLES["quarantine"]


def rows_of(
    bad: Iterable[Bad], source: SourceConfig, table_name: str, file: str, now: datetime
) -> pa.Table:
    """Rows of table quarantine for what a reader set aside."""
    as_table = replace(source, kind="table", table=table_name.removeprefix("loaded_"))
    rows = [
        {
            "quarantine_id": _id(source.name, file, item),
            "source_name": source.name,
            "file": file,
            "position": item.position,
            "table_name": table_name,
            "reason": item.reason,
            "detail": item.detail,
            "raw": item.raw,
            # Money without a rate was read well: what is kept of it is the row of the table.
            "options": _options(as_table if item.reason == "no_rate" else source),
            "received_at": now,
        }
        for item in bad
    ]
    return pa.Table.from_pylist(rows, schema=TABLE.arrow)


def _options(source: SourceConfig) -> str:
    return orjson.dumps({**asdict(source), "files": []}).decode()


def _id(source: str, file: str, item: Bad) -> str:
    key = f"{source}\x1f{file}\x1f{item.position}\x1f{item.raw}".encode()
    return hashlib.blake2b(key, digest_size=16).hexdigest()


def add(lake: Lake, engine: Engine, rows: pa.Table) -> None:
    """Add rows that are not there yet; a file that is loaded again sets nothing aside twice."""
    if not rows.num_rows:
        return
    engine.expose("quarantine", lake.scan(TABLE))
    engine.relation("arriving_quarantine", rows)
    new = engine.table(
        "select * from arriving_quarantine where quarantine_id not in"
        " (select quarantine_id from quarantine) order by source_name, file, position"
    )
    if new.num_rows:
        lake.append(TABLE, new)


def remove(lake: Lake, engine: Engine, ids: Iterable[str]) -> int:
    """Take rows out, after a replay that stored them. Returns how many."""
    engine.expose("quarantine", lake.scan(TABLE))
    engine.relation("released", pa.table({"quarantine_id": pa.array(list(ids), pa.string())}))
    kept = engine.table(
        "select * from quarantine where quarantine_id not in (select quarantine_id from released)"
    )
    before = engine.table("select count(*) as n from quarantine").to_pylist()[0]["n"]
    if kept.num_rows < before:
        lake.replace(TABLE, kept)
    return int(before - kept.num_rows)


def utc_now() -> datetime:
    """Now, with its zone."""
    return datetime.now(UTC)
