"""Table `sources`: the channel, payment and campaign of every distinct source tuple of touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from whichhalf.attribute.campaign_match import (
    Campaigns,
    Match,
    Naming,
    index_campaigns,
    match_campaign,
    network_hint,
)
from whichhalf.attribute.channels import CHANNEL_RULES, DIRECT, channel_of, origin_of
from whichhalf.attribute.paid import PAID_RULES, paid_by
from whichhalf.attribute.rules.conditions import Facts, Rule, read_rules
from whichhalf.attribute.rules.files import own_file, shipped, version_of
from whichhalf.attribute.rules.networks import Networks, normalise, read_networks
from whichhalf.attribute.rules.sites import Sites, read_sites
from whichhalf.config import AttributeConfig
from whichhalf.errors import SchemaError
from whichhalf.tables import table

_SHIPPED = ("channels.csv", "paid.csv", "sources.csv", "networks.csv", "click_ids.csv")

_TAGS = ("source", "medium", "campaign", "content", "term", "utm_id", "click_id_kind")
TUPLE_COLUMNS = ("source_key", *_TAGS, "referrer_host")
# What clicks and impressions add; a table without one of these columns has nulls there.
NAMED_COLUMNS = ("touch_type", "network", "campaign_id", "ad_set_id", "ad_id")
# What loaded touches say of themselves, before any rule: channel (text) and payment (boolean).
GIVEN_COLUMNS = ("given_channel", "given_is_paid")
GIVEN = "given"  # in place of a rule's id, where no rule was asked
GIVEN_PAID_CHANNEL = "given_channel"  # as GIVEN: the channel is one that rules give to paid touches

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """All rule tables. version: 12 hex digits that change whenever one of the files does."""

    channels: tuple[Rule, ...]
    paid: tuple[Rule, ...]
    sites: Sites
    networks: Networks
    version: str

    @cached_property
    def paid_channels(self) -> frozenset[str]:
        """Normalised names of the channels into which only paid touches can fall."""
        both: dict[bool, set[str]] = {True: set(), False: set()}
        for rule in self.channels:
            both[rule.is_paid is True].add(normalise(rule.verdict))
        return frozenset(both[True] - both[False])


def load_rules(config: AttributeConfig, folder: Path) -> Rules:
    """Return the user's rules (paths relative to the project `folder`) before the shipped.

    ConfigError says file, line and what is wrong.
    """
    own_channels = own_file(config.channel_rules, folder, "attribute.channel_rules")
    own_paid = own_file(config.paid_rules, folder, "attribute.paid_rules")
    sites = read_sites(shipped("sources.csv"))
    networks = read_networks(shipped("networks.csv"), shipped("click_ids.csv"))
    vocabulary = {
        "source_category": sites.categories,
        "referrer_category": sites.categories,
        "click_id_kind": networks.click_ids,
    }
    files = [*map(shipped, _SHIPPED), *(own for own in (own_channels, own_paid) if own)]
    return Rules(
        read_rules(CHANNEL_RULES, own_channels, vocabulary),
        read_rules(PAID_RULES, own_paid, vocabulary),
        sites,
        networks,
        version_of(files),
    )


def classify(
    tuples: pa.Table, campaigns: pa.Table, names: pa.Table | None, rules: Rules
) -> pa.Table:
    """Return table `sources`: one row per source key, sorted by it.

    tuples: TUPLE_COLUMNS and any of NAMED_COLUMNS, GIVEN_COLUMNS; all but source_key may be null.
    Where a key comes more than once (as click and as visit), a paid row wins, then the least one.
    campaigns: table `campaigns`. names: see `index_campaigns`.
    """
    for column in TUPLE_COLUMNS:
        if column not in tuples.column_names:
            raise SchemaError(
                f"source tuples: no column {column!r}. Expected: {', '.join(TUPLE_COLUMNS)}."
            )
    index = index_campaigns(campaigns, names, rules.networks)
    columns = (*TUPLE_COLUMNS, *NAMED_COLUMNS, *GIVEN_COLUMNS)
    given = [{column: row.get(column) for column in columns} for row in tuples.to_pylist()]
    given.sort(key=lambda row: tuple((row[c] is not None, str(row[c] or "")) for c in columns))
    best: dict[str, dict[str, object]] = {}
    for row in given:
        key = row["source_key"]
        if key is None:
            raise SchemaError("source tuples: a source_key is null. Every tuple needs its hash.")
        source = _classify_one(row, index, rules)
        if key not in best or (source["is_paid"] and not best[key]["is_paid"]):
            best[key] = source
    return pa.Table.from_pylist([best[key] for key in sorted(best)], table("sources").arrow)


def _classify_one(row: Row, campaigns: Campaigns, rules: Rules) -> dict[str, object]:
    """One row of table `sources`."""
    kept = {column: row[column] for column in TUPLE_COLUMNS}
    if row["source_key"] == DIRECT:
        return kept | _verdict("Direct", DIRECT, None, None, None, rules)
    naming = _naming(row)
    hint = network_hint(naming, rules.networks, campaigns.networks)
    match = match_campaign(naming, hint, campaigns)
    facts = _facts(row, naming, match, rules)
    paid_rule = _paid_rule(row, facts, rules)
    channel, channel_rule = row["given_channel"], GIVEN
    if not channel:
        known = replace(facts, is_paid=paid_rule is not None)
        channel, channel_rule = channel_of(known, rules.channels)
    network = hint if paid_rule or naming.network else ""
    return kept | _verdict(channel, channel_rule, paid_rule, network or None, match, rules)


def _paid_rule(row: Row, facts: Facts, rules: Rules) -> str | None:
    """By what somebody was paid for the touch; None: unpaid. What is given holds before any rule.

    A channel that is given says it, too, if the channel rules give it to paid touches only.
    """
    if row["given_is_paid"] is not None:
        return GIVEN if row["given_is_paid"] else None
    rule = paid_by(facts, rules.paid)
    if rule is None and normalise(row["given_channel"] or "") in rules.paid_channels:
        return GIVEN_PAID_CHANNEL
    return rule


def _verdict(
    channel: str,
    channel_rule: str,
    paid_rule: str | None,
    network: str | None,
    match: Match | None,
    rules: Rules,
) -> dict[str, object]:
    """The columns that classification adds. network: where no campaign is matched."""
    campaign = match.campaign if match else None
    return {
        "channel": channel,
        "channel_rule": channel_rule,
        "is_paid": paid_rule is not None,
        "paid_rule": paid_rule,
        "network": campaign.network if campaign else network,
        "account_id": campaign.account_id if campaign else None,
        "campaign_id": campaign.campaign_id if campaign else None,
        "ad_set_id": match.ad_set_id if match else None,
        "ad_id": match.ad_id if match else None,
        "match_rule": match.rule if match else None,
        "rules_version": rules.version,
    }


def _naming(row: Row) -> Naming:
    """What the tuple says of its campaign; source, medium and click id kind in lower case."""
    lower = {name: _lower(row, name) for name in ("source", "medium", "click_id_kind")}
    names = ("campaign", "content", "term", "utm_id", "network", "campaign_id", "ad_set_id")
    texts = {name: (row[name] or "").strip() for name in (*names, "ad_id")}
    return Naming(**lower, **texts)


def _facts(row: Row, naming: Naming, match: Match | None, rules: Rules) -> Facts:
    """What the rules may ask; is_paid still open."""
    host = _lower(row, "referrer_host")
    network = rules.networks.named(naming.network).name if naming.network else ""
    origin = origin_of(
        naming.source,
        naming.medium,
        click_id_kind=naming.click_id_kind,
        network=naming.network,
        referrer_host=host,
        is_tagged=any(row[tag] for tag in _TAGS),
        sites=rules.sites,
        networks=rules.networks,
    )
    return Facts(
        source=origin.source,
        medium=origin.medium,
        campaign=naming.campaign.lower(),
        click_id_kind=naming.click_id_kind,
        source_category=rules.sites.of_source(origin.source).category,
        referrer_category=rules.sites.of_host(host).category if host else "",
        network=network,
        # Only clicks and impressions name a network, so a tuple that does is a click at least.
        touch_type=_lower(row, "touch_type") or ("click" if network else ""),
        campaign_match=("costs" if match.campaign.has_costs else "registered") if match else "",
    )


def _lower(row: Row, column: str) -> str:
    return (row[column] or "").strip().lower()
