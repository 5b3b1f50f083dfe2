"""Channels: GA4's definitions as cases, own rules first, every rule reachable."""

from pathlib import Path

import pytest

from whichhalf.attribute.channels import channel_of, origin_of
from whichhalf.attribute.classify import load_rules
from whichhalf.attribute.paid import paid_by
from whichhalf.attribute.rules.conditions import Facts
from whichhalf.config import AttributeConfig
from whichhalf.errors import ConfigError

RULES = load_rules(AttributeConfig(), Path())


def facts_of(source="", medium="", campaign="", *, click_id_kind="", network="", referrer=""):
    origin = origin_of(
        source,
        medium,
        click_id_kind=click_id_kind,
        network=network,
        referrer_host=referrer,
        is_tagged=bool(campaign),
        sites=RULES.sites,
        networks=RULES.networks,
    )
    facts = Facts(
        source=origin.source,
        medium=origin.medium,
        campaign=campaign.lower(),
        click_id_kind=click_id_kind,
        source_category=RULES.sites.of_source(origin.source).category,
        referrer_category=RULES.sites.of_host(referrer).category if referrer else "",
        network=network,
        touch_type="click" if network else "",
    )
    return Facts(**{**vars(facts), "is_paid": paid_by(facts, RULES.paid) is not None})


def channel(*args, **kwargs):
    return channel_of(facts_of(*args, **kwargs), RULES.channels)


# https://support.google.com/analytics/answer/9756891, read 2026-11: each definition, with values
# that Google's own text names, and a near miss where the order of the rules decides.
GA4 = [
    ("(direct)", "(none)", "", "Direct"),
    ("(direct)", "(not set)", "", "Direct"),
    ("google", "cpc", "EU cross-network summer", "Cross-network"),
    ("google", "cpc", "Cross-Network", "Cross-network"),
    ("amazon", "cpc", "", "Paid Shopping"),
    ("partner", "ppc", "summer shopping", "Paid Shopping"),
    ("partner", "ppc", "shop now", "Paid Shopping"),
    ("partner", "ppc", "eshop", "Paid Shopping"),
    ("partner", "ppc", "workshop", "Paid Other"),
    ("google", "cpc", "", "Paid Search"),
    ("google", "paidsearch", "", "Paid Search"),
    ("bing", "ppc", "", "Paid Search"),
    ("facebook", "cpc", "", "Paid Social"),
    ("instagram", "paid_social", "", "Paid Social"),
    ("facebook", "cpm", "", "Paid Social"),  # before Display
    ("youtube", "cpv", "", "Paid Video"),
    ("youtube", "retargeting", "", "Paid Video"),
    *[("partner", m, "", "Display") for m in ("display", "banner", "expandable", "interstitial")],
    ("partner", "cpm", "", "Display"),
    ("partner", "cpc", "", "Paid Other"),
    ("partner", "retargeting", "", "Paid Other"),
    ("email", "cpc", "", "Paid Other"),  # before Email
    ("amazon", "referral", "", "Organic Shopping"),
    ("newsletter", "email", "shop opening", "Organic Shopping"),  # before Email
    ("facebook", "referral", "", "Organic Social"),
    *[
        ("somewhere", m, "", "Organic Social")
        for m in ("social", "social-network", "social-media", "sm", "social network")
    ],
    ("youtube", "referral", "", "Organic Video"),
    ("somewhere", "product-video", "", "Organic Video"),
    ("chatgpt.com", "(not set)", "", "AI Assistant"),
    ("gemini", "ai-assistant", "(ai-assistant)", "AI Assistant"),
    ("google", "organic", "", "Organic Search"),
    ("google", "email", "", "Organic Search"),  # a search site by source, before Email
    ("unknown-engine", "organic", "", "Organic Search"),
    *[("somewhere", m, "", "Referral") for m in ("referral", "app", "link")],
    *[("crm", m, "", "Email") for m in ("email", "e-mail", "e_mail", "e mail")],
    ("e-mail", "weekly", "", "Email"),
    ("partner", "affiliate", "", "Affiliates"),
    ("podcast", "audio", "", "Audio"),
    ("crm", "sms", "", "SMS"),
    ("sms", "blast", "", "SMS"),
    ("crm", "web-push", "", "Mobile Push Notifications"),
    ("crm", "mobile-message", "", "Mobile Push Notifications"),
    ("crm", "notifications", "", "Mobile Push Notifications"),
    ("firebase", "message", "", "Mobile Push Notifications"),
    ("somewhere", "flyer", "", "Unassigned"),
    ("crm", "email-blast", "", "Unassigned"),  # GA4 wants the whole value
]


@pytest.mark.parametrize(("source", "medium", "campaign", "expected"), GA4)
def test_ga4_definitions(source, medium, campaign, expected):
    assert channel(source, medium, campaign)[0] == expected


REFERRERS = [
    ("google.com", "google", "organic", "Organic Search"),
    ("google.co.uk", "google", "organic", "Organic Search"),
    ("google.com.br", "google", "organic", "Organic Search"),
    ("google.de", "google", "organic", "Organic Search"),
    ("docs.google.com", "docs.google.com", "referral", "Referral"),
    ("google.evil.com", "google.evil.com", "referral", "Referral"),
    ("notgoogle.com", "notgoogle.com", "referral", "Referral"),
    ("uk.search.yahoo.com", "yahoo", "organic", "Organic Search"),
    ("duckduckgo.com", "duckduckgo", "organic", "Organic Search"),
    ("com.google.android.googlequicksearchbox", "google", "organic", "Organic Search"),
    ("l.facebook.com", "facebook", "referral", "Organic Social"),
    ("t.co", "x", "referral", "Organic Social"),
    ("at.co", "at.co", "referral", "Referral"),
    ("netflix.com", "netflix", "referral", "Organic Video"),
    ("in.pinterest.com", "pinterest", "referral", "Organic Social"),
    ("m.ebay.de", "ebay", "referral", "Organic Shopping"),
    ("chat.openai.com", "chatgpt", "ai-assistant", "AI Assistant"),
    ("gemini.google.com", "gemini", "ai-assistant", "AI Assistant"),
    ("edgeservices.bing.com", "copilot", "ai-assistant", "AI Assistant"),
    ("mail.google.com", "gmail", "referral", "Referral"),
    ("blog.example.org", "blog.example.org", "referral", "Referral"),
]


@pytest.mark.parametrize(("host", "source", "medium", "expected"), REFERRERS)
def test_referrers_without_tags(host, source, medium, expected):
    facts = facts_of(referrer=host)
    assert (facts.source, facts.medium) == (source, medium)
    assert channel(referrer=host)[0] == expected
    assert not facts.is_paid


def test_origin_prefers_tags_then_click_id_then_referrer():
    def origin(**kwargs):
        facts = facts_of(**kwargs)
        return facts.source, facts.medium

    assert origin() == ("(direct)", "(none)")
    assert origin(campaign="spring") == ("(not set)", "(not set)")
    assert origin(click_id_kind="gclid", referrer="google.de") == ("google", "cpc")
    assert origin(source="google", click_id_kind="gclid") == ("google", "cpc")
    assert origin(source="adwords_x", medium="text", click_id_kind="gclid") == ("adwords_x", "text")
    assert origin(source="news", referrer="google.de") == ("news", "(not set)")
    assert origin(medium="email", referrer="mail.google.com") == ("gmail", "email")
    assert origin(network="unity_ads") == ("unityads", "cpi")
    assert origin(network="Some Partner") == ("some_partner", "paid")
    assert origin(click_id_kind="fbclid") == ("facebook", "referral")
    assert origin(click_id_kind="fbclid", referrer="l.instagram.com") == ("instagram", "referral")


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"click_id_kind": "gclid"}, "Paid Search"),
        ({"click_id_kind": "msclkid"}, "Paid Search"),
        ({"click_id_kind": "ttclid"}, "Paid Social"),
        ({"click_id_kind": "dclid"}, "Display"),
        ({"click_id_kind": "fbclid"}, "Organic Social"),
        ({"network": "apple_ads"}, "Paid Search"),
        ({"network": "meta"}, "Paid Social"),
        ({"network": "unity_ads"}, "Paid Other"),
    ],
)
def test_touches_without_tags(kwargs, expected):
    assert channel(**kwargs)[0] == expected


# One tuple of facts by which each shipped rule wins.
REACH = {
    "direct": facts_of(),
    "cross_network": facts_of("google", "cpc", "cross-network"),
    "paid_shopping_source": facts_of("ebay", "cpc"),
    "paid_shopping_campaign": facts_of("p", "cpc", "shopping"),
    "paid_search": facts_of("bing", "cpc"),
    "paid_social": facts_of("tiktok", "paid"),
    "paid_video": facts_of("vimeo", "cpv"),
    "display": facts_of("p", "banner"),
    "paid_social_medium": facts_of("p", "social", click_id_kind="ttclid"),
    "paid_affiliates": facts_of("p", "affiliate", click_id_kind="gclid"),
    "paid_audio": facts_of("p", "audio", click_id_kind="gclid"),
    "paid_other": facts_of("p", "cpc"),
    "organic_shopping_source": facts_of("etsy", "referral"),
    "organic_shopping_campaign": facts_of("p", "q", "shopping"),
    "organic_social_source": facts_of("reddit", "referral"),
    "organic_social_medium": facts_of("p", "social"),
    "organic_video_source": facts_of("vimeo", "referral"),
    "organic_video_medium": facts_of("p", "video"),
    "ai_assistant_medium": facts_of("p", "ai-assistant"),
    "ai_assistant_source": facts_of("perplexity"),
    "organic_search_source": facts_of("bing", "referral"),
    "organic_search_medium": facts_of("p", "organic"),
    "referral": facts_of("p", "app"),
    "email_source": facts_of("email", "q"),
    "email_medium": facts_of("p", "email"),
    "affiliates": facts_of("p", "affiliate"),
    "audio": facts_of("p", "audio"),
    "sms_source": facts_of("sms", "q"),
    "sms_medium": facts_of("p", "sms"),
    "mobile_push_medium": facts_of("p", "push"),
    "mobile_push_source": facts_of("firebase", "q"),
    "unassigned": facts_of("p", "q"),
}


def test_every_rule_is_reachable():
    assert list(REACH) == [rule.id for rule in RULES.channels]
    for rule_id, facts in REACH.items():
        assert channel_of(facts, RULES.channels)[1] == rule_id


def test_paid_and_organic_never_contradict():
    for facts in REACH.values():
        name = channel_of(facts, RULES.channels)[0]
        assert not (facts.is_paid and (name.startswith("Organic") or name == "Referral")), facts
        assert facts.is_paid or not name.startswith("Paid"), facts


def own_rules(folder: Path, text: str):
    (folder / "own.csv").write_text(text, encoding="utf-8")
    return load_rules(AttributeConfig(channel_rules="own.csv"), folder)


def test_own_rules_come_first(tmp_path):
    rules = own_rules(tmp_path, "id,channel,campaign_regex\nmine,Brand,.*BRAND.*\n")
    assert channel_of(facts_of("google", "cpc", "de brand"), rules.channels) == ("Brand", "mine")
    assert channel_of(facts_of("google", "cpc", "other"), rules.channels)[1] == "paid_search"


def test_own_rules_by_category_and_click_id(tmp_path):
    rules = own_rules(
        tmp_path,
        "# ours\nid,channel,referrer_category,click_id_kind,is_paid\n"
        "mail,Email,webmail,,false\n\nads,Ads,,gclid|msclkid,\nany,Other ids,,*,\n",
    )
    assert channel_of(facts_of(referrer="mail.google.com"), rules.channels)[1] == "mail"
    assert channel_of(facts_of(click_id_kind="msclkid"), rules.channels)[1] == "ads"
    assert channel_of(facts_of(click_id_kind="fbclid"), rules.channels)[1] == "any"
    assert channel_of(facts_of(), rules.channels)[1] == "direct"


BAD = [
    ("", "empty"),
    ("id,chanel\n", "unknown column 'chanel'. Did you mean 'channel'?"),
    ("id;channel;note\n", "separated by commas"),
    ("id,source_regex\n", "no column 'channel'"),
    ("id,channel,note,note\n", "twice"),
    ("id,channel,source_regex\nx,Y,(\n", "own.csv, line 2: source_regex: '(' is no regular"),
    ("id,channel,source_regex\n\nx,,a\n", "own.csv, line 3: channel is empty"),
    ("id,channel,source_regex\n,Y,a\n", "line 2: id is empty"),
    ("id,channel,source_regex\nx,Y,a,b\n", "line 2: 4 cells, but the header has 3"),
    ("id,channel,is_paid\nx,Y,maybe\n", "line 2: is_paid must be true or false, not 'maybe'"),
    ("id,channel,source_category\nx,Y,serch\n", "unknown 'serch'. Did you mean 'search'?"),
    ("id,channel,click_id_kind\nx,Y,glcid\n", "unknown 'glcid'. Did you mean 'gclid'?"),
    ("id,channel,source_regex\nx,Y,a\nx,Y,b\n", "own.csv, line 3: rule 'x' is there twice"),
    ("id,channel,source_regex\ndirect,Y,a\n", "own.csv, line 2: rule 'direct' is there twice"),
    ("id,channel,source_regex\nx,Y,\n", "line 2: rule 'x' has no condition"),
    ('id,channel,source_regex\nx,Y,"a\n', "own.csv, line 2: no valid CSV"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_rules_say_where(tmp_path, text, message):
    with pytest.raises(ConfigError) as raised:
        own_rules(tmp_path, text)
    assert message in str(raised.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match=r"attribute.channel_rules: cannot read 'no.csv'"):
        load_rules(AttributeConfig(channel_rules="no.csv"), tmp_path)
    (tmp_path / "latin.csv").write_bytes("id,channel\nä,x".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin.csv: byte 11 is no UTF-8"):
        load_rules(AttributeConfig(channel_rules="latin.csv"), tmp_path)


def test_catalogue_holds_over_a_hundred_sites():
    assert len({site.name for site in RULES.sites.words.values()}) >= 100
    assert {"search", "social", "video", "shopping", "ai_assistant"} <= RULES.sites.categories
