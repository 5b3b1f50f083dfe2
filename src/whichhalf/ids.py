"""Ids are strings with a prefix for their kind; beside a visitor's id stands its 64-bit key.

a:  anonymous id of a browser or an app      d:  device id      u:  user id of the product
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pyarrow as pa

ANONYMOUS, DEVICE, USER = "a:", "d:", "u:"

# Words that clients send when they have no id. Compared in lower case.
_WORDS = "0 -1 null (null) nil none nan undefined unknown anonymous guest true false not_set"
_ZEROS = "00000000-0000-0000-0000-000000000000"
NOBODY = frozenset((*_WORDS.split(), "", "[object object]", "(not set)", _ZEROS))

USER_IDS = pa.schema([("user_id", pa.string())])


def as_user(identifier: str) -> str:
    """Give a raw user id its prefix."""
    return f"{USER}{identifier}"


def users_named(identifiers: Iterable[str]) -> pa.Table:
    """Return raw user ids, each once and with its prefix, as a relation of one column: user_id."""
    return pa.table({"user_id": sorted(map(as_user, set(identifiers)))}, schema=USER_IDS)


def visitor_key(app: str, visitor_id: str) -> int:
    """Return the signed 64-bit key of a visitor: the low half of md5(app, 0x1f, visitor id).

    Two of n visitors share a key with odds of about n² / 2^65: one in 369,000 for 10⁷ of them.
    """
    digest = hashlib.md5(f"{app}\x1f{visitor_id}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little", signed=True)


def visitor_key_sql(app: str, visitor_id: str) -> str:
    """Return the same key as DuckDB's SQL, of two SQL expressions; null where the id is null."""
    return f"md5_number_lower({app} || chr(31) || {visitor_id})::bit::bigint"
