"""Which campaign, ad set and ad a source tuple names: by id, else by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
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


@dataclass(frozen=True, order=True)
class Ad:
    """An ad set, or an ad in it; "" where the row says none."""

    ad_set_id: str
    ad_set_name: str
    ad_id: str
    ad_name: str


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
    ads: Mapping[Campaign, frozenset[Ad]]


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
        ads=_grouped((found[_key(row)], _ad(row)) for row in rows if _has_ad(row)),
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

    searches = [
        campaigns.by_id.get(wanted, frozenset())
        for wanted in (naming.campaign_id, naming.utm_id, naming.campaign)
        if wanted
    ]
    name = normalise(naming.campaign)
    if name and not _UNBOUGHT_MEDIUM.fullmatch(naming.medium):
        searches += [
            index.get(name, frozenset()) for index in (campaigns.by_name, campaigns.by_old_name)
        ]
    by_id_count = sum(map(bool, (naming.campaign_id, naming.utm_id, naming.campaign)))
    for place, search in enumerate(searches):
        found = inside(search)
        if len(found) > 1:
            return None
        if found:
            is_id = place < by_id_count and not found[0].is_named_by_id
            ads = campaigns.ads.get(found[0], frozenset())
            return Match(found[0], "id" if is_id else "name", *_match_ad(naming, ads))
    return None


def _match_ad(naming: Naming, ads: frozenset[Ad]) -> tuple[str | None, str | None]:
    """Return ad set and ad of a matched campaign. An ad alone gives its ad set."""
    ad_sets = {Ad(ad.ad_set_id, ad.ad_set_name, "", "") for ad in ads if ad.ad_set_id}
    ad_set = _only(
        ad_sets,
        (naming.ad_set_id, naming.term),
        lambda ad: ad.ad_set_id,
        lambda ad: ad.ad_set_name,
    )
    wanted = {ad for ad in ads if ad.ad_id and (not ad_set or ad.ad_set_id == ad_set.ad_set_id)}
    ad = _only(wanted, (naming.ad_id, naming.content), lambda ad: ad.ad_id, lambda ad: ad.ad_name)
    ad_set_id = (ad_set or ad or Ad("", "", "", "")).ad_set_id
    return ad_set_id or None, (ad.ad_id if ad else None)


def _only(
    ads: Collection[Ad],
    wanted: Iterable[str],
    id_of: Callable[[Ad], str],
    name_of: Callable[[Ad], str],
) -> Ad | None:
    """Return the one ad (or ad set) that the first wanted text with any hit names."""
    for text in filter(None, wanted):
        by_id = {ad for ad in ads if id_of(ad) == text}
        name = normalise(text)
        found = by_id or {ad for ad in ads if name and normalise(name_of(ad)) == name}
        if found:
            return next(iter(found)) if len(found) == 1 else None
    return None


def _key(row: Mapping[str, str]) -> tuple[str, str, str]:
    return row["network"], row["account_id"], row["campaign_id"]


def _name(row: Mapping[str, str | None]) -> str:
    return row["campaign_name"] or row["campaign_id"] or ""


def _has_ad(row: Mapping[str, str | None]) -> bool:
    return bool(row["ad_set_id"] or row["ad_id"])


def _ad(row: Mapping[str, str | None]) -> Ad:
    columns = ("ad_set_id", "ad_set_name", "ad_id", "ad_name")
    return Ad(*((row[column] or "") for column in columns))


_K = TypeVar("_K")
_V = TypeVar("_V")


def _grouped(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, frozenset[_V]]:
    groups: defaultdict[_K, set[_V]] = defaultdict(set)
    for key, value in pairs:
        groups[key].add(value)
    return {key: frozenset(values) for key, values in groups.items()}


def _require(given: pa.Table, columns: Iterable[str], name: str) -> None:
    missing = [column for column in columns if column not in given.column_names]
    if missing:
        raise SchemaError(
            f"{name}: no column {', '.join(missing)}. It has: {', '.join(given.column_names)}."
        )
