"""A split, then a rebuild: as if nothing had ever tied the two."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from law_steps import everything, put_inputs
from law_worlds import Row, event_lists, examples

from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.stitch import persons

DECIDED = {"is_cut": True, "decided_at": "2026-04-01 00:00:00", "decided_by": "ana"}


def stitched(engine: Engine, events: list[Row], cuts: list[Row]) -> dict[str, Any]:
    put_inputs(engine, events=events, cut_edges=cuts)
    edges = engine.table(persons.identity_edges(engine, Config())["identity_edges"])
    engine.relation("identity_edges", edges)
    made = persons.persons(engine, Config())
    for name in ("persons", "refused_merges"):
        engine.relation(name, engine.table(made[name]))
    return {name: everything(engine, name) for name in ("users", "persons", "refused_merges")}


def unaliased(event: Row) -> Row:
    return {**event, "call": "track", "previous_id": None}


@examples(25)
@given(event_lists(), st.sampled_from((("1", "2"), ("1", "3"), ("2", "3"))))
def test_users_that_were_split_were_never_aliased(
    sql_engine: Engine, events: list[Row], two: tuple[str, str]
) -> None:
    one, other = two
    cut = {"cut_kind": "users", "other_user_id": f"u:{one}", "user_id": f"u:{other}", **DECIDED}
    never = [
        unaliased(event)
        if event["call"] == "alias"
        and {event["previous_id"], str(event["user_id"]).removeprefix("u:")} == {one, other}
        else event
        for event in events
    ]
    assert stitched(sql_engine, events, [cut]) == stitched(sql_engine, never, [])


@examples(25)
@given(event_lists(), st.sampled_from((None, "u:1", "u:2")))
def test_a_visitor_that_was_split_never_carried_the_user(
    sql_engine: Engine, events: list[Row], user: str | None
) -> None:
    """Its log-ins become server calls: the user is known, and the visitor is not hers."""
    visitor, app = "a:1", events[0]["app"]
    cut = {"cut_kind": "visitor", "app": app, "visitor_id": visitor, "user_id": user, **DECIDED}
    never = []
    for event in events:
        is_about = event["app"] == app and event["user_id"] in ([user] if user else [
            event["user_id"] or "nobody"])  # fmt: skip
        if is_about and event["call"] == "alias" and event["previous_id"] == "1":
            event = unaliased(event)  # noqa: PLW2901
        if is_about and event["visitor_id"] == visitor:
            event = {**event, "visitor_id": None}  # noqa: PLW2901
        never.append(event)
    assert stitched(sql_engine, events, [cut]) == stitched(sql_engine, never, [])
