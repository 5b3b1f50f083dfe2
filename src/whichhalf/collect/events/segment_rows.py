"""Rows of `events` from what was read of Segment's lines: addresses and agents taken apart.

Both are looked at once a distinct value; a column that nothing says anything about is never built.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.events.agents import parse_agents, take_agents
from whichhalf.collect.events.urls import TAGS, parse_urls, referrer_hosts, take_parts
from whichhalf.tables import TABLES

EVENTS = pa.schema([field for field in TABLES["events"].arrow if field.name != "day"])
# Columns of the rows beside those of events: where a line stood, and how its properties are built.
PLACES = pa.schema([("file", pa.int32()), ("position", pa.int64()), ("structure", pa.string())])
_SAID = {"source": True, "medium": True, "campaign": False, "content": False, "term": False}
_NONE = pa.scalar(None, pa.string())


def event_rows(read: pa.Table, app: str) -> pa.Table:
    """Return columns PLACES and EVENTS for lines without a reason, in their order.

    read: columns of segment_sql.READ. message_id is null where the line has none.
    """
    columns = {name: read[name].combine_chunks() for name in read.column_names}
    columns["app"] = pa.repeat(pa.scalar(app, pa.string()), read.num_rows)
    columns |= _address_parts(columns) | _agent_parts(columns)
    columns["referrer_host"] = referrer_hosts(columns["referrer"])
    return pa.table(
        {
            field.name: columns[field.name].cast(field.type)
            if field.name in columns
            else pa.nulls(read.num_rows, field.type)
            for field in (*PLACES, *EVENTS)
        }
    )


def _address_parts(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Host, path and tags of the address; what the context says fills in where it has no source."""
    parts = take_parts(columns["url"], parse_urls(columns["url"]))
    found = {name: parts[name].combine_chunks() for name in ("url_host", "url_path", *TAGS)}
    bare = pc.is_null(found["source"])
    for name, is_lower in _SAID.items():
        said = columns[f"said_{name}"]
        if said.null_count < len(said):
            said = pc.utf8_lower(said) if is_lower else said
            found[name] = pc.coalesce(found[name], pc.if_else(bare, said, _NONE))
    return found


def _agent_parts(columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Device, system and browser of the agent, where the context does not say them."""
    agents = columns["user_agent"]
    parts = take_agents(agents, parse_agents(agents))
    found = {name: parts[name].combine_chunks() for name in ("device", "os", "browser")}
    said = {name: columns[name] for name in ("device", "os")}
    return found | {name: pc.coalesce(said[name], found[name]) for name in said}
