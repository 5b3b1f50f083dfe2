"""Events and touches from files of one's own: hashes, message ids, addresses taken apart."""

from __future__ import annotations

import hashlib
from collections import Counter

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.drafts import Draft
from whichhalf.collect.events.urls import TAGS, parse_urls, referrer_hosts, take_parts
from whichhalf.tables import Table
from whichhalf.tables.schema import ARROW_TYPES

STRING, TIMESTAMP = ARROW_TYPES["string"], ARROW_TYPES["timestamp"]


def put_event_keys(draft: Draft, cells: dict[str, pa.Array]) -> Draft:
    """Events: fill content_hash, message_id and received_at.

    content_hash: of the cells as given, whatever their order. message_id: that hash and the row's
    number among identical rows, from 0, since real logs repeat lines.
    """
    unnamed = pc.is_null(draft["message_id"]) if "message_id" in draft else None
    if unnamed is None or pc.any(unnamed).as_py():
        hashes = _hashes(cells, draft.rows)
        own = pa.array(hashes, STRING)
        own = own if unnamed is None else pc.if_else(unnamed, own, pa.scalar(None, STRING))
        draft = draft.fill("content_hash", own, STRING)
        seen: Counter[str] = Counter()
        ids = []
        for key in hashes:
            ids.append(f"{key}-{seen[key]}")
            seen[key] += 1
        draft = draft.fill("message_id", pa.array(ids, STRING), STRING)
    return draft.fill("received_at", draft["occurred_at"], TIMESTAMP)


def _hashes(cells: dict[str, pa.Array], rows: int) -> list[str]:
    names = sorted(cells)
    columns = [cells[name].to_pylist() for name in names]
    lines = zip(*columns, strict=True) if names else iter([()] * rows)
    return [
        hashlib.blake2b(
            orjson.dumps([pair for pair in zip(names, line, strict=True) if pair[1] is not None]),
            digest_size=16,
        ).hexdigest()
        for line in lines
    ]


def put_addresses(draft: Draft) -> Draft:
    """Events: take url and referrer apart, where their parts are not given."""
    empty = pa.nulls(draft.rows, STRING)
    if "url" in draft:
        parts = take_parts(draft["url"], parse_urls(draft["url"]))
        for name in ("url_host", "url_path"):
            draft = draft.fill(name, _flat(parts[name]), STRING)
        draft = _put_tags(draft, parts)
    if "referrer" in draft:
        draft = draft.fill("referrer_host", referrer_hosts(draft["referrer"]), STRING)
    return draft.put(**{name: empty for name in TAGS if name not in draft})


def put_referrer_tags(draft: Draft) -> Draft:
    """Installs: take the referrer string apart (utm_source=…&gclid=…), where tags are not given."""
    if "referrer" not in draft:
        return draft
    urls = pc.binary_join_element_wise("https://x/?", draft["referrer"], "").cast(STRING)
    return _put_tags(draft, take_parts(urls, parse_urls(urls)))


def _put_tags(draft: Draft, parts: pa.Table) -> Draft:
    """Fill all TAGS of the rows that give none of them.

    Half of one link and half of another would be a source that never was.
    """
    bare = pa.array([True] * draft.rows, pa.bool_())
    for name in TAGS:
        bare = pc.and_(bare, pc.is_null(draft[name])) if name in draft else bare
    for name in TAGS:
        found = pc.if_else(bare, _flat(parts[name]), pa.scalar(None, STRING))
        draft = draft.fill(name, found, STRING)
    return draft


def put_lower_case(draft: Draft, target: Table) -> Draft:
    """source, medium and hosts in lower case, as the tables promise; countries in capitals."""
    for name in ("source", "medium", "url_host", "referrer_host"):
        if name in draft and name in target.by_name:
            draft = draft.put(**{name: pc.utf8_lower(draft[name])})
    if "country" in draft and "country" in target.by_name:
        given = draft["country"]
        is_code = pc.match_substring_regex(given, "^[A-Za-z]{2}$")
        draft = draft.put(country=pc.if_else(is_code, pc.utf8_upper(given), given))
    return draft


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
