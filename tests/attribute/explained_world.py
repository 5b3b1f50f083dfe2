"""A small shop whose people an explanation has to tell apart: the rows of its input tables."""

from __future__ import annotations

from pathlib import Path

from table_rows import make_project, make_rows, write_rows
from whichhalf import pipeline
from whichhalf.project import Project

TOML = """\
[attribute]
click_lookback_days = 7
[sessionize]
max_events_per_visitor_day = 5
[stitch]
max_users_per_person = 2
[report]
currency = "USD"
"""

_GOOGLE = {"source": "google", "medium": "cpc", "campaign": "spring"}
_LETTER = {"source": "newsletter", "medium": "email", "campaign": "march"}
_SOCIAL = {"source": "facebook", "medium": "social"}


def _page(visitor: str, message: str, at: str, **more: str) -> dict[str, str]:
    row = {"visitor_id": visitor, "message_id": message, "occurred_at": at, "call": "page"}
    return row | {"url": f"https://shop.example/{message}"} | more


# Two devices; the phone logs in after the signup on the laptop, and the call arrives two days late.
ANNA = [
    _page("a:phone", "m01", "2026-03-01 10:00:00", **_GOOGLE),
    _page("a:phone", "m02", "2026-03-01 10:04:00"),
    _page("a:phone", "m03", "2026-03-05 09:00:00"),
    _page("a:laptop", "m04", "2026-03-09 20:00:00", **_LETTER),
    _page("a:laptop", "m05", "2026-03-10 11:50:00"),
    {"visitor_id": "a:laptop", "user_id": "u:anna", "call": "identify", "message_id": "m06",
     "occurred_at": "2026-03-10 11:59:58"},
    {"visitor_id": "a:laptop", "user_id": "u:anna", "name": "Signed Up", "message_id": "m07",
     "occurred_at": "2026-03-10 12:00:00"},
    _page("a:phone", "m08", "2026-03-12 08:00:00", **_SOCIAL),
    {"visitor_id": "a:phone", "user_id": "u:anna", "call": "identify", "message_id": "m09",
     "occurred_at": "2026-03-12 08:01:00", "received_at": "2026-03-14 08:01:00"},
]  # fmt: skip

# One browser of two people; an alias; the same source twice in a session across devices.
OTHERS = [
    _page("a:shared", "s1", "2026-03-02 09:00:00", **_SOCIAL),
    {"visitor_id": "a:shared", "user_id": "u:bert", "name": "Signed Up", "message_id": "s2",
     "occurred_at": "2026-03-02 09:01:00"},
    {"visitor_id": "a:shared", "user_id": "u:cora", "name": "Signed Up", "message_id": "s3",
     "occurred_at": "2026-03-03 09:01:00"},
    {"user_id": "u:bert", "previous_id": "bertold", "call": "alias", "message_id": "s4",
     "occurred_at": "2026-03-04 09:00:00"},
    {"visitor_id": "a:second", "user_id": "u:bertold", "call": "identify", "message_id": "s5",
     "occurred_at": "2026-03-02 09:03:00"},
    _page("a:second", "s6", "2026-03-02 09:02:00", **_SOCIAL),
    # Never anybody, never converts.
    _page("a:stranger", "x1", "2026-03-03 10:00:00", **_LETTER),
    # Too heavy to be a person on the 6th, so its touch of the 5th counts no more.
    _page("a:robot", "r0", "2026-03-05 10:00:00", **_GOOGLE),
    {"visitor_id": "a:robot", "user_id": "u:dora", "name": "Signed Up", "message_id": "r1",
     "occurred_at": "2026-03-05 10:01:00"},
    *[_page("a:robot", f"r{number}", "2026-03-06 10:00:00") for number in range(2, 9)],
    # Three aliases where two are believed.
    *[{"user_id": f"u:{name}", "previous_id": "guest", "call": "alias", "message_id": f"g-{name}",
       "occurred_at": "2026-03-04 10:00:00"} for name in ("emil", "fred", "gina")],
    {"user_id": "u:guest", "message_id": "g-guest", "occurred_at": "2026-03-04 10:00:00"},
    {"visitor_id": "a:emil", "user_id": "u:emil", "name": "Signed Up", "message_id": "e1",
     "occurred_at": "2026-03-04 11:00:00"},
]  # fmt: skip

INPUTS = {
    "events": [*ANNA, *OTHERS],
    "clicks": [
        {"touch_id": "c1", "touched_at": "2026-03-14 10:00:00", "user_id": "u:anna",
         "network": "meta", "campaign_id": "77"},
    ],
    "impressions": [
        {"touch_id": "v1", "touched_at": "2026-03-15 20:00:00", "user_id": "u:anna",
         "network": "meta", "campaign_id": "77"},
    ],
    "installs": [
        {"install_id": "i1", "first_open_at": "2026-03-15 10:00:00", "user_id": "u:anna",
         "app": "app", "os": "ios"},
    ],
    "payments": [
        {"payment_id": "p1", "paid_at": "2026-03-16 10:00:00", "user_id": "u:anna",
         "amount": "20", "currency": "EUR"},
        {"payment_id": "p2", "paid_at": "2026-03-20 10:00:00", "user_id": "u:anna",
         "amount": "5", "currency": "EUR", "payment_kind": "refund", "refunded_payment_id": "p1"},
        {"payment_id": "p4", "paid_at": "2026-03-18 10:00:00", "user_id": "u:anna",
         "amount": "7", "currency": "USD"},
        {"payment_id": "p3", "paid_at": "2026-04-20 10:00:00", "user_id": "u:anna",
         "amount": "30", "currency": "USD", "version": "1"},
        {"payment_id": "p3", "paid_at": "2026-04-20 10:00:00", "user_id": "u:anna",
         "amount": "33", "currency": "USD"},
    ],
    "loaded_rates": [
        {"quoted_on": "2026-03-13", "base": "EUR", "currency": "USD", "units_per_base": "1.25"},
    ],
    "loaded_conversions": [
        {"conversion_id": "q1", "conversion_kind": "quote", "converted_at": "2026-03-11 10:00:00",
         "user_id": "u:anna", "amount": "3", "currency": "USD"},
        # Nobody knows whose.
        {"conversion_id": "q2", "conversion_kind": "quote", "converted_at": "2026-03-11 10:00:00",
         "amount": "4", "currency": "USD"},
    ],
}  # fmt: skip


def explained_world(folder: Path, toml: str = TOML) -> Project:
    """The shop, run."""
    project = make_project(folder, toml)
    for name, rows in INPUTS.items():
        write_rows(project, name, make_rows(name, rows))
    pipeline.run(project)
    return project
