"""Tables of sessionize: events that count, sessions, and the touches in them."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, table

SOURCE_KEY = (
    "source_key      string      hash of the source tuple; 'direct' for a visit without one"
)

KEY_EVENTS = table(
    "key_events",
    Kind.DERIVED,
    "Events whose name [events] maps to a kind: install, signup, login, purchase.",
    grain="app message_id",
    clock="occurred_at",
    columns="""
app             string      which product
message_id      string      the event
event_kind      string      install, signup, login or purchase
occurred_at     timestamp   when it happened
visitor_id      string?     visitor
visitor_key     bigint?     visitor
user_id         string?     user
revenue         money?      what the event says it is worth
currency        string?     ISO 4217
country         string?     ISO 3166-1 alpha-2
os              string?     operating system family
""",
)

_FIRST = "of the part's first {what}, by (time, message id)"

SESSION_PARTS = table(
    "session_parts",
    Kind.DERIVED,
    "A visitor's day cut at each gap over the limit and at each change of user.",
    grain="app part_id",
    clock="started_at",
    columns=f"""
app             string      which product
part_id         string      its first message id
visitor_id      string      visitor
visitor_key     bigint      visitor
user_id         string?     user id that it carries; null before the first
started_at      timestamp   first event
ended_at        timestamp   last event
event_count     bigint      events, identify included
page_count      bigint      page and screen views
first_page_at   timestamp?  time {_FIRST.format(what="page")}
first_page_id   string?     message id {_FIRST.format(what="page")}
first_page_url  string?     address {_FIRST.format(what="page")}
first_blog_at   timestamp?  time {_FIRST.format(what="blog page")}
first_blog_id   string?     message id {_FIRST.format(what="blog page")}
first_blog_url  string?     address {_FIRST.format(what="blog page")}
first_sourced_at timestamp? time {_FIRST.format(what="event with a source")}
first_sourced_id string?    message id {_FIRST.format(what="event with a source")}
first_sourced_key string?   source key {_FIRST.format(what="event with a source")}
country         string?     of its first event
os              string?     of its first event
""",
)

TOUCHES = table(
    "touches",
    Kind.DERIVED,
    "One row per part and distinct source tuple, timed at the first event that carries it.",
    grain="app touch_id",
    clock="touched_at",
    columns=f"""
app             string      which product
touch_id        string      message id of that event; id of the click, impression or install
touch_type      string      impression, click, visit or referrer
touched_at      timestamp   when it happened
part_id         string?     session part; null for touches outside a session
visitor_id      string?     visitor
visitor_key     bigint?     visitor
user_id         string?     user that its part carries
{SOURCE_KEY}
source          string?     UTM source, lower case
medium          string?     UTM medium, lower case
campaign        string?     UTM campaign
content         string?     UTM content
term            string?     UTM term
utm_id          string?     UTM id
click_id_kind   string?     which click id
click_id        string?     its value
referrer_host   string?     host of the referring page
network         string?     network that a click, an impression or a loaded touch names
campaign_id     string?     campaign id that it names
ad_set_id       string?     ad set id that it names
ad_id           string?     ad id that it names
channel         string?     channel as loaded; null: `sources` says, by rule
is_paid         boolean?    whether it was paid for, as loaded; null: `sources` says, by rule
country         string?     of the event, click, impression or loaded touch
""",
)

EXCLUDED_VISITORS = table(
    "excluded_visitors",
    Kind.DERIVED,
    "Visitors too heavy to be people, by day. Left out of all sessions, those of other days too.",
    grain="app visitor_id day reason",
    clock="started_at",
    columns="""
app             string      which product
visitor_id      string      visitor
visitor_key     bigint      visitor
reason          string      heavy: more events on the day than [sessionize] allows
value           bigint      events of the visitor on the day
threshold       bigint      [sessionize] max_events_per_visitor_day
started_at      timestamp   first event of the day
ended_at        timestamp   last event of the day
""",
)

SESSIONS = table(
    "sessions",
    Kind.VIEW,
    "A person's sessions: parts coalesced over devices and midnight, numbered.",
    grain="session_id app",
    columns=f"""
session_id      string      first part id
app             string      product of the first part
person_id       string      person
session_number  bigint      1 for the person's first
started_at      timestamp   first event
ended_at        timestamp   last event
event_count     bigint      events
page_count      bigint      page and screen views
landing_url     string?     first page, by (time, message id)
{SOURCE_KEY}
signed_up       boolean     whether the person signed up in it
""",
)
