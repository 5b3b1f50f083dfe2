"""Web server logs in Combined Log Format → events, one `page` call a line.

A visitor is a keyed hash of address and user agent: neither the address nor the remote user's
name leaves this file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.events.access_drops import dropped_by
from whichhalf.collect.events.access_lines import (
    FORMAT,
    LOST,
    raw_lines,
    read_lines,
    split_fields,
)
from whichhalf.collect.events.agents import parse_agents, take_agents
from whichhalf.collect.events.urls import TAGS, parse_urls, referrer_hosts, take_parts
from whichhalf.collect.reading import Bad, Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.tables.inputs import EVENTS

_NONE = pa.scalar(None, pa.string())
_DETAILS = {
    "not_utf8": "bytes that are no UTF-8 (shown as U+FFFD)",
    "cut_off": FORMAT,
    "impossible_time": "the time cannot be read, or lies before 2000; expected"
    " [day/Mon/year:hour:minute:second +zone], like [17/May/2015:10:05:03 +0000]",
}
_REQUEST_DETAIL = "the request cannot be read; expected METHOD /path HTTP/version"


def read_file(path: Path, source: SourceConfig, config: Config) -> Parsed:
    """Return the events of one log, plain or gzipped.

    Lines that `source.drop` leaves out are counted by step; blank ones under `blank`.
    """
    return _read(read_lines(path), source, config)


def read_raw(raws: Sequence[Raw], source: SourceConfig, config: Config) -> Parsed:
    """Return the events of lines that were set aside."""
    return _read(raw_lines(raws), source, config)


def _read(lines: pa.Table, source: SourceConfig, config: Config) -> Parsed:
    """Bad lines first, then those that a step drops, then those whose request is unreadable."""
    filled = lines.filter(pc.not_equal(pc.utf8_trim_whitespace(lines["text"]), ""))
    fields = _with(filled, split_fields(filled["text"].combine_chunks()))
    broken = _broken(fields)
    good = _put_agent(fields.filter(pc.is_null(broken)))
    by = dropped_by(good, source.drop, source.name)
    kept = good.filter(pc.is_null(by))
    readable = pc.is_valid(kept["target"])
    bad = _bad(filled, broken, _DETAILS)
    unread = pc.if_else(readable, _NONE, "cut_off")
    bad += _bad(kept, unread, {"cut_off": _REQUEST_DETAIL})
    dropped = Counter(name for name in by.to_pylist() if name)
    dropped["blank"] += len(lines) - len(filled)
    return Parsed(
        "events",
        _events(kept.filter(readable), source, config),
        len(lines),
        tuple(sorted(bad, key=lambda one: one.position)),
        +dropped,
        _notes(fields, config),
    )


def _with(table: pa.Table, more: pa.Table) -> pa.Table:
    """Both tables' columns, side by side."""
    return pa.table({**dict(_columns(table)), **dict(_columns(more))})


def _columns(table: pa.Table) -> zip[tuple[str, pa.ChunkedArray]]:
    return zip(table.column_names, table.columns, strict=True)


def _put_agent(lines: pa.Table) -> pa.Table:
    """The lines with device, os, browser and is_bot; an agent that says nothing is a bot."""
    agents = take_agents(lines["agent"], parse_agents(lines["agent"])).drop_columns("user_agent")
    is_bot = pc.fill_null(agents["is_bot"], True)
    return _with(lines, _with(agents, pa.table({"is_bot": is_bot})))


def _broken(lines: pa.Table) -> pa.Array:
    """Why each line cannot be read truly; null where it can."""
    return pc.case_when(
        pc.make_struct(
            pc.match_substring(lines["text"], LOST),
            pc.is_null(lines["address"]),
            pc.is_null(lines["at"]),
        ),
        "not_utf8",
        "cut_off",
        "impossible_time",
    )


def _bad(lines: pa.Table, reasons: pa.Array, details: dict[str, str]) -> list[Bad]:
    """The lines that have a reason."""
    mask = pc.is_valid(reasons)
    found = lines.filter(mask)
    return [
        Bad(position, reason, details[reason], text)
        for position, reason, text in zip(
            found["position"].to_pylist(),
            reasons.filter(mask).to_pylist(),
            found["text"].to_pylist(),
            strict=True,
        )
    ]


def _notes(lines: pa.Table, config: Config) -> tuple[str, ...]:
    notes = []
    if len(lines) and pc.count(lines["address"]).as_py() == 0:
        notes.append(f"No line is in Combined Log Format: {FORMAT}. Is it another kind of file?")
    if not config.collect.visitor_salt:
        notes.append(
            "Visitors are hashed without a secret, so their addresses could be found by trying all."
            " Set [collect] visitor_salt, or WHICHHALF_COLLECT_VISITOR_SALT."
        )
    return tuple(notes)


def _events(lines: pa.Table, source: SourceConfig, config: Config) -> pa.Table:
    """The rows of table events; columns that no log knows are null."""
    url = _urls(lines["target"], source, config)
    parts = take_parts(url, parse_urls(url))
    hashes = _line_hashes(lines["text"])
    known = {
        "app": pa.repeat(source.app, len(lines)),
        "message_id": _with_ordinals(hashes),
        "visitor_id": _visitors(lines, config.collect.visitor_salt),
        "call": pa.repeat("page", len(lines)),
        "occurred_at": lines["at"],
        "received_at": lines["at"],
        "url": url,
        **{name: parts[name] for name in ("url_host", "url_path", *TAGS)},
        "referrer": lines["referrer"],
        "referrer_host": referrer_hosts(lines["referrer"]),
        "user_agent": lines["agent"],
        **{name: lines[name] for name in ("device", "os", "browser")},
        "properties": _properties(lines),
        "content_hash": pa.array(hashes, pa.string()),
    }
    schema = pa.schema([field for field in EVENTS.arrow if field.name != "day"])
    return pa.table(
        [known.get(f.name, pa.nulls(len(lines), f.type)) for f in schema],
        schema=schema,
    )


def _urls(targets: pa.ChunkedArray, source: SourceConfig, config: Config) -> pa.ChunkedArray:
    """Whole addresses; requests through a proxy carry theirs."""
    host = next(iter(config.sessionize.own_hosts), source.app)
    whole = pc.binary_join_element_wise(f"https://{host}", targets, "")
    return pc.if_else(pc.match_substring_regex(targets, "^(?i:https?)://"), targets, whole)


def _line_hashes(texts: pa.ChunkedArray) -> list[str]:
    return [blake2b(text.encode(), digest_size=16).hexdigest() for text in texts.to_pylist()]


def _with_ordinals(hashes: Sequence[str]) -> pa.Array:
    """hash-0, hash-1 … for identical lines: real logs repeat lines within a second."""
    seen: Counter[str] = Counter()
    ids = []
    for one in hashes:
        ids.append(f"{one}-{seen[one]}")
        seen[one] += 1
    return pa.array(ids, pa.string())


def _visitors(lines: pa.Table, salt: str) -> pa.Array:
    """'a:' + hash of address and agent, keyed with the salt. Distinct pairs are hashed once."""
    key = blake2b(salt.encode()).digest() if salt else b""
    pairs = pc.binary_join_element_wise(lines["address"], pc.fill_null(lines["agent"], "-"), "\n")
    coded = pairs.combine_chunks().dictionary_encode()
    visitors = (
        f"a:{blake2b(pair.encode(), digest_size=16, key=key).hexdigest()}"
        for pair in coded.dictionary.to_pylist()
    )
    return pa.array(visitors, pa.string()).take(coded.indices)


def _properties(lines: pa.Table) -> pa.ChunkedArray:
    """JSON of what the log says beside; its values need no escaping (access_lines checks them)."""
    status, count = (lines[name].cast(pa.string()) for name in ("status", "bytes"))
    return pc.binary_join_element_wise(
        '{"status":', status, ',"bytes":', count, ',"method":"', lines["method"], '"}', ""
    )
