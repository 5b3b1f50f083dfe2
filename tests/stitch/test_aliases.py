"""Merging users along aliases: components as networkx finds them, guards against false ones."""

from __future__ import annotations

import random

import networkx as nx
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from whichhalf.ids import visitor_key
from whichhalf.stitch.aliases import alias_links, merge_users

IDS = [f"u:{number}" for number in range(12)]
EDGES = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=20)


@given(EDGES, st.sets(st.sampled_from(IDS)), st.integers(1, 6))
def test_components_of_known_users(
    edges: list[tuple[str, str]], known: set[str], limit: int
) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(known)
    graph.add_edges_from(edge for edge in edges if set(edge) <= known)
    groups = [sorted(group) for group in nx.connected_components(graph) if len(group) > 1]
    merged = merge_users(edges, known, limit)
    expected = {user: group[0] for group in groups if len(group) <= limit for user in group}
    assert merged.person_of == expected
    assert merged.refused == tuple(sorted(tuple(group) for group in groups if len(group) > limit))


@given(EDGES, st.randoms(use_true_random=False))
def test_order_and_direction_never_matter(
    edges: list[tuple[str, str]], chance: random.Random
) -> None:
    before = merge_users(edges, set(IDS), 20)
    mixed = [edge if chance.random() < 0.5 else edge[::-1] for edge in edges] * 2
    chance.shuffle(mixed)
    assert merge_users(mixed, set(IDS), 20) == before


def test_merged_users_as_a_relation() -> None:
    merged = merge_users([("u:b", "u:a"), ("u:c", "u:b")], {"u:a", "u:b", "u:c"}, 20)
    assert merged.table.to_pylist() == [
        {"user_id": user, "person_id": "u:a"} for user in ("u:a", "u:b", "u:c")
    ]
    assert merge_users([], set(), 20).table.num_rows == 0


def test_the_earlier_id_may_be_a_visitor() -> None:
    alias = {"app": "web", "previous_id": "anon", "user_id": "u:1", "message_id": "m1"}
    rows = pa.Table.from_pylist([alias]).append_column(
        "first_at", pa.array([0], pa.timestamp("us"))
    )
    assert alias_links(rows, {"u:anon"}).num_rows == 0, "a known user's id is no visitor's"
    (link,) = alias_links(rows, {"u:1"}).to_pylist()
    assert link["visitor_id"] == "a:anon"
    assert link["visitor_key"] == visitor_key("web", "a:anon")
    assert (link["user_id"], link["call"]) == ("u:1", "alias")
