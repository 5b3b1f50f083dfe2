"""Campaign matching: by id, by name, ambiguity, ad sets and ads, earlier names."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichhalf.attribute.campaign_match import (
    Naming,
    index_campaigns,
    match_campaign,
    network_hint,
)
from whichhalf.attribute.classify import load_rules
from whichhalf.attribute.rules.networks import normalise
from whichhalf.config import AttributeConfig
from whichhalf.errors import SchemaError
from whichhalf.tables import table

NETWORKS = load_rules(AttributeConfig(), Path()).networks


def campaign(network, campaign_id, name, ad_set=("", None), ad=("", None), account="1"):
    return {
        "network": network,
        "account_id": account,
        "campaign_id": campaign_id,
        "campaign_name": name,
        "ad_set_id": ad_set[0],
        "ad_set_name": ad_set[1],
        "ad_id": ad[0],
        "ad_name": ad[1],
        "first_cost_on": date(2026, 1, 1),
    }


def index(*rows, names=None):
    given_names = names and pa.Table.from_pylist(names)
    campaigns = pa.Table.from_pylist(list(rows), table("campaigns").arrow)
    return index_campaigns(campaigns, given_names, NETWORKS)


SHOES, HATS = ("s1", "Running Shoes"), ("s2", "Hats")
ROWS = [
    campaign("meta", "100", "Spring Sale"),
    campaign("meta", "100", "Spring Sale", SHOES),
    campaign("meta", "100", "Spring Sale", SHOES, ("a1", "Red | 15s")),
    campaign("meta", "100", "Spring Sale", SHOES, ("a2", "Blue")),
    campaign("meta", "100", "Spring Sale", HATS, ("a3", "Blue")),
    campaign("google_ads", "200", "Spring Sale"),
    campaign("google_ads", "300", "Brand DE"),
    campaign("tiktok", "300", "Launch"),
    campaign("apple_ads", "Generic", "Generic"),
    campaign("meta", "401", "Twins"),
    campaign("meta", "402", "twins"),
]
CAMPAIGNS = index(*ROWS)


def matched(campaigns=CAMPAIGNS, **naming):
    words = Naming(**naming)
    hint = network_hint(words, NETWORKS, campaigns.networks)
    match = match_campaign(words, hint, campaigns)
    if match is None:
        return None
    ids = (match.campaign.network, match.campaign.campaign_id, match.rule)
    return (*ids, match.ad_set_id, match.ad_id)


def test_by_id():
    expected = ("meta", "100", "id", None, None)
    assert matched(utm_id="100") == expected
    assert matched(campaign="100") == expected
    assert matched(campaign_id="100", network="Facebook Ads") == expected
    assert matched(campaign_id="100", utm_id="200", campaign="Brand DE") == expected
    assert matched(utm_id="999", campaign="100") == expected


def test_ids_are_exact_and_stay_inside_the_network():
    assert matched(utm_id="0100") is None
    assert matched(source="google", utm_id="100") is None
    assert matched(source="tiktok", utm_id="300")[:2] == ("tiktok", "300")
    assert matched(utm_id="300") is None  # two networks have it, and none is named


@pytest.mark.parametrize(
    "name",
    [
        "Spring Sale",
        "spring_sale",
        "SPRING - SALE",
        "spring%20sale",
        "Spring+Sale",
        " Ｓpring__sale",
    ],
)
def test_by_name_inside_the_network(name):
    assert matched(source="fb", campaign=name) == ("meta", "100", "name", None, None)
    assert matched(source="adwords", campaign=name)[:3] == ("google_ads", "200", "name")


def test_names_without_a_network_must_be_unique():
    assert matched(campaign="Spring Sale") is None
    assert matched(source="newsletter", campaign="Spring Sale") is None
    assert matched(campaign="brand de") == ("google_ads", "300", "name", None, None)


def test_two_campaigns_of_one_name_are_not_guessed():
    assert matched(source="fb", campaign="Twins") is None
    assert matched(source="fb", campaign="Twins", utm_id="402")[1:3] == ("402", "id")


def test_no_match_for_nothing():
    for naming in ({}, {"campaign": ""}, {"campaign": " _-+"}, {"campaign": "Springsale"}):
        assert matched(source="fb", **naming) is None


def test_a_name_in_place_of_an_id_is_a_name():
    assert matched(source="apple", campaign="Generic")[2] == "name"
    assert matched(source="apple", campaign="generic")[2] == "name"


@pytest.mark.parametrize("medium", ["email", "sms", "web-push", "organic"])
def test_own_media_are_matched_by_id_only(medium):
    assert matched(medium=medium, campaign="Brand DE") is None
    assert matched(medium=medium, utm_id="100")[1] == "100"
    assert matched(medium="social", campaign="Brand DE")[1] == "300"


def test_ad_sets_and_ads():
    def parts(**naming):
        return matched(utm_id="100", **naming)[3:]

    assert parts(term="s1") == ("s1", None)
    assert parts(term="running_shoes") == ("s1", None)
    assert parts(term="s1", content="blue") == ("s1", "a2")
    assert parts(term="hats", content="Blue") == ("s2", "a3")
    assert parts(content="Blue") == (None, None)  # in two ad sets
    assert parts(content="a3") == ("s2", "a3")
    assert parts(content="red+|+15s") == ("s1", "a1")
    assert parts(term="s2", content="a1") == ("s2", None)  # not in that ad set
    assert parts(term="cheap shoes", content="a1") == ("s1", "a1")
    assert parts(ad_set_id="s2", ad_id="a3", term="s1", content="a1") == ("s2", "a3")
    assert parts(ad_set_id="gone", term="s1") == ("s1", None)


def test_an_ad_without_an_ad_set():
    campaigns = index(campaign("taboola", "7", "Native", ad=("z", "Cats")))
    assert matched(campaigns, campaign="native", content="cats")[2:] == ("name", None, "z")


def test_earlier_names():
    names = [
        {"network": "meta", "account_id": "1", "campaign_id": "100", "campaign_name": "Old"},
        {
            "network": "meta",
            "account_id": "1",
            "campaign_id": "401",
            "campaign_name": "Spring sale",
        },
        {"network": "meta", "account_id": "1", "campaign_id": "gone", "campaign_name": "Old"},
    ]
    campaigns = index(*ROWS, names=names)
    assert matched(campaigns, source="fb", campaign="old")[1:3] == ("100", "name")
    # A latest name goes before an earlier one.
    assert matched(campaigns, source="fb", campaign="spring sale")[1] == "100"
    assert matched(source="fb", campaign="old") is None


def test_same_id_in_two_accounts_is_not_guessed():
    rows = [campaign("meta", "5", "A", account="1"), campaign("meta", "5", "A", account="2")]
    assert matched(index(*rows), source="fb", utm_id="5") is None


@pytest.mark.parametrize(
    ("naming", "expected"),
    [
        ({"source": "facebook"}, "meta"),
        ({"source": "ig"}, "meta"),
        ({"source": "instagram"}, "meta"),
        ({"source": "meta"}, "meta"),
        ({"source": "google"}, "google_ads"),
        ({"source": "adwords"}, "google_ads"),
        ({"source": "tiktok"}, "tiktok"),
        ({"source": "apple_search_ads"}, "apple_ads"),
        ({"source": "unityads"}, "unity_ads"),
        ({"source": "unity"}, "unity_ads"),
        ({"source": "bing"}, "microsoft_ads"),
        ({"source": "microsoft"}, "microsoft_ads"),
        ({"source": "google-ads"}, "google_ads"),
        ({"source": "house list"}, "house_list"),  # a network of `campaigns`
        ({"source": "newsletter"}, ""),
        ({"click_id_kind": "gclid"}, "google_ads"),
        ({"click_id_kind": "gclid", "source": "fb"}, "google_ads"),
        ({"click_id_kind": "fbclid", "source": "google"}, "google_ads"),
        ({"click_id_kind": "fbclid", "source": "newsletter"}, "meta"),
        ({"click_id_kind": "fbclid"}, "meta"),
        ({"network": "Facebook Ads", "source": "google"}, "meta"),
        ({"network": "Own Partner"}, "own_partner"),
        ({}, ""),
    ],
)
def test_network_hint(naming, expected):
    assert network_hint(Naming(**naming), NETWORKS, {"house_list"}) == expected


def test_networks_of_campaigns_under_another_spelling():
    campaigns = index(campaign("Facebook Ads", "1", "A"), campaign("google_ads", "2", "A"))
    assert matched(campaigns, source="ig", campaign="a")[:2] == ("Facebook Ads", "1")


def test_missing_columns_are_told():
    with pytest.raises(SchemaError, match=r"campaigns: no column .*campaign_name"):
        index_campaigns(pa.table({"network": ["meta"]}), None, NETWORKS)
    with pytest.raises(SchemaError, match="names: no column account_id"):
        index(*ROWS, names=[{"network": "meta", "campaign_id": "1", "campaign_name": "x"}])


@given(st.text(max_size=30), st.sampled_from([" ", "_", "-", "+", " - ", "__"]))
def test_gaps_and_case_never_matter(name, gap):
    words = name.replace("%", "").split()
    assert normalise(gap.join(words)) == normalise(" ".join(words))
    assert normalise(f"{gap}{' '.join(words)}{gap}") == normalise(" ".join(words))
    assert normalise(" ".join(words).casefold()) == normalise(" ".join(words))
