"""Paid rules: each rule's case, Meta's click id, own rules; and referrers without credit."""

from pathlib import Path

import pytest

from whichhalf.attribute.classify import load_rules
from whichhalf.attribute.paid import paid_by
from whichhalf.attribute.referrers import IGNORED_REFERRERS, is_ignored
from whichhalf.attribute.rules.conditions import Facts
from whichhalf.config import AttributeConfig
from whichhalf.errors import ConfigError

RULES = load_rules(AttributeConfig(), Path())

CLICK_IDS = [
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "msclkid",
    "ttclid",
    "li_fat_id",
    "twclid",
    "sccid",
    "rdt_cid",
    "yclid",
]
REACH = {
    **{kind: Facts(click_id_kind=kind) for kind in CLICK_IDS},
    "fbclid_paid_medium": Facts(click_id_kind="fbclid", medium="cpc"),
    "click_on_network": Facts(network="unity_ads", touch_type="click"),
    "impression_of_network": Facts(network="unity_ads", touch_type="impression"),
    "medium": Facts(medium="ppc"),
    "campaign_with_costs": Facts(campaign_match="costs"),
}


def test_every_rule_is_reachable():
    assert list(REACH) == [rule.id for rule in RULES.paid]
    for rule_id, facts in REACH.items():
        assert paid_by(facts, RULES.paid) == rule_id


@pytest.mark.parametrize(
    "medium",
    ["cpc", "cpm", "cpv", "cpi", "display_cpc", "ppc", "retargeting", "paid", "paidsocial"],
)
def test_paid_media(medium):
    assert paid_by(Facts(medium=medium), RULES.paid) == "medium"


@pytest.mark.parametrize(
    "facts",
    [
        Facts(),
        Facts(medium="unpaid"),
        Facts(medium="my_ppc"),
        Facts(medium="retargeting2"),
        Facts(medium="organic"),
        Facts(click_id_kind="fbclid"),
        Facts(click_id_kind="fbclid", medium="social"),
        Facts(click_id_kind="epik"),
        Facts(network="unity_ads", touch_type="visit"),
        Facts(touch_type="click"),
        Facts(campaign_match="registered"),
    ],
)
def test_unpaid(facts):
    assert paid_by(facts, RULES.paid) is None


def test_own_rules_come_first_and_may_say_unpaid(tmp_path):
    (tmp_path / "paid.csv").write_text(
        "id,is_paid,source_regex,network,campaign_match\n"
        "barter,False,partner-.*,,\n"
        "deal,TRUE,tv,,\n"
        "booked,true,,,registered\n"
        "house,false,,house_ads,\n",
        encoding="utf-8-sig",
    )
    rules = load_rules(AttributeConfig(paid_rules="paid.csv"), tmp_path).paid
    assert paid_by(Facts(source="partner-a", medium="cpc"), rules) is None
    assert paid_by(Facts(source="a-partner-", medium="cpc"), rules) == "medium"
    assert paid_by(Facts(source="tv"), rules) == "deal"
    assert paid_by(Facts(campaign_match="registered"), rules) == "booked"
    assert paid_by(Facts(network="house_ads", touch_type="click"), rules) is None
    assert paid_by(Facts(network="meta", touch_type="click"), rules) == "click_on_network"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,is_paid,medium_regex\nx,perhaps,a\n", "paid.csv, line 2: is_paid must be true or"),
        ("id,is_paid,touch_type\nx,true,clik\n", "unknown 'clik'. Did you mean 'click'?"),
        ("id,is_paid,campaign_match\nx,true,cost\n", "unknown 'cost'. Did you mean 'costs'?"),
        ("id,channel,medium_regex\nx,Y,a\n", "unknown column 'channel'"),
    ],
)
def test_bad_rules_say_where(tmp_path, text, message):
    (tmp_path / "paid.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_rules(AttributeConfig(paid_rules="paid.csv"), tmp_path)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "host",
    [
        "paypal.com",
        "www.paypal.com",
        "checkout.stripe.com",
        "js.klarna.com",
        "accounts.google.com",
        "appleid.apple.com",
        "login.microsoftonline.com",
        "shop.eu.auth0.com",
        "company.okta.com",
        "PAYPAL.COM.",
        "shop.example",
        "blog.shop.example",
        "sso.partner.example",
    ],
)
def test_ignored_referrers(host):
    assert is_ignored(host, ["shop.example"], ["partner.example"])


@pytest.mark.parametrize(
    "host",
    [
        "google.com",
        "notpaypal.com",
        "paypal.com.evil.example",
        "stripe.com",
        "m.facebook.com",
        "com",
    ],
)
def test_referrers_that_count(host):
    assert not is_ignored(host, ["shop.example"], [])


def test_no_source_of_the_catalogue_is_ignored():
    assert not [host for host in RULES.sites.hosts if is_ignored(host, [], [])]
    assert all(host == host.lower().removeprefix("www.") for host in IGNORED_REFERRERS)
