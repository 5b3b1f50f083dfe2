"""Components of users that alias calls merge, by union-find over content, never over arrival."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass

import pyarrow as pa

from whichhalf.ids import ANONYMOUS, as_user, visitor_key
from whichhalf.tables import table

MERGED_USERS = pa.schema([("user_id", pa.string()), ("person_id", pa.string())])
ALIAS_LINKS = pa.schema(
    [
        ("app", pa.string()),
        ("visitor_id", pa.string()),
        ("visitor_key", pa.int64()),
        ("user_id", pa.string()),
        ("first_at", pa.timestamp("us")),
        ("message_id", pa.string()),
        ("call", pa.string()),
    ]
)


REFUSED_MERGES = table("refused_merges").arrow


@dataclass(frozen=True)
class Merged:
    """person_of: user → person, for users that an alias merged. refused: components too large.

    tied: user of a refused component → how many other users an alias ties to it.
    limit: the most users that a component may have.
    """

    person_of: dict[str, str]
    refused: tuple[tuple[str, ...], ...]
    tied: dict[str, int]
    limit: int

    @property
    def table(self) -> pa.Table:
        """As relation merged_users."""
        rows = sorted(self.person_of.items())
        return pa.Table.from_pylist(
            [{"user_id": user, "person_id": person} for user, person in rows], schema=MERGED_USERS
        )

    @property
    def refusals(self) -> pa.Table:
        """The refused components as table refused_merges, a row a user."""
        rows = [
            {
                "user_id": user,
                "component_id": users[0],
                "reason": "too_many",
                "value": len(users),
                "threshold": self.limit,
                "tied_count": self.tied[user],
            }
            for users in self.refused
            for user in users
        ]
        return pa.Table.from_pylist(rows, schema=REFUSED_MERGES)


def merge_users(edges: Iterable[tuple[str, str]], known: Set[str], limit: int) -> Merged:
    """Merge users along alias edges (earlier user id, user id), both with their prefix.

    An edge counts only between two known users: an earlier id that was no user's is a visitor's and
    merges nobody. Components of more than `limit` users are not believed: an alias of a placeholder
    id would make the whole base one person. The person is the least user id of the component.
    """
    parent: dict[str, str] = {}
    others: dict[str, set[str]] = defaultdict(set)

    def root(user: str) -> str:
        while parent.setdefault(user, user) != user:
            parent[user] = parent[parent[user]]
            user = parent[user]
        return user

    for earlier, user in edges:
        if earlier in known and user in known:
            first, second = sorted((root(earlier), root(user)))
            parent[second] = first
            others[earlier].add(user)
            others[user].add(earlier)
    members: dict[str, list[str]] = defaultdict(list)
    for user in parent:
        members[root(user)].append(user)
    components = [sorted(users) for users in members.values() if len(users) > 1]
    believed = [users for users in components if len(users) <= limit]
    refused = sorted(tuple(users) for users in components if len(users) > limit)
    tied = {user: len(others[user] - {user}) for users in refused for user in users}
    person_of = {user: users[0] for users in believed for user in users}
    return Merged(person_of, tuple(refused), tied, limit)


def alias_links(aliases: pa.Table, known: Set[str]) -> pa.Table:
    """Return the visitor side of alias calls, as links of table `persons`.

    aliases: rows of identity_edges of kind alias. An earlier id that is no known user's is taken
    for a visitor's anonymous id; a link of a visitor that was never seen joins nothing.
    """
    rows = []
    for row in aliases.to_pylist():
        if as_user(row["previous_id"]) in known:
            continue
        visitor = f"{ANONYMOUS}{row['previous_id']}"
        rows.append(
            {
                "app": row["app"],
                "visitor_id": visitor,
                "visitor_key": visitor_key(row["app"], visitor),
                "user_id": row["user_id"],
                "first_at": row["first_at"],
                "message_id": row["message_id"],
                "call": "alias",
            }
        )
    return pa.Table.from_pylist(rows, schema=ALIAS_LINKS)
