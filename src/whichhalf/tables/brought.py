"""Touches and conversions that others made: with them alone, credit can be given."""

from __future__ import annotations

from whichhalf.tables.schema import Kind, table

TOUCH_SOURCE = """
source          string?     UTM source, lower case
medium          string?     UTM medium, lower case
campaign        string?     UTM campaign, as written
content         string?     UTM content, as written
term            string?     UTM term, as written
utm_id          string?     UTM id: the campaign's id where the link carries it
click_id_kind   string?     which click id the URL carried: gclid, gbraid, wbraid, fbclid, msclkid …
click_id        string?     its value
referrer_host   string?     host of the referring page, lower case, without www.
"""

TOUCHES_LOADED = table(
    "loaded_touches",
    Kind.INPUT,
    "Touches that users bring; united with ours by step `session_parts`.",
    grain="app touch_id",
    clock="touched_at",
    loadable=True,
    columns="""
app             string      which product
touch_id        string      id of the touch
touch_type      string      impression, click, visit or referrer; files may call it type
touched_at      timestamp   when it happened; files may call it occurred_at
visitor_id      string?     'a:' or 'd:' id
visitor_key     bigint?     64-bit hash of app and visitor id
user_id         string?     'u:' + user id; files may call it person_id
channel         string?     group of touches, as given; null: by the rules. direct: no source
is_paid         boolean?    whether somebody was paid for it, as given; null: by the rules
network         string?     who is paid
campaign_id     string?     campaign id
ad_set_id       string?     ad set id
ad_id           string?     ad id
country         string?     ISO 3166-1 alpha-2
"""
    + TOUCH_SOURCE,
)

CONVERSIONS_LOADED = table(
    "loaded_conversions",
    Kind.INPUT,
    "Conversions that users bring; united with ours by step `attribute`.",
    grain="app conversion_id",
    clock="converted_at",
    loadable=True,
    columns="""
app             string      which product
conversion_id   string      id of the conversion
conversion_kind string      install, signup, purchase, or your own word; files may call it kind
converted_at    timestamp   when it happened; files may call it occurred_at
visitor_id      string?     'a:' or 'd:' id
visitor_key     bigint?     64-bit hash of app and visitor id
user_id         string?     'u:' + user id; files may call it person_id
amount          money?      what it is worth, in `currency`; files may call it value
currency        string?     ISO 4217; an amount without one is in the reporting currency
country         string?     ISO 3166-1 alpha-2
os              string?     operating system family
""",
)
