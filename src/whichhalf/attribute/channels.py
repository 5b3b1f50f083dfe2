"""Channels: the origin of a touch (source / medium as GA4 would say) and the group it falls into.

The shipped rules are the default channel groups of Google Analytics 4 as published in 2026
(support.google.com/analytics/answer/9756891), with one change: where GA4 tests the medium to tell
paid traffic, these ask the paid rules (paid.py), which begin with that same test. So a channel
never contradicts `is_paid`.
"""

from __future__ import annotations

from dataclasses import dataclass

from whichhalf.attribute.rules.conditions import (
    SOURCE_CONDITIONS,
    Facts,
    Rule,
    RuleTable,
    first_rule,
)
from whichhalf.attribute.rules.networks import Network, Networks
from whichhalf.attribute.rules.sites import Site, Sites

DIRECT = "direct"  # id of the rule, and source key of a visit without a source
NO_SOURCE = "(direct)"
NO_MEDIUM = "(none)"
NOT_SET = "(not set)"

# The user's rules come before the shipped, the last of which always holds.
CHANNEL_RULES = RuleTable(
    "channels.csv",
    verdict="channel",
    conditions=(*SOURCE_CONDITIONS, "is_paid"),
)

# A referrer without tags: GA4's media. Social, shopping and video sites are told by source.
_REFERRER_MEDIA = {"search": "organic", "ai_assistant": "ai-assistant"}


@dataclass(frozen=True)
class Origin:
    """Source and medium of a touch, lower case, never empty."""

    source: str
    medium: str


def channel_of(facts: Facts, rules: tuple[Rule, ...]) -> tuple[str, str]:
    """Return (channel, id of the rule) by the first rule that holds."""
    rule = first_rule(rules, facts)
    if rule is None:
        raise ValueError("the last channel rule must hold always")
    return rule.verdict, rule.id


def origin_of(
    source: str,
    medium: str,
    *,
    click_id_kind: str,
    network: str,
    referrer_host: str,
    is_tagged: bool,
    sites: Sites,
    networks: Networks,
) -> Origin:
    """Return the origin: UTM tags, else the click id, the network named, the referring site.

    All texts are lower case, "" where there is nothing. What the tags leave open is filled from
    the next that says it, but a referrer never gives a medium to a tagged source.
    is_tagged: whether there is any other tag, e.g. a campaign: then it is no direct visit.
    """
    click_id = networks.click_ids.get(click_id_kind)
    bought = [_origin(click_id)] if click_id and click_id.medium else []
    bought += [_origin(networks.named(network))] if network else []
    referrer = [_of_referrer(sites.of_host(referrer_host))] if referrer_host else []
    unbought = [Origin(click_id.source, "referral")] if click_id and not click_id.medium else []
    found = [*bought, *referrer, *unbought]
    if not (source or medium or found or is_tagged):
        return Origin(NO_SOURCE, NO_MEDIUM)
    media = bought if source else found
    return Origin(
        source or next((each.source for each in found), NOT_SET),
        medium or next((each.medium for each in media), NOT_SET),
    )


def _origin(network: Network) -> Origin:
    return Origin(network.source, network.medium)


def _of_referrer(site: Site) -> Origin:
    return Origin(site.name, _REFERRER_MEDIA.get(site.category, "referral"))
