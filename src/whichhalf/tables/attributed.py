"""Tables of attribute: sources, conversions, and whose credit they are."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, table
from whichhalf.tables.sessionized import SOURCE_KEY

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
channel_rule    string      that rule's id; given: the touch itself says its channel
is_paid         boolean     whether somebody was paid for the touch
paid_rule       string?     rule that says so; given, given_channel: the touch itself does
network         string?     who is paid
account_id      string?     ad account, where the campaign is matched
campaign_id     string?     campaign, where matched
ad_set_id       string?     ad set, where matched
ad_id           string?     ad, where matched
match_rule      string?     how the campaign was matched: id or name; null: unmatched
rules_version   string      version of the rule tables
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
reason          string?     why no touch has credit: organic, direct, out_of_window; null: one has
reason_sourced  string?     why none with a source has: of *_non_direct, markov and shapley_rate
reason_paid     string?     why no paid touch has: of first_paid and last_paid
reason_install  string?     why no install hands any on: of install_last_touch
""",
)

_CREDIT = f"""
app             string      which product
conversion_id   string      conversion
conversion_kind string      its kind
model           string      model
touch_id        string      touch; for a direct visit the session's id
{SOURCE_KEY}
touched_at      timestamp   when the touch happened
person_id       string      person
converted_at    timestamp   when the conversion happened
credit          double      share, in [0, 1]
value           money       credited value in the reporting currency
"""

TOUCH_CREDITS = table(
    "touch_credits",
    Kind.DERIVED,
    "Credit of each touch of a conversion: a column a model that is a rule. Read `credits`.",
    grain="app conversion_id conversion_kind touch_id",
    clock="converted_at",
    columns=f"""
app             string      which product
conversion_id   string      conversion
conversion_kind string      its kind
touch_id        string      touch; for a direct visit the session's id
{SOURCE_KEY}
touched_at      timestamp   when the touch happened
person_id       string      person
converted_at    timestamp   when the conversion happened
value           money       of the conversion, in the reporting currency
first_credit              double?     share under model first; null: none
last_credit               double?     share under model last; null: none
first_non_direct_credit   double?     share under model first_non_direct; null: none
last_non_direct_credit    double?     share under model last_non_direct; null: none
first_paid_credit         double?     share under model first_paid; null: none
last_paid_credit          double?     share under model last_paid; null: none
linear_credit             double?     share under model linear; null: none
position_credit           double?     share under model position; null: none
time_decay_credit         double?     share under model time_decay; null: none
shapley_credit            double?     share under model shapley; null: none
install_last_touch_credit double?     share under model install_last_touch; null: none
linear_value              money?      value that goes with it; other models give all of it
position_value            money?      value that goes with it; other models give all of it
time_decay_value          money?      value that goes with it; other models give all of it
shapley_value             money?      value that goes with it; other models give all of it
""",
)

RULE_CREDITS = table(
    "rule_credits",
    Kind.VIEW,
    "Credits of the models that are rules. Read `credits`, which has the fitted ones too.",
    grain="app conversion_id conversion_kind model touch_id",
    clock="converted_at",
    columns=_CREDIT,
)

CREDITS = table(
    "credits",
    Kind.VIEW,
    "Which touch gets how much of a conversion, under every model. Σ credit = 1.",
    grain="app conversion_id conversion_kind model touch_id",
    clock="converted_at",
    columns=_CREDIT,
)

MODEL_FITS = table(
    "model_fits",
    Kind.DERIVED,
    "Fitted models: what each channel weighs for each kind of conversion, and how sure that is.",
    grain="conversion_kind model channel",
    columns="""
conversion_kind string      kind that the model was fitted to
model           string      markov or shapley_rate
channel         string      channel of `sources`
fitted_as       string      the same, or "(other)" for rare channels that the game cannot hold
weight          double      markov: removal effect, in [0, 1]; shapley_rate: value of the rate game
conversions     double      classical total: all conversions shared over the channels at once
low             double?     2.5 % quantile of the total, persons drawn again; null: no intervals
high            double?     97.5 % quantile of it
is_too_few      boolean     fewer than 30 converting persons met the channel: do not trust it
converting_paths bigint     paths with a channel that ended in a conversion
other_paths     bigint      persons who met a channel and never converted
base_rate       double      converting_paths / (converting_paths + other_paths)
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
