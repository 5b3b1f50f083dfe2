"""Which campaign, ad set and ad a source tuple names: by id, else by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from whichhalf.attribute.rules.networks import Networks, normalise
from whichhalf.errors import SchemaError
from whichhalf.tables import table

# An own mail or a search result often bears the name of the campaign that runs beside it; only
# an id ties it to the ads.
_UNBOUGHT_MEDIUM = re.compile(r"organic|sms|e[-_ ]?mail|newsletter|.*push|.*notification.*")

_NAMES_COLUMNS = ("network", "account_id", "campaign_id", "campaign_name")


@dataclass(frozen=True, order=True)
class Campaign:
    """A campaign. network: as table `campaigns` says it. has_costs: whether it has cost rows."""

    network: str
    account_id: str
    campaign_id: str
    is_named_by_id: bool
    has_costs: bool


@dataclass(frozen=True)
class Ads:
    """Ad sets and ads of one campaign, as (ad set id, ad id), by id and by normalised name.

    The ad id of an ad set is "", and so is the ad set id of an ad whose source names none.
    """

    ad_sets_by_id: Mapping[str, frozenset[tuple[str, str]]]
    ad_sets_by_name: Mapping[str, frozenset[tuple[str, str]]]
    ads_by_id: Mapping[str, frozenset[tuple[str, str]]]
    ads_by_name: Mapping[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Naming:
    """What a source tuple says of its campaign; "" where it says nothing.

    network, campaign_id, ad_set_id, ad_id: as a click or impression carried them.
    """

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    utm_id: str = ""
    click_id_kind: str = ""
    network: str = ""
    campaign_id: str = ""
    ad_set_id: str = ""
    ad_id: str = ""


@dataclass(frozen=True)
class Match:
    """A matched campaign. rule: id or name. ad_set_id, ad_id: None where not matched."""

    campaign: Campaign
    rule: str
    ad_set_id: str | None
    ad_id: str | None


@dataclass(frozen=True)
class Campaigns:
    """Table `campaigns`, indexed. The keys of the names are normalised; the networks canonical."""

    networks: frozenset[str]
    canonical: Mapping[str, str]
    by_id: Mapping[str, frozenset[Campaign]]
    by_name: Mapping[str, frozenset[Campaign]]
    by_old_name: Mapping[str, frozenset[Campaign]]
    ads: Mapping[Campaign, Ads]


def index_campaigns(campaigns: pa.Table, names: pa.Table | None, networks: Networks) -> Campaigns:
    """Return the index of table `campaigns`.

    names: earlier names, columns network, account_id, campaign_id, campaign_name; or None.
    """
    _require(campaigns, table("campaigns").by_name, "campaigns")
    rows = campaigns.to_pylist()
    with_costs = {_key(row) for row in rows if row["first_cost_on"] is not None}
    ids_as_names = {_key(row) for row in rows if row["campaign_name"] == row["campaign_id"]}
    found: dict[tuple[str, ...], Campaign] = {
        key: Campaign(*key, key in ids_as_names, key in with_costs) for key in map(_key, rows)
    }
    old_rows = []
    if names is not None:
        _require(names, _NAMES_COLUMNS, "names")
        old_rows = [row for row in names.to_pylist() if _key(row) in found]
    canonical = {row["network"]: networks.named(row["network"]).name for row in rows}
    return Campaigns(
        networks=frozenset(canonical.values()),
        canonical=canonical,
        by_id=_grouped((key[2], campaign) for key, campaign in found.items()),
        by_name=_grouped((normalise(_name(row)), found[_key(row)]) for row in rows),
        by_old_name=_grouped((normalise(_name(row)), found[_key(row)]) for row in old_rows),
        ads={
            campaign: _index_ads(of_campaign)
            for campaign, of_campaign in _listed((found[_key(row)], row) for row in rows).items()
        },
    )


def network_hint(naming: Naming, networks: Networks, known: Collection[str] = ()) -> str:
    """Return the network that a tuple points to, "" for none.

    In this order: what the click names, a click id that only ads have, the UTM source, any other
    click id. known: more network names that a UTM source may say, those of `campaigns`.
    """
    if naming.network:
        return networks.named(naming.network).name
    click_id = networks.click_ids.get(naming.click_id_kind)
    if click_id and click_id.medium:
        return click_id.name
    if naming.source:
        network = networks.named(naming.source).name
        if normalise(naming.source) in networks.words or network in known:
            return network
    return click_id.name if click_id else ""


def match_campaign(naming: Naming, hint: str, campaigns: Campaigns) -> Match | None:
    """Return the one campaign that the tuple names; None for none and for more than one.

    hint: its network (canonical name), inside which alone is searched; "" searches all.
    By id: the click's campaign id, utm_id, utm_campaign. By name: utm_campaign against latest
    names, then against earlier ones.
    """

    def inside(found: frozenset[Campaign]) -> list[Campaign]:
        return sorted(c for c in found if hint in ("", campaigns.canonical[c.network]))

    ids = filter(None, (naming.campaign_id, naming.utm_id, naming.campaign))
    searches = [("id", campaigns.by_id.get(wanted)) for wanted in ids]
    name = normalise(naming.campaign)
    if name and not _UNBOUGHT_MEDIUM.fullmatch(naming.medium):
        indexes = (campaigns.by_name, campaigns.by_old_name)
        searches += [("name", index.get(name)) for index in indexes]
    for rule, search in searches:
        found = inside(search or frozenset())
        if len(found) > 1:
            return None
        if found:
            campaign = found[0]
            how = "name" if campaign.is_named_by_id else rule
            return Match(campaign, how, *_match_ad(naming, campaigns.ads[campaign]))
    return None


def _match_ad(naming: Naming, ads: Ads) -> tuple[str | None, str | None]:
    """Return ad set and ad of a matched campaign. An ad alone gives its ad set."""
    ad_set = _only(
        (naming.ad_set_id, naming.term), ads.ad_sets_by_id, ads.ad_sets_by_name, inside=None
    )
    inside = ad_set[0] if ad_set else None
    ad = _only((naming.ad_id, naming.content), ads.ads_by_id, ads.ads_by_name, inside=inside)
    ad_set_id, ad_id = ad or ad_set or ("", "")
    return ad_set_id or None, ad_id or None


def _only(
    wanted: Iterable[str],
    by_id: Mapping[str, frozenset[tuple[str, str]]],
    by_name: Mapping[str, frozenset[tuple[str, str]]],
    *,
    inside: str | None,
) -> tuple[str, str] | None:
    """Return the one ad (or ad set) named by the first text that names any; None: several.

    inside: id of the ad set to which ads must belong; None for any.
    """
    for text in filter(None, wanted):
        for search in (by_id.get(text), by_name.get(normalise(text) or text)):
            found = [pair for pair in search or () if inside in (None, pair[0])]
            if found:
                return found[0] if len(found) == 1 else None
    return None


def _index_ads(rows: Sequence[Mapping[str, str | None]]) -> Ads:
    """Index the rows of one campaign; rows without ad set and ad are the campaign's own."""
    ad_set_rows = [row for row in rows if row["ad_set_id"]]
    ad_rows = [row for row in rows if row["ad_id"]]
    return Ads(
        _grouped((row["ad_set_id"] or "", _pair(row, ad_id="")) for row in ad_set_rows),
        _grouped(
            (normalise(row["ad_set_name"] or ""), _pair(row, ad_id="")) for row in ad_set_rows
        ),
        _grouped((row["ad_id"] or "", _pair(row)) for row in ad_rows),
        _grouped((normalise(row["ad_name"] or ""), _pair(row)) for row in ad_rows),
    )


def _pair(row: Mapping[str, str | None], ad_id: str | None = None) -> tuple[str, str]:
    return row["ad_set_id"] or "", (row["ad_id"] or "") if ad_id is None else ad_id


def _key(row: Mapping[str, str]) -> tuple[str, str, str]:
    return row["network"], row["account_id"], row["campaign_id"]


def _name(row: Mapping[str, str | None]) -> str:
    return row["campaign_name"] or row["campaign_id"] or ""


_K = TypeVar("_K")
_V = TypeVar("_V")


def _listed(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, list[_V]]:
    groups: defaultdict[_K, list[_V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return dict(groups)


def _grouped(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, frozenset[_V]]:
    return {key: frozenset(values) for key, values in _listed(pairs).items()}


def _require(given: pa.Table, columns: Iterable[str], name: str) -> None:
    missing = [column for column in columns if column not in given.column_names]
    if missing:
        raise SchemaError(
            f"{name}: no column {', '.join(missing)}. It has: {', '.join(given.column_names)}."
        )
