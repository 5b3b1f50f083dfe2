"""Laws of the campaign report over random small worlds: nothing lost, nothing invented."""

import tempfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_lake import make

from whichhalf.report import DIMENSIONS, Query, report_project

DAY = datetime(2026, 1, 1)
PARTS = {
    # source key → (channel, paid, network, campaign, matched)
    "p1": ("Paid Social", True, "meta", "c1", "id"),
    "p2": ("Paid Search", True, "google_ads", "c2", "name"),
    "un": ("Paid Other", True, None, None, None),
    "or": ("Organic Search", False, None, None, None),
    "direct": ("Direct", False, None, None, None),
}
KINDS = ["install", "signup", "purchase", "refund", "chargeback", "ad_revenue"]
SIGN = {"purchase": 1, "ad_revenue": 1, "refund": -1, "chargeback": -1}
MEASURES = ["installs", "registrations", "logins", "buying_frequency", "revenue"]
COSTS = ["spend", "impressions", "clicks"]

minutes = st.integers(0, 10 * 24 * 60)
credit_shares = st.sampled_from([(1.0,), (0.5, 0.5), (0.25, 0.75), (1 / 3, 1 / 3, 1 / 3)])
conversion = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "person": st.integers(1, 4),
        "minute": minutes,
        "cents": st.integers(0, 5000),
        "shares": st.none() | credit_shares,
        "sources": st.permutations(list(PARTS)),
        "reason": st.sampled_from(["organic", "direct", "out_of_window", "rejected"]),
        "country": st.sampled_from([None, "DE", "US"]),
        "product": st.sampled_from([None, "gold", "unknown"]),
    }
)
cost = st.tuples(
    st.sampled_from(["c1", "c2", "c3"]),
    st.integers(0, 9),
    st.integers(0, 9999),
    st.sampled_from(["DE", "(not broken down)"]),
)
world = st.fixed_dictionaries(
    {
        "conversions": st.lists(conversion, max_size=12),
        "costs": st.lists(cost, max_size=6, unique_by=lambda c: (c[0], c[1], c[3])),
        "logins": st.lists(st.tuples(st.integers(1, 5), minutes), max_size=5),
    }
)
question = st.fixed_dictionaries(
    {
        "basis": st.sampled_from(["acquisition", "event"]),
        "by": st.sampled_from(DIMENSIONS["campaigns"]),
        "window_days": st.integers(1, 9),
    }
)


def tables_of(drawn):
    """The tables of a drawn world; a signup is one a person, as in table conversions."""
    conversions, credits, unattributed, signed_up = [], [], [], set()
    for number, item in enumerate(drawn["conversions"]):
        person = f"u:{item['person']}"
        if item["kind"] == "signup" and person in signed_up:
            continue
        signed_up |= {person} if item["kind"] == "signup" else set()
        at = DAY + timedelta(minutes=item["minute"])
        value = Decimal(item["cents"] * SIGN.get(item["kind"], 0)) / 100
        ids = {"app": "app", "conversion_id": str(number), "conversion_kind": item["kind"]}
        ids |= {"person_id": person, "converted_at": at}
        more = {"country": item["country"], "product_id": item["product"]}
        conversions.append({**ids, **more, "attributed_at": at, "value": value})
        if item["shares"] is None:
            reason = {"model": "last_paid", "reason": item["reason"], "value": value}
            unattributed.append(ids | reason)
            continue
        left = value
        for place, share in enumerate(item["shares"]):
            last = place == len(item["shares"]) - 1
            part = left if last else (value * Decimal(share)).quantize(Decimal("0.000001"))
            left -= part
            touch = {"touch_id": str(place), "source_key": item["sources"][place]}
            given_credit = {"credit": share, "value": part, "touched_at": at}
            credits.append({**ids, "model": "last_paid", **touch, **given_credit})
    return {
        "conversions": conversions,
        "rule_credits": credits,
        "unattributed": unattributed,
        "cost_days": [cost_row(*row) for row in drawn["costs"]],
        "key_events": [
            {
                "message_id": f"l{number}",
                "event_kind": "login",
                "occurred_at": DAY + timedelta(minutes=minute),
                "user_id": f"u:{person}",
            }
            for number, (person, minute) in enumerate(drawn["logins"])
        ],
        "sources": [source_row(key, *part) for key, part in PARTS.items()],
        "products": [{"product_id": "gold", "label": "Gold"}],
    }


def cost_row(campaign, day, cents, country):
    network = "meta" if campaign == "c1" else "google_ads"
    ids = {"network": network, "account_id": "a", "campaign_id": campaign, "country": country}
    spent = {"spend": Decimal(cents) / 100, "impressions": cents, "clicks": cents // 7}
    return ids | spent | {"cost_on": (DAY + timedelta(days=day)).date(), "os": "ios"}


def source_row(key, channel, paid, network, campaign, match):
    ids = {"network": network, "campaign_id": campaign, "account_id": "a" if campaign else None}
    return {"source_key": key, "channel": channel, "is_paid": paid, "match_rule": match, **ids}


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=world, asked=st.lists(question, min_size=1, max_size=2), first=st.integers(0, 4))
def test_rows_add_up_to_total_and_total_to_the_tables(drawn, asked, first):
    given_tables = tables_of(drawn)
    with tempfile.TemporaryDirectory() as folder:
        project = make(Path(folder), given_tables)
        for more in asked:
            start, end = date(2026, 1, 1 + first), date(2026, 1, 5 + first)
            query = Query("campaigns", start, end, **more)
            check(report_project(project, "campaigns", query), query, given_tables)


def check(report, query, given_tables):
    total, rows = report.total_record, report.records()
    for name in [*MEASURES, *COSTS]:
        cells = [row[name] for row in rows if row[name] is not None]
        if total[name] is None:
            assert all(row[name] is None for row in rows)
        elif isinstance(total[name], Decimal):
            assert sum(cells) == total[name]  # to the last digit
        else:
            assert abs(sum(cells) - total[name]) < 1e-9
    products = [column.name for column in report.columns if column.name.startswith("product_")]
    for row in [*rows, total]:
        if row["buying_frequency"] is not None:
            assert abs(sum(row[name] for name in products) - row["buying_frequency"]) < 1e-9
    costs = [r for r in given_tables["cost_days"] if query.start <= r["cost_on"] <= query.end]
    if given_tables["cost_days"]:
        assert total["spend"] == sum((r["spend"] for r in costs), Decimal(0))
    check_people(report, query, given_tables)
    labels = [tuple(row[c.name] for c in report.columns if c.is_text) for row in rows]
    assert len(labels) == len(set(labels))
    assert sum(row["match"] == "not attributed" for row in rows) == 5


def check_people(report, query, given_tables):
    """TOTAL against a plain recount in Python."""
    total = report.total_record
    counted = plain_items(query, given_tables)
    if total["installs"] is not None:
        assert total["installs"] == sum(kind == "install" for kind, _p, _v in counted)
    if total["registrations"] is not None:
        assert total["registrations"] == sum(kind == "signup" for kind, _p, _v in counted)
    if total["revenue"] is not None:
        assert total["revenue"] == sum((value for _k, _p, value in counted), Decimal(0))
    if total["buyers"] is not None:
        buyers = {person for kind, person, _v in counted if kind == "purchase"}
        assert total["buyers"] == len(buyers)
        assert sum(row["buyers"] or 0 for row in report.records()) >= len(buyers) - 1e-9
    if total["logins"] is not None:
        assert total["logins"] == sum(kind == "login" for kind, _p, _v in counted)


def plain_items(query, given_tables):
    """(kind, person, value) of all that counts, one loop at a time."""
    begin = datetime.combine(query.start, datetime.min.time())
    end = datetime.combine(query.end, datetime.min.time()) + timedelta(days=1)
    happened = [
        (c["conversion_kind"], c["person_id"], c["converted_at"], c["value"], c["conversion_id"])
        for c in given_tables["conversions"]
    ]
    happened += [
        ("login", e["user_id"], e["occurred_at"], Decimal(0), e["message_id"])
        for e in given_tables["key_events"]
    ]
    if query.basis == "event":
        return [(kind, who, value) for kind, who, at, value, _id in happened if begin <= at < end]
    acquired = {}
    for kind, who, at, _value, name in happened:
        if kind in ("install", "signup"):
            key = (kind != "install", at, name)
            acquired[who] = min(acquired.get(who, key), key)
    counted = []
    for kind, who, at, value, name in happened:
        if who not in acquired or not begin <= acquired[who][1] < end:
            continue
        since = acquired[who][1]
        if kind == "install" and acquired[who] != (False, at, name):
            continue  # a later install acquires nobody
        if since <= at < since + timedelta(days=query.window_days):
            counted.append((kind, who, value))
    return counted
