"""Small worlds in which ties, exact gaps, midnight and shared devices are common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

Row = dict[str, Any]

GAP = timedelta(minutes=20)  # the default of [sessionize] session_gap_minutes
START = datetime(2026, 3, 1, 23, 20, tzinfo=UTC)  # two steps of a gap before midnight
MICROSECOND = timedelta(microseconds=1)

APPS = st.sampled_from(("web", "web", "web", "ios"))
VISITORS = st.sampled_from((None, "a:1", "a:1", "a:1", "a:1", "a:2", "a:2", "a:3", "d:4"))
USERS = st.sampled_from((None, None, None, None, "u:1", "u:2", "u:3"))
# Half gaps: two steps are a gap exactly, which stays; a microsecond more cuts.
INSTANTS = st.builds(
    lambda step, day, late: START + step * GAP / 2 + timedelta(days=day) + late * MICROSECOND,
    st.sampled_from((0, 1, 2, 2, 3, 4, 4, 5, 6, 9)),
    st.sampled_from((0, 0, 0, 0, 1)),
    st.sampled_from((0, 0, 0, 1)),
)
CALLS = st.sampled_from(("track",) * 4 + ("page",) * 4 + ("screen", "identify", "alias"))
TUPLES = st.sampled_from(
    (
        {},
        {},
        {"source": "news", "medium": "email"},
        {"source": "news", "medium": "email", "click_id": "1"},
        {"source": "ads", "medium": "cpc"},
        {"click_id_kind": "gclid", "referrer_host": "search.example"},
        {"referrer_host": "search.example"},
        {"referrer_host": "x.io"},
        {"referrer_host": "paypal.com"},
    )
)
NAMES = st.sampled_from((None, None, "Signed Up", "Application Installed"))
EARLIER = st.sampled_from(("1", "2", "3", "4", "unknown"))


def examples(count: int) -> settings:
    """So many examples. A failing one is not made smaller: that takes minutes. Do it by hand."""
    return settings(max_examples=count, phases=[Phase.explicit, Phase.generate])


@st.composite
def event_lists(draw: st.DrawFn, max_size: int = 18) -> list[Row]:
    """Rows of events at a few instants; the order of their ids is not that of their times."""
    instants = st.sampled_from(draw(st.lists(INSTANTS, min_size=1, max_size=8)))
    size = draw(st.integers(1, max_size))
    return [draw(events(f"m{number * 37 % 101:03d}", instants)) for number in range(size)]


@st.composite
def events(draw: st.DrawFn, message_id: str, instants: st.SearchStrategy[datetime]) -> Row:
    """One event of a visitor, of a user, or of both."""
    visitor, user, call = draw(VISITORS), draw(USERS), draw(CALLS)
    if call == "alias":
        user = user or "u:3"
    if visitor is None and user is None:
        visitor = "a:1"
    return {
        "app": draw(APPS),
        "message_id": message_id,
        "visitor_id": visitor,
        "user_id": user,
        "previous_id": draw(EARLIER) if call == "alias" else None,
        "call": call,
        "name": draw(NAMES),
        "occurred_at": draw(instants),
        "url": f"https://x.io/{message_id}",
        "url_host": "x.io",
        "url_path": draw(st.sampled_from(("/", "/blog", "/blog/1"))),
        "country": draw(st.sampled_from((None, "DE"))),
        **draw(TUPLES),
    }


@st.composite
def device_events(draw: st.DrawFn) -> list[Row]:
    """Events of one person on two devices at once: a long part beside short ones is common."""
    stands = st.tuples(st.sampled_from(("a:1", "a:1", "d:2")), st.integers(0, 14))
    return [
        {
            "app": "web",
            "message_id": f"m{number * 37 % 101:03d}",
            "visitor_id": visitor,
            "user_id": "u:1",
            "call": "track",
            "occurred_at": START + step * GAP / 2,
        }
        for number, (visitor, step) in enumerate(draw(st.lists(stands, min_size=6, max_size=12)))
    ]


@st.composite
def click_lists(draw: st.DrawFn) -> list[Row]:
    """Rows of clicks; some know the visitor, some the user."""
    return [
        {
            "app": draw(APPS),
            "touch_id": f"c{number * 7 % 11:02d}",
            "visitor_id": visitor,
            "user_id": None if visitor else draw(st.sampled_from(("u:1", "u:2"))),
            "touched_at": draw(INSTANTS),
            "network": "meta",
        }
        for number in range(draw(st.integers(0, 4)))
        for visitor in (draw(VISITORS),)
    ]


@st.composite
def impression_lists(draw: st.DrawFn) -> list[Row]:
    """Rows of impressions, each of a known user."""
    return [
        {
            "app": draw(APPS),
            "touch_id": f"v{number * 7 % 11:02d}",
            "visitor_id": None,
            "user_id": draw(st.sampled_from(("u:1", "u:2"))),
            "touched_at": draw(INSTANTS),
            "network": "meta",
        }
        for number in range(draw(st.integers(0, 3)))
    ]


@st.composite
def install_lists(draw: st.DrawFn) -> list[Row]:
    """Rows of installs, hours or days after the clicks."""
    return [
        {
            "app": draw(APPS),
            "install_id": f"i{number}",
            "visitor_id": draw(st.sampled_from(("a:1", "a:2", "d:4"))),
            "first_open_at": draw(INSTANTS) + timedelta(days=draw(st.sampled_from((0, 1, 7)))),
        }
        for number in range(draw(st.integers(0, 2)))
    ]


@st.composite
def payment_lists(draw: st.DrawFn) -> list[Row]:
    """Rows of payments: charges, and refunds that name one, guess one, or have none."""
    kinds = ("charge", "charge", "subscription", "refund", "chargeback", "ad_revenue", "fee")
    return [
        {
            "app": "web",
            "payment_id": f"p{number}",
            "user_id": draw(st.sampled_from(("u:1", "u:2", "u:9"))),
            "paid_at": draw(INSTANTS) + timedelta(days=draw(st.sampled_from((0, 1, 3)))),
            "payment_kind": draw(st.sampled_from(kinds)),
            "amount": draw(st.sampled_from(("1", "5", "10"))),
            "refunded_payment_id": draw(st.sampled_from((None, "p0", "p1", "gone"))),
        }
        for number in range(draw(st.integers(0, 4)))
    ]


@st.composite
def cut_lists(draw: st.DrawFn) -> list[Row]:
    """Decisions to split users or a visitor from one, and to join them again, one an hour."""
    two = {"cut_kind": "users", "other_user_id": "u:1", "user_id": "u:2"}
    device = {"cut_kind": "visitor", "app": "web", "visitor_id": "a:1"}
    what = st.sampled_from((two, device | {"user_id": "u:1"}, device | {"user_id": None}))
    return [
        {
            **draw(what),
            "is_cut": draw(st.sampled_from((True, True, False))),
            "decided_at": START + timedelta(hours=hour),
            "decided_by": "ana",
        }
        for hour in range(draw(st.integers(0, 4)))
    ]
