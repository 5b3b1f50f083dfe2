"""Table `sources` as a whole: the contract, laws over any tuples, and the example of the docs."""

import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichhalf.attribute.classify import NAMED_COLUMNS, TUPLE_COLUMNS, classify, load_rules
from whichhalf.config import AttributeConfig
from whichhalf.errors import SchemaError
from whichhalf.tables import table

RULES = load_rules(AttributeConfig(), Path())
COLUMNS = (*TUPLE_COLUMNS, *NAMED_COLUMNS)
SCHEMA = pa.schema([(column, pa.string()) for column in COLUMNS])
DOCS = Path(__file__).parents[2] / "docs" / "channels.md"

CAMPAIGN = {"account_id": "1", "ad_set_id": "", "ad_id": "", "first_cost_on": date(2026, 1, 1)}
CAMPAIGNS = pa.Table.from_pylist(
    [
        CAMPAIGN | {"network": "meta", "campaign_id": "100", "campaign_name": "Spring Sale"},
        CAMPAIGN | {"network": "google_ads", "campaign_id": "200", "campaign_name": "Brand"},
        CAMPAIGN
        | {"network": "podcasts", "campaign_id": "300", "campaign_name": "Talk"}
        | {"first_cost_on": None},
    ],
    table("campaigns").arrow,
)


def sources(*rows, rules=RULES, campaigns=CAMPAIGNS):
    keyed = [{"source_key": f"k{place}"} | row for place, row in enumerate(rows)]
    return classify(pa.Table.from_pylist(keyed, SCHEMA), campaigns, None, rules)


def source(**row):
    return sources(row).to_pylist()[0]


def test_schema_and_order_are_the_contracts():
    classified = sources({"source_key": "z"}, {"source_key": "direct"}, {"source_key": "a"})
    assert classified.schema == table("sources").arrow
    assert classified["source_key"].to_pylist() == ["a", "direct", "z"]
    assert sources().schema == table("sources").arrow


def test_direct():
    row = source(source_key="direct")
    assert row["channel"] == "Direct" and row["channel_rule"] == "direct"
    assert row["is_paid"] is False and row["paid_rule"] is None
    assert row["rules_version"] == RULES.version


def test_a_matched_campaign_with_costs_is_paid():
    row = source(source="facebook", medium="social", campaign="spring_sale")
    assert (row["network"], row["account_id"], row["campaign_id"]) == ("meta", "1", "100")
    assert (row["match_rule"], row["paid_rule"]) == ("name", "campaign_with_costs")
    assert row["channel"] == "Paid Social"


def test_a_registered_campaign_without_costs_is_matched_and_unpaid():
    row = source(source="podcasts", medium="audio", campaign="talk")
    assert (row["campaign_id"], row["network"]) == ("300", "podcasts")
    assert (row["is_paid"], row["channel"]) == (False, "Audio")


def test_a_newsletter_with_the_name_of_a_campaign_is_no_ad():
    row = source(source="newsletter", medium="email", campaign="Brand")
    assert (row["channel"], row["is_paid"], row["campaign_id"]) == ("Email", False, None)


def test_an_unmatched_paid_touch_keeps_its_network():
    row = source(source="ig", medium="paid", campaign="gone")
    assert (row["network"], row["match_rule"], row["campaign_id"]) == ("meta", None, None)
    assert source(source="ig", medium="social")["network"] is None


def test_a_click_that_names_its_parts():
    row = source(touch_type="click", network="facebook", campaign_id="100")
    assert (row["paid_rule"], row["match_rule"]) == ("click_on_network", "id")
    row = source(touch_type="impression", network="unity_ads", campaign_id="9")
    assert (row["paid_rule"], row["network"]) == ("impression_of_network", "unity_ads")
    assert row["campaign_id"] is None and row["channel"] == "Paid Other"


def test_tags_stay_as_they_came():
    row = source(referrer_host="google.de")
    assert (row["source"], row["medium"], row["channel"]) == (None, None, "Organic Search")
    row = source(source="Google ", medium="CPC", campaign="Ünïque")
    assert (row["source"], row["campaign"], row["channel"]) == ("Google ", "Ünïque", "Paid Search")


def test_an_unknown_click_id_is_not_direct():
    assert source(click_id_kind="irclickid")["channel"] == "Unassigned"


def test_columns_of_clicks_may_be_absent():
    rows = [{"source_key": "a", "medium": "cpc"}]
    tuples = pa.Table.from_pylist(rows, SCHEMA).select(TUPLE_COLUMNS)
    assert classify(tuples, CAMPAIGNS, None, RULES)["is_paid"].to_pylist() == [True]
    with pytest.raises(SchemaError, match="no column 'referrer_host'"):
        classify(tuples.drop_columns("referrer_host"), CAMPAIGNS, None, RULES)
    with pytest.raises(SchemaError, match="source_key is null"):
        sources({"source_key": None})


def test_one_key_twice_is_one_row_and_paid_wins():
    rows = [{"touch_type": kind, "network": "meta"} for kind in ("visit", "click")]
    for order in (rows, rows[::-1]):
        both = sources(*({"source_key": "k"} | row for row in order))
        assert both["paid_rule"].to_pylist() == ["click_on_network"]


def test_version_changes_with_any_rule(tmp_path):
    def version(text, name="own.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return load_rules(AttributeConfig(channel_rules=name), tmp_path).version

    first = version("id,channel,source_regex\na,B,c\n")
    assert re.fullmatch("[0-9a-f]{12}", first)
    assert first != RULES.version
    assert first != version("id,channel,source_regex\na,B,d\n")
    assert first == version("id,channel,source_regex\r\na,B,c\r\n", "elsewhere.csv")
    assert RULES.version == load_rules(AttributeConfig(), tmp_path).version


WORDS = {
    "source": ["google", "fb", "newsletter", "l.facebook.com", "(direct)", "chatgpt.com", "x"],
    "medium": ["cpc", "email", "social", "organic", "(none)", "display", "unpaid", "push"],
    "campaign": ["Spring Sale", "200", "brand", "shop", "cross-network", "%E4%", "(not set)"],
    "utm_id": ["100", "200", "999"],
    "click_id_kind": ["gclid", "fbclid", "ttclid", "epik", "other"],
    "referrer_host": ["google.de", "t.co", "mail.google.com", "example.org", "[::1]", "."],
    "touch_type": ["click", "impression", "visit", "referrer"],
    "network": ["meta", "Facebook Ads", "unity_ads", "nobody"],
    "campaign_id": ["100", "300", "?"],
}
ROWS = st.fixed_dictionaries(
    {},
    optional={
        column: st.one_of(st.none(), st.sampled_from(words), st.text(max_size=8))
        for column, words in WORDS.items()
    },
)


@given(st.lists(ROWS, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=120, deadline=None)
def test_laws(rows, random):
    """Each key gets one row, one channel of a rule; paid ⇔ a paid rule; order never matters."""
    keyed = [{"source_key": f"k{place}"} | row for place, row in enumerate(rows)]
    classified = sources(*keyed)
    assert classified["source_key"].to_pylist() == sorted(row["source_key"] for row in keyed)
    channels = {rule.id: rule.verdict for rule in RULES.channels}
    paid_rules = {rule.id for rule in RULES.paid}
    for row in classified.to_pylist():
        assert channels[row["channel_rule"]] == row["channel"]
        assert row["is_paid"] == (row["paid_rule"] in paid_rules) == (row["paid_rule"] is not None)
        assert (row["match_rule"] is None) == (row["campaign_id"] is None)
        assert not (row["is_paid"] and row["channel"].startswith("Organic"))
        assert row["is_paid"] or not row["channel"].startswith("Paid")
    random.shuffle(keyed)
    assert sources(*keyed).equals(classified)


def test_campaign_order_never_matters():
    rows = [{"campaign": "brand"}, {"source": "fb", "utm_id": "100"}, {"campaign": "Spring sale"}]
    backwards = CAMPAIGNS.take([2, 1, 0])
    assert sources(*rows).equals(sources(*rows, campaigns=backwards))


def test_the_example_of_the_docs(tmp_path):
    text = DOCS.read_text("utf-8")
    for name in ("channels", "paid"):
        (tmp_path / name).write_text(re.search(rf"```csv {name}\n(.*?)```", text, re.S)[1])
    config = AttributeConfig(channel_rules="channels", paid_rules="paid")
    lines = text[text.index("| source | medium | campaign | referrer_host |") :].splitlines()
    table_lines = lines[: lines.index("")]
    header, _, *body = [[c.strip() for c in line.strip("|").split("|")] for line in table_lines]
    shown = [dict(zip(header, cells, strict=True)) for cells in body]
    given_rows = [{c: row[c] or None for c in header[:4]} for row in shown]
    classified = sources(*given_rows, rules=load_rules(config, tmp_path)).to_pylist()
    as_text = {True: "true", False: "false", None: ""}
    assert [{c: as_text.get(row[c], row[c]) for c in header} for row in classified] == shown


def test_the_docs_name_every_channel_and_paid_rule():
    text = DOCS.read_text("utf-8")
    assert all(rule.verdict in text for rule in RULES.channels)
    assert all(f"`{rule.id}`" in text for rule in RULES.paid)
