"""Tables of stitch: who is who."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, table

IDENTITY_EDGES = table(
    "identity_edges",
    Kind.DERIVED,
    "Who was seen with whom on a day: visitor with user, or user with an earlier id.",
    grain="edge_kind app visitor_key user_id previous_id message_id",
    clock="first_at",
    columns="""
edge_kind       string      seen (visitor begins to carry the user), user (seen at all) or alias
app             string      which product
visitor_id      string?     visitor
visitor_key     bigint?     visitor
user_id         string      user
previous_id     string?     alias: the id before, without prefix
first_at        timestamp   first event of the day that says so
message_id      string      the event, install or click that said so; breaks ties
call            string      which call said so
""",
)

PERSONS = table(
    "persons",
    Kind.DERIVED,
    "Whom a visitor belongs to, from when on. A visitor without a row is its own person.",
    grain="visitor_key since",
    columns="""
app             string      which product
visitor_id      string      visitor
visitor_key     bigint      visitor
since           timestamp   from when on (the first row of a visitor holds from the beginning)
until           timestamp   up to when, exclusive
user_id         string      user that the visitor carried
person_id       string      least user id of the component
by_call         string      identify, track, page … or alias
""",
)

USERS = table(
    "users",
    Kind.DERIVED,
    "Whom a user id belongs to: itself, unless an alias merged it.",
    grain="user_id",
    columns="""
user_id         string      user
person_id       string      least user id of the component
""",
)

REFUSED_MERGES = table(
    "refused_merges",
    Kind.DERIVED,
    "Users whom aliases would make one person, were they not too many. Each stays a person.",
    grain="user_id",
    columns="""
user_id         string      user
component_id    string      least user id of those that aliases tie together
reason          string      too_many: more users than [stitch] allows
value           bigint      users of the component
threshold       bigint      [stitch] max_users_per_person
tied_count      bigint      users that an alias ties to this one; of a placeholder id, nearly all
""",
)

EVENT_PERSONS = table(
    "event_persons",
    Kind.VIEW,
    "Which person each event belongs to; events without visitor and user are left out.",
    grain="app message_id",
    columns="""
app             string      which product
message_id      string      the event
person_id       string      person
""",
)
