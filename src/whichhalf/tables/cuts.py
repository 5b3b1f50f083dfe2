"""Table of cuts: what people decided about merges that were wrong."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, table

CUT_EDGES = table(
    "cut_edges",
    Kind.INPUT,
    "What may tie nobody together: decisions of people, of which the latest about two ids stands.",
    grain="cut_kind app visitor_id other_user_id user_id decided_at",
    columns="""
cut_kind        string      users (aliases between two users) or visitor (a visitor and a user)
app             string?     visitor: its product; null for users, who have none
visitor_id      string?     visitor: its id
visitor_key     bigint?     visitor: its key
other_user_id   string?     users: the lesser id of the two
user_id         string?     the user cut off; visitor: null for every user, as on a shared kiosk
is_cut          boolean     true: cut; false: the cut is undone
decided_at      timestamp   when it was decided
decided_by      string      who decided
reason          string?     why
""",
)
