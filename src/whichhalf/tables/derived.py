"""Derived tables: what the steps write, and the views that are computed when read."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, Table, table

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
network         string?     network that a click or impression names
campaign_id     string?     campaign id that a click or impression names
ad_set_id       string?     ad set id that a click or impression names
ad_id           string?     ad id that a click or impression names
""",
)

SOURCES = table(
    "sources",
    Kind.DERIVED,
    "Every distinct source tuple of the touches: its channel, whether paid, which campaign.",
    grain="source_key",
    columns=f"""
{SOURCE_KEY}
source          string?     UTM source
medium          string?     UTM medium
campaign        string?     UTM campaign
content         string?     UTM content
term            string?     UTM term
utm_id          string?     UTM id
click_id_kind   string?     which click id
referrer_host   string?     host of the referring page
channel         string      group of touches, by the first rule that holds
channel_rule    string      that rule's id
is_paid         boolean     whether somebody was paid for the touch
paid_rule       string?     rule that says so
network         string?     who is paid
account_id      string?     ad account, where the campaign is matched
campaign_id     string?     campaign, where matched
ad_set_id       string?     ad set, where matched
ad_id           string?     ad, where matched
match_rule      string?     how the campaign was matched: id or name; null: unmatched
rules_version   string      version of the rule tables
""",
)

CAMPAIGNS = table(
    "campaigns",
    Kind.DERIVED,
    "Every campaign, ad set and ad seen in costs or loaded by the user, under its latest name.",
    grain="network account_id campaign_id ad_set_id ad_id",
    columns="""
network         string      who is paid
account_id      string      ad account
campaign_id     string      campaign id; the name where the source gives no id
campaign_name   string      latest name
ad_set_id       string      ad set id, or its name; empty on a campaign's own row
ad_set_name     string?     latest name
ad_id           string      ad id, or its name; empty on a campaign's or ad set's own row
ad_name         string?     latest name
objective       string?     the platform's own word
purpose         string?     acquisition or re-engagement
pricing_model   string?     CPM, CPC, CPI, CPA …
first_cost_on   date?       first local day with a cost row
last_cost_on    date?       last local day with a cost row
""",
)

RATES = table(
    "rates",
    Kind.DERIVED,
    "Rate of each currency to the reporting currency, dense by day.",
    grain="rate_on currency",
    columns="""
rate_on         date        day
currency        string      ISO 4217
rate            rate        reporting currency for one unit
quoted_on       date        day of the older quote behind it
rate_source     string      where it comes from; same: the reporting currency itself
""",
)

COST_DAYS = table(
    "cost_days",
    Kind.DERIVED,
    "Spend per day of the report's time zone, in both currencies. Σ equals ad_costs to the cent.",
    grain="network account_id campaign_id ad_set_id ad_id country os cost_on",
    columns="""
cost_on         date        day in [report] time_zone
network         string      who is paid
account_id      string      ad account
campaign_id     string      campaign id; the name where the source gives no id
ad_set_id       string      ad set id or name; empty where the source is coarser
ad_id           string      ad id or name; empty where the source is coarser
country         string      ISO 3166-1 alpha-2, or (not broken down)
os              string      ios, android …, or (not broken down)
account_currency string     ISO 4217
account_spend   money       in the account's currency
spend           money       in the reporting currency
impressions     bigint      impressions
clicks          bigint      clicks
""",
)

CONVERSIONS = table(
    "conversions",
    Kind.DERIVED,
    "What people did that counts: installs, signups (one a person), purchases, refunds.",
    grain="app conversion_id conversion_kind",
    clock="converted_at",
    columns="""
app             string      which product
conversion_id   string      id of the message, install or payment
conversion_kind string      install, signup, first_purchase, purchase, refund, chargeback …
person_id       string      person
visitor_id      string?     visitor that converted
visitor_key     bigint?     visitor that converted
user_id         string?     user that converted
converted_at    timestamp   when it happened
attributed_at   timestamp   touches up to here count: the charge's instant for a refund
refers_to       string?     refunds and chargebacks: conversion whose credit they take
value           money       in the reporting currency; refunds and chargebacks are negative
product_id      string?     product
quantity        bigint      pieces
country         string?     ISO 3166-1 alpha-2
os              string?     operating system family
source_table    string      table that it comes from
""",
)

CREDITS = table(
    "credits",
    Kind.DERIVED,
    "Which touch gets how much of a conversion, under each model. Σ credit = 1.",
    grain="app conversion_id conversion_kind model touch_id",
    clock="converted_at",
    columns=f"""
app             string      which product
conversion_id   string      conversion
conversion_kind string      its kind
model           string      first, last, first_paid, last_paid or install_last_touch
touch_id        string      touch; for a direct visit the session's id
{SOURCE_KEY}
touched_at      timestamp   when the touch happened
person_id       string      person
converted_at    timestamp   when the conversion happened
credit          double      share, in [0, 1]
value           money       credited value in the reporting currency
""",
)

UNATTRIBUTED = table(
    "unattributed",
    Kind.DERIVED,
    "Conversions that a model credits to no touch, with the reason.",
    grain="app conversion_id conversion_kind model",
    clock="converted_at",
    columns="""
app             string      which product
conversion_id   string      conversion
conversion_kind string      its kind
model           string      model
person_id       string      person
converted_at    timestamp   when the conversion happened
reason          string      organic, direct, out_of_window, rejected or redacted
value           money       in the reporting currency
""",
)

USEFUL_SESSIONS = table(
    "useful_sessions",
    Kind.DERIVED,
    "Of each person who signed up: the first session and the session of the signup.",
    grain="person_id role",
    clock="signed_up_at",
    columns=f"""
person_id       string      person
role            string      first or signup
session_id      string      first part id
session_number  bigint      1 for the person's first
started_at      timestamp   first event
ended_at        timestamp   last event
event_count     bigint      events
page_count      bigint      page and screen views
landing_url     string?     first page
{SOURCE_KEY}
signed_up_at    timestamp   when the person signed up
""",
)

_TOUCH_OF_SIGNUP = "\n".join(
    f"""
{which}_touch_id   string?     {which.replace("_", " ")} touch
{which}_at         timestamp?  its time
{which}_source     string?     its UTM source, else the referring host
{which}_medium     string?     its UTM medium
{which}_campaign   string?     its UTM campaign
{which}_referrer   string?     its referring host
{which}_channel    string?     its channel
""".strip()
    for which in ("first", "last", "first_paid", "last_paid")
)

SIGNUPS = table(
    "signups",
    Kind.DERIVED,
    "One wide row per person who signed up. Unlimited lookback.",
    grain="person_id",
    clock="signed_up_at",
    columns=f"""
person_id       string      person
app             string      product of the signup
conversion_id   string      the signup
signed_up_at    timestamp   when
sessions_before bigint      sessions that began at or before the signup
signed_up_in_first_session boolean whether that was one only, and the signup fell into it
first_page_url  string?     first page ever
first_blog_url  string?     first blog page at or before the signup
{_TOUCH_OF_SIGNUP}
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

ACTIVITY_DAYS = table(
    "activity_days",
    Kind.VIEW,
    "What a person did on a UTC day.",
    grain="app person_id active_on",
    columns="""
app             string      which product
person_id       string      person
active_on       date        UTC date
sessions        bigint      session parts that began
events          bigint      events in session parts
logins          bigint      key events of kind login
signups         bigint      key events of kind signup
purchases       bigint      key events of kind purchase
""",
)

DERIVED: tuple[Table, ...] = (
    KEY_EVENTS,
    IDENTITY_EDGES,
    PERSONS,
    USERS,
    SESSION_PARTS,
    TOUCHES,
    SOURCES,
    CAMPAIGNS,
    RATES,
    COST_DAYS,
    CONVERSIONS,
    CREDITS,
    UNATTRIBUTED,
    USEFUL_SESSIONS,
    SIGNUPS,
    SESSIONS,
    EVENT_PERSONS,
    ACTIVITY_DAYS,
)
