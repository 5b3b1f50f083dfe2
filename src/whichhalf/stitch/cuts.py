"""Cuts: which alias calls tie nobody together any more."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.ids import ANONYMOUS, as_user

USERS, VISITOR = "users", "visitor"


def pair(one: str, other: str) -> tuple[str, str]:
    """Two user ids in the order in which a cut names them."""
    return (one, other) if one <= other else (other, one)


@dataclass(frozen=True)
class Cuts:
    """users: pairs of users. visitors: (app, visitor id, user id), user id None for every user."""

    users: Set[tuple[str, str]]
    visitors: Set[tuple[str, str, str | None]]

    @staticmethod
    def read(engine: Engine) -> Cuts:
        """What stands in relation standing_cuts."""
        rows = engine.table(
            "select cut_kind, app, visitor_id, other_user_id, user_id from standing_cuts"
        ).to_pylist()
        return Cuts(
            frozenset((r["other_user_id"], r["user_id"]) for r in rows if r["cut_kind"] == USERS),
            frozenset(
                (r["app"], r["visitor_id"], r["user_id"]) for r in rows if r["cut_kind"] == VISITOR
            ),
        )

    def believed(self, aliases: pa.Table) -> pa.Table:
        """Alias calls (app, previous_id, user_id …) that no cut is about.

        Whether the earlier id is a user's or a visitor's can turn out late; a cut holds either way.
        """
        if not (self.users or self.visitors):
            return aliases
        columns = (aliases.column(name).to_pylist() for name in ("app", "previous_id", "user_id"))
        kept = [not self._is_cut(*call) for call in zip(*columns, strict=True)]
        return aliases.filter(pa.array(kept, pa.bool_()))

    def _is_cut(self, app: str, earlier: str, user: str) -> bool:
        visitor = f"{ANONYMOUS}{earlier}"
        return (
            pair(as_user(earlier), user) in self.users
            or (app, visitor, user) in self.visitors
            or (app, visitor, None) in self.visitors
        )
