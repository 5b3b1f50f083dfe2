"""Referrers that take no credit: payment and login providers that a visitor only passes through.

Facebook's log-in is not listed: its pages lie on the hosts of Facebook's posts, so that ignoring
the host would lose all visits from posts.
"""

from __future__ import annotations

from collections.abc import Iterable

from whichhalf.attribute.rules.files import read_rows, shipped

IGNORED_REFERRERS: frozenset[str] = frozenset(
    row.cells["host"]
    for row in read_rows(shipped("ignored_referrers.csv"), ("host", "why"), ("host", "why"))
)


def is_ignored(host: str, own_hosts: Iterable[str], more: Iterable[str]) -> bool:
    """Whether `host` or one of its parent domains is the user's own, listed here, or in `more`."""
    ignored = IGNORED_REFERRERS.union(map(_clean, own_hosts), map(_clean, more))
    labels = _clean(host).split(".")
    return any(".".join(labels[start:]) in ignored for start in range(len(labels)))


def _clean(host: str) -> str:
    return host.strip().lower().rstrip(".").removeprefix("www.")
