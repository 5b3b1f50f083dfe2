"""Ids are strings with a prefix for their kind; beside a visitor's id stands its 64-bit key.

a:  anonymous id of a browser or an app      d:  device id      u:  user id of the product
"""

from __future__ import annotations

import hashlib

ANONYMOUS, DEVICE, USER = "a:", "d:", "u:"

# Words that clients send when they have no id. Compared in lower case.
_WORDS = "0 -1 null (null) nil none nan undefined unknown anonymous guest true false not_set"
_ZEROS = "00000000-0000-0000-0000-000000000000"
NOBODY = frozenset((*_WORDS.split(), "", "[object object]", "(not set)", _ZEROS))


def visitor_key(app: str, visitor_id: str) -> int:
    """Return the signed 64-bit key of a visitor: the low half of md5(app, 0x1f, visitor id).

    Two of n visitors share a key with odds of about n² / 2^65: one in 369,000 for 10⁷ of them.
    """
    digest = hashlib.md5(f"{app}\x1f{visitor_id}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little", signed=True)


def visitor_key_sql(app: str, visitor_id: str) -> str:
    """Return the same key as DuckDB's SQL, of two SQL expressions; null where the id is null."""
    return f"md5_number_lower({app} || chr(31) || {visitor_id})::bit::bigint"
