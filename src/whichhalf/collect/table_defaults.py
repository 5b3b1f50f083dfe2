"""What a table file may leave out, and what it is filled with; ids with their prefixes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.drafts import Draft
from whichhalf.config import SourceConfig
from whichhalf.tables import Table
from whichhalf.tables.schema import ARROW_TYPES

STRING = ARROW_TYPES["string"]
NOT_BROKEN_DOWN = "(not broken down)"

# Other names that columns may have, by table.
ALIASES: dict[str, dict[str, str]] = {
    "loaded_rates": {"date": "quoted_on", "rate": "units_per_base"},
    "ad_costs": {"date": "local_on", "day": "local_on"},
    "survey_answers": {"asked_at": "answered_at"},
    "loaded_touches": {"occurred_at": "touched_at", "type": "touch_type"},
    "loaded_conversions": {
        "occurred_at": "converted_at",
        "kind": "conversion_kind",
        "value": "amount",
    },
}
# Columns that are worked out from others where they are missing.
WORKED_OUT: dict[str, tuple[str, ...]] = {
    "ad_costs": ("starts_at", "hours", "local_on", "source_report"),
    "events": ("message_id", "received_at", "content_hash"),
}
# Columns that files may have beside those of a table that has visitor_id.
OTHER_IDS: dict[str, str] = {"anonymous_id": "a:", "device_id": "d:"}

# Tables whose rows are about somebody, or about nothing. (Clicks and impressions that networks
# report carry no id of a visitor; installs are matched by more than ids.)
NEED_SOMEBODY = frozenset(
    {"events", "payments", "loaded_touches", "loaded_conversions", "survey_answers"}
)

# What software writes where it has no id. iOS gives the zero UUID to apps that may not track.
_NOBODY = (
    r"(?i)^\s*(?:[uad]:)?\s*"
    r"(?:null|undefined|none|nan|0|0{8}-?0{4}-?0{4}-?0{4}-?0{12})?\s*$"
)
_MANGLED = r"^\s*(?:[uad]:)?[0-9](?:\.[0-9]+)?[eE]\+[0-9]+\s*$"


def constants(target: Table, source: SourceConfig, file: str) -> dict[str, Any]:
    """Return the value of each column of `target` that nulls are filled with."""
    account = {"network": source.network, "account_id": source.account_id}
    known: dict[str, dict[str, Any]] = {
        "ad_costs": {
            **account,
            "time_zone": source.time_zone,
            "currency": source.currency,
            "country": NOT_BROKEN_DOWN,
            "os": NOT_BROKEN_DOWN,
            "impressions": 0,
            "clicks": 0,
            "loaded_from": f"{source.name}:{file}",
        },
        "loaded_campaigns": account,
        "platform_results": {**account, "attribution_window": "(default)"},
        "loaded_rates": {
            "rate_source": source.name,
            "priority": source.priority,
            "base": source.currency,
        },
        "payments": {"version": 0, "quantity": 1},
    }
    filled = {"app": source.app, **known.get(target.name, {})}
    return {name: v for name, v in filled.items() if name in target.by_name and v != ""}


def put_constants(draft: Draft, target: Table, values: dict[str, Any]) -> Draft:
    """Fill columns by `constants`."""
    for name, value in values.items():
        draft = draft.fill(name, value, target.by_name[name].arrow.type)
    return draft


def put_ids(draft: Draft, target: Table) -> Draft:
    """Prefix user and visitor ids ('u:', 'a:' or 'd:'); ids that mean nobody become null."""
    draft = _blame_mangled(draft)
    for name in ("user_id", "other_user_id"):
        if name in target.by_name and name in draft:
            draft = draft.put(**{name: prefixed(draft[name], "u:")})
    for name in ("previous_id", "group_id"):
        if name in target.by_name and name in draft:
            draft = draft.put(**{name: _somebody(draft[name])})
    if "visitor_id" in target.by_name:
        given = {"visitor_id": "a:"} | OTHER_IDS
        ids = [prefixed(draft[n], prefix) for n, prefix in given.items() if n in draft]
        draft = draft.put(visitor_id=pc.coalesce(*ids)) if ids else draft
    if target.name in NEED_SOMEBODY:
        ids = [draft[name] for name in ("user_id", "visitor_id")]
        person = "person_id, " if "person_id" in draft else ""
        detail = f"none of {person}user_id, visitor_id, anonymous_id, device_id names somebody"
        draft = draft.blame(pc.and_(*map(pc.is_null, ids)), "missing_id", detail)
    return draft


def _blame_mangled(draft: Draft) -> Draft:
    """Call rows wrong whose ids a spreadsheet rounded: the digits are gone."""
    for name in draft.columns:
        if name.endswith("_id") and draft[name].type == STRING:
            column = draft[name]
            draft = draft.blame(
                pc.match_substring_regex(column, _MANGLED),
                "mangled_id",
                lambda row, name=name, column=column: (  # type: ignore[misc]
                    f"{name} is {column[row].as_py()!r}, as a spreadsheet rounds long numbers;"
                    " export again without opening the file in one"
                ),
            )
    return draft


def _somebody(ids: pa.Array) -> pa.Array:
    """Ids without white space around; null where they mean nobody."""
    nobody = pc.match_substring_regex(ids, _NOBODY)
    return pc.utf8_trim_whitespace(pc.if_else(nobody, pa.scalar(None, STRING), ids))


def prefixed(ids: pa.Array, prefix: str) -> pa.Array:
    """Ids with their prefix, which they may have already."""
    ids = _somebody(ids)
    allowed = "^u:" if prefix == "u:" else f"^(?:{prefix}|[ad]:)"
    has = pc.match_substring_regex(ids, allowed)
    return pc.if_else(has, ids, pc.binary_join_element_wise(prefix, ids, ""))
