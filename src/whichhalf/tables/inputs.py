"""Input tables: what people load. Everything else is computed from these."""

from __future__ import annotations

from whichhalf.tables.brought import CONVERSIONS_LOADED, TOUCH_SOURCE, TOUCHES_LOADED
from whichhalf.tables.cuts import CUT_EDGES
from whichhalf.tables.experiments import EXPERIMENTS
from whichhalf.tables.looked_up import LOOKUPS, SURVEY_ANSWERS
from whichhalf.tables.schema import Kind, Table, table

_AD_PARTS = """
network         string      who is paid: meta, google_ads, tiktok, apple_ads …
account_id      string      ad account
campaign_id     string?     campaign id
campaign_name   string?     campaign name on that day
ad_set_id       string?     ad set id (Google's and TikTok's ad group)
ad_set_name     string?     ad set name on that day
ad_id           string?     ad id
ad_name         string?     ad name on that day
"""

EVENTS = table(
    "events",
    Kind.INPUT,
    "Product events: one row per call of a visitor or a server, after de-duplication.",
    grain="app message_id",
    clock="occurred_at",
    loadable=True,
    columns="""
app             string      which product the event came from
message_id      string      id given by the client; else hash of the line + its ordinal
visitor_id      string?     'a:' + anonymous id, or 'd:' + device id; null for server calls
visitor_key     bigint?     64-bit hash of app and visitor id (see docs/stitch.md for the odds)
user_id         string?     'u:' + the product's user id; null before log-in
previous_id     string?     alias calls only: the id that the user had before, without prefix
group_id        string?     group calls only: the company that the user belongs to, as sent
call            string      identify, track, page, screen, group or alias
name            string?     event, page or screen name
occurred_at     timestamp   when it happened: received − (sent − original), per the client's clock
received_at     timestamp   when the collector got it
url             string?     page address
url_host        string?     its host, lower case, without www.
url_path        string?     its path
referrer        string?     referring address
"""
    + TOUCH_SOURCE
    + """
user_agent      string?     as sent
device          string?     device family
os              string?     operating system family
browser         string?     browser family
country         string?     ISO 3166-1 alpha-2
app_version     string?     version of the app
revenue         money?      revenue or value that the event carries, in `currency`
currency        string?     ISO 4217
properties      json?       everything else the event said
content_hash    string?     hash of the line, where it had no message id of its own
""",
)

AD_COSTS = table(
    "ad_costs",
    Kind.INPUT,
    "What ads cost: as the network reports it, in the account's currency, on the account's clock.",
    grain="network account_id campaign_id campaign_name ad_set_id ad_set_name ad_id ad_name"
    " starts_at country os",
    clock="starts_at",
    loadable=True,
    columns=_AD_PARTS
    + """
starts_at       timestamp   first instant of the hour or of the account's local day
hours           bigint      hours that the row covers: 1, or 23, 24, 25 for a local day
local_on        date        the account's local date
time_zone       string      the account's zone (IANA name)
country         string      ISO 3166-1 alpha-2, (unknown), or (not broken down)
os              string      ios, android …, (unknown), or (not broken down)
objective       string?     the platform's own word for what the campaign is for
currency        string      the account's currency, ISO 4217
spend           money       in the account's currency
impressions     bigint      impressions
clicks          bigint      clicks
source_report   string      which report gave the row: csv_daily_ad, api_hourly_ad …
loaded_from     string      source and file
""",
)

CAMPAIGNS_LOADED = table(
    "loaded_campaigns",
    Kind.INPUT,
    "Campaigns as users register them; united with those seen in costs by step `campaigns`.",
    grain="network account_id campaign_id ad_set_id ad_id",
    loadable=True,
    columns=_AD_PARTS
    + """
objective       string?     the platform's own word for what the campaign is for
purpose         string?     acquisition or re-engagement
pricing_model   string?     CPM, CPC, CPI, CPA …
""",
)

PLATFORM_RESULTS = table(
    "platform_results",
    Kind.INPUT,
    "What the platform claims for an ad and day. Never mixed with our own conversions.",
    grain="network account_id campaign_id ad_set_id ad_id local_on action attribution_window",
    loadable=True,
    columns=_AD_PARTS
    + """
local_on        date        the account's local date
action          string      what is counted: purchase, install, reach …
attribution_window string   1d_click, 7d_click …, or (default)
results         double?     how many
value           money?      what they were worth, in the account's currency
currency        string?     ISO 4217
""",
)

RATES_LOADED = table(
    "loaded_rates",
    Kind.INPUT,
    "Exchange rates as published: units of the currency for one unit of the base.",
    grain="rate_source quoted_on base currency",
    loadable=True,
    columns="""
rate_source     string      ecb, or the name of the user's source
priority        bigint      the higher number wins where two sources quote one day
quoted_on       date        day of the quote
base            string      ISO 4217
currency        string      ISO 4217
units_per_base  rate        units of `currency` for one `base`
""",
)

CLICKS = table(
    "clicks",
    Kind.INPUT,
    "Clicks on ads that a tracking link or a network's server call reported.",
    grain="app touch_id",
    clock="touched_at",
    loadable=True,
    columns="""
app             string      which product the ad is for
touch_id        string      id of the click
touched_at      timestamp   when it happened
visitor_id      string?     'a:' or 'd:' id that the click carried
visitor_key     bigint?     64-bit hash of app and visitor id
user_id         string?     'u:' + user id where known
link            string?     tracking link
network         string?     who is paid
campaign_id     string?     campaign id as the link carried it
ad_set_id       string?     ad set id
ad_id           string?     ad id
site            string?     publisher inside the network
creative        string?     creative
placement       string?     placement
match_type      string?     keyword match type
ip_prefix       string?     /24 or /48 of the address
country         string?     ISO 3166-1 alpha-2
os              string?     operating system family
"""
    + TOUCH_SOURCE,
)

IMPRESSIONS = table(
    "impressions",
    Kind.INPUT,
    "Ad impressions that a network reported one by one.",
    grain="app touch_id",
    clock="touched_at",
    loadable=True,
    columns="\n".join(
        f"{column.name} {column.type}{'?' if column.nullable else ''} {column.meaning}"
        for column in CLICKS.columns
        if column.name != "day"
    ).replace("id of the click", "id of the impression"),
)

INSTALLS = table(
    "installs",
    Kind.INPUT,
    "First opens of an app.",
    grain="app install_id",
    clock="first_open_at",
    loadable=True,
    columns="""
app             string      which app
install_id      string      id of the install
first_open_at   timestamp   first open: the instant of the install in every report
visitor_id      string?     'a:' or 'd:' id that the app's events carry
visitor_key     bigint?     64-bit hash of app and visitor id
user_id         string?     'u:' + user id where known
referrer        string?     install referrer string, e.g. utm_source=…&utm_campaign=…
referrer_click_at timestamp? click time, on the store's clock
install_begin_at timestamp? begin of the download, on the store's clock
install_finish_at timestamp? end of the download
country         string?     ISO 3166-1 alpha-2
os              string?     ios, android …
device          string?     device model
app_version     string?     version of the app
is_reinstall    boolean?    whether the device had the app before
"""
    + "\n".join(line for line in TOUCH_SOURCE.strip().splitlines() if "referrer_host" not in line),
)

PRODUCTS = table(
    "products",
    Kind.INPUT,
    "What can be bought. A currency pack is a product.",
    grain="product_id",
    loadable=True,
    columns="""
product_id      string      id that payments carry
label           string      heading of its column in reports
list_price      money?      price
currency        string?     ISO 4217
virtual_amount  double?     units of virtual currency in the pack
""",
)

PAYMENTS = table(
    "payments",
    Kind.INPUT,
    "Money that users paid or got back. Append-only by version.",
    grain="app payment_id version",
    clock="paid_at",
    loadable=True,
    columns="""
app             string      which product
payment_id      string      id of the payment; a refund has its own
version         bigint      0, 1, 2 … for corrected rows of one id; the highest holds
user_id         string?     'u:' + user id
visitor_id      string?     'a:' or 'd:' id where no user is known
visitor_key     bigint?     64-bit hash of app and visitor id
paid_at         timestamp   when it was paid or returned
payment_kind    string      charge, subscription, ad_revenue, refund, chargeback, fee or tax
amount          money       in `currency`; positive, the sign follows the kind
currency        string      ISO 4217
product_id      string?     product
quantity        bigint      pieces
refunded_payment_id string? refunds and chargebacks: the charge that they return, where known
""",
)

INTERACTIONS = table(
    "interactions",
    Kind.INPUT,
    "Meetings of two users of a social app: matches, calls, messages.",
    grain="app interaction_id",
    clock="started_at",
    loadable=True,
    columns="""
app             string      which product
interaction_id  string      id of the interaction
user_id         string      'u:' + who
other_user_id   string      'u:' + with whom
started_at      timestamp   begin
ended_at        timestamp?  end
wanted          double?     how much `user_id` wanted it, in [0, 1]
is_premium      boolean?    whether it was paid for
spent           double?     virtual currency spent in it
""",
)

QUARANTINE = table(
    "quarantine",
    Kind.INPUT,
    "Rows that could not be read truly, with the reason. `whichhalf quarantine replay` retries.",
    grain="quarantine_id",
    columns="""
quarantine_id   string      hash of source, file, position and raw row
source_name     string      source in whichhalf.toml, or the table of `load TABLE`
file            string      file it came from
position        bigint      line (or row) number in it, from 1
table_name      string      table that it was meant for
reason          string      one of a closed list: docs/collect.md
detail          string      what exactly is wrong, and what was expected
raw             string      the row as it was: its line, or a JSON object of its cells
options         json        the source's settings, so that it can be read again
received_at     timestamp   when it was set aside
""",
)

EVENT_FIELDS = table(
    "event_fields",
    Kind.INPUT,
    "Every property ever seen, per event name: the type it must keep.",
    grain="app call name field",
    columns="""
app             string      which product
call            string      identify, track, page …
name            string      event name; empty for calls without one
field           string      property name
json_type       string      string, number, boolean, object or array; several joined by " or "
first_seen_in   string      source and file
""",
)

INPUTS: tuple[Table, ...] = (
    EVENTS,
    AD_COSTS,
    CAMPAIGNS_LOADED,
    PLATFORM_RESULTS,
    RATES_LOADED,
    CLICKS,
    IMPRESSIONS,
    INSTALLS,
    PRODUCTS,
    PAYMENTS,
    INTERACTIONS,
    EXPERIMENTS,
    TOUCHES_LOADED,
    CONVERSIONS_LOADED,
    LOOKUPS,
    SURVEY_ANSWERS,
    CUT_EDGES,
    QUARANTINE,
    EVENT_FIELDS,
)
