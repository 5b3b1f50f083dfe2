"""Ad accounts, campaigns, ad sets, ads, and the links that the ads carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from whichhalf.world import catalog
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import choose, stream
from whichhalf.world.sources import Source

# network → (utm_source, media that patterns call paid, media that only costs can explain,
# click id of its links)
_LINKS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], str | None]] = {
    "meta": ("facebook", ("paid_social", "cpc", "cpm"), ("social", "story"), "fbclid"),
    "google_ads": ("google", ("cpc", "ppc"), ("display", "video"), "gclid"),
    "tiktok": ("tiktok", ("paid_social", "cpm"), ("video",), "ttclid"),
    "apple_ads": ("apple", ("cpc",), ("search_tab",), None),
    "unity_ads": ("unityads", ("cpi",), ("in_app",), None),
}
APP_ONLY = ("apple_ads", "unity_ads")
_WEIGHTS = {"meta": 0.38, "google_ads": 0.27, "tiktok": 0.15, "apple_ads": 0.1, "unity_ads": 0.1}


@dataclass(frozen=True)
class Account:
    """An ad account: its currency and the zone whose days it reports."""

    network: str
    account_id: str
    currency: str
    time_zone: str


@dataclass(frozen=True)
class Campaign:
    """A campaign. first_day, last_day: inclusive, counted from the world's first day.

    renamed_to: its name from `renamed_day` on. weight: how many visits it brings, relative; 0 for a
    dead one. daily_spend: mean of a day, in the reporting currency.
    """

    account: Account
    campaign_id: str
    name: str
    renamed_to: str
    renamed_day: int
    first_day: int
    last_day: int
    weight: float
    daily_spend: float
    for_app: bool

    def name_on(self, day: int) -> str:
        """The name that reports give on that day."""
        return self.renamed_to if day >= self.renamed_day else self.name


@dataclass(frozen=True)
class Ad:
    """An ad and the link behind it. campaign: index into Ads.campaigns."""

    campaign: int
    ad_set_id: str
    ad_set_name: str
    ad_id: str
    ad_name: str
    link: Source


@dataclass(frozen=True)
class Ads:
    """All of the advertiser's ads."""

    accounts: tuple[Account, ...]
    campaigns: tuple[Campaign, ...]
    ads: tuple[Ad, ...]


def draw_ads(config: WorldConfig, seed: int) -> Ads:
    """Draw accounts, campaigns and ads. Ads of a campaign follow each other in `ads`."""
    rng = stream(seed, "ads")
    accounts = _accounts(config)
    networks = choose(rng, [_WEIGHTS[n] for n in config.networks], config.campaigns)
    # Every network has one campaign at least.
    networks[: len(config.networks)] = np.arange(len(config.networks))
    campaigns: list[Campaign] = []
    ads: list[Ad] = []
    for number, network in enumerate(networks.tolist()):
        own = [a for a in accounts if a.network == config.networks[network]]
        renamed = number % 7 == 3 and number // 7 < config.renamed_campaigns
        campaign = _campaign(config, rng, number, own, renamed)
        campaigns.append(campaign)
        ads += _ads_of(config, rng, number, campaign, renamed, len(ads))
    return Ads(accounts, tuple(campaigns), tuple(ads))


def _accounts(config: WorldConfig) -> tuple[Account, ...]:
    """Meta has one account for each currency, the others take currencies and zones in turn."""
    accounts = []
    turn = 0
    for network in config.networks:
        count = len(config.account_currencies) if network == "meta" else 1
        for number in range(count):
            currency = config.account_currencies[turn % len(config.account_currencies)]
            zone = config.account_time_zones[turn % len(config.account_time_zones)]
            digits = f"{int.from_bytes(network[:4].encode()) % 899 + 100}{4_410_021 + number * 37}"
            if network == "google_ads":
                digits = f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
            accounts.append(Account(network, digits, currency, zone))
            turn += 1
    return tuple(accounts)


def _campaign(
    config: WorldConfig, rng: np.random.Generator, number: int, accounts: list[Account], named: bool
) -> Campaign:
    """Draw one campaign; `named`: it gets another name in the middle of its run."""
    account = accounts[int(rng.integers(len(accounts)))]
    first = max(0, int(rng.integers(-config.days // 2, config.days - 1)))
    last = min(config.days - 1, first + int(rng.integers(2, config.days + 1)))
    if number < 5 or named:  # some run all the time, so that every day has ads
        first, last = 0, config.days - 1
    dead = number >= 5 and rng.random() < config.dead_campaign_share
    begun = config.start_on + timedelta(days=first - int(rng.integers(0, 40)) * (first == 0))
    name = _name(rng, number, begun.strftime("%y%m%d"))
    app_share = 1.0 if account.network in APP_ONLY else 0.25
    return Campaign(
        account=account,
        campaign_id=str(120_210_000_000_000_000 + number * 10_007 + int(rng.integers(9_999))),
        name=name,
        renamed_to=f"{name} - v2",
        renamed_day=config.days // 2 if named else config.days,
        first_day=first,
        last_day=last,
        weight=0.0 if dead else float(rng.lognormal(0, 0.9)),
        daily_spend=config.daily_spend * float(rng.lognormal(0, 0.9)),
        for_app=bool(number >= 5 and rng.random() < app_share) or account.network in APP_ONLY,
    )


def _name(rng: np.random.Generator, number: int, begun: str) -> str:
    """Return a name as marketers write them; the number in it keeps names apart."""
    if number == 0:
        return f"TR - M - 2040 - CPM - {begun} - MAE"
    geo = catalog.GEOS[int(rng.integers(len(catalog.GEOS)))]
    age = catalog.AGES[int(rng.integers(len(catalog.AGES)))]
    model = catalog.COST_MODELS[int(rng.integers(len(catalog.COST_MODELS)))]
    creative = catalog.CREATIVES[int(rng.integers(len(catalog.CREATIVES)))]
    sex = "MW"[int(rng.integers(2))]
    return f"{geo} - {sex} - {age} - {model} - {begun} - {creative} #{number}"


def _ads_of(
    config: WorldConfig,
    rng: np.random.Generator,
    number: int,
    campaign: Campaign,
    renamed: bool,
    before: int,
) -> list[Ad]:
    """Draw the ads of one campaign: one or two ad sets with one to three ads.

    before: how many ads there are already.
    """
    common = _link_of(config, rng, number, campaign, renamed)
    ads: list[Ad] = []
    for ad_set in range(int(rng.integers(1, 3))):
        set_name = f"{catalog.AD_SET_NAMES[int(rng.integers(4))]} {ad_set + 1}"
        for ad in range(int(rng.integers(1, 4))):
            ad_name = f"{catalog.AD_NAMES[int(rng.integers(6))]}_{ad + 1}"
            link = replace(common, ad=before + len(ads))
            if common.source:
                link = replace(link, content=ad_name, term=set_name)
            set_id = int(campaign.campaign_id) + (ad_set + 1) * 10**14
            ad_id = str(set_id + (ad + 1) * 10**15)
            ads.append(Ad(number, str(set_id), set_name, ad_id, ad_name, link))
    return ads


def _link_of(
    config: WorldConfig, rng: np.random.Generator, number: int, campaign: Campaign, renamed: bool
) -> Source:
    """Draw what the links of all ads of a campaign have in common."""
    source, known_media, unknown_media, click_id = _LINKS[campaign.account.network]
    odd_medium = rng.random() < config.unknown_medium_share
    media = unknown_media if odd_medium else known_media
    medium = media[int(rng.integers(len(media)))]
    # A click id of Google or TikTok would tell that the odd medium is an ad, and so would not test
    # the match with costs; a renamed campaign with an odd medium is only known by its id.
    click_id = None if odd_medium and click_id != "fbclid" else click_id
    has_id = rng.random() >= config.missing_utm_id_share or (renamed and odd_medium)
    auto_tagged = campaign.account.network == "google_ads" and not odd_medium and number % 4 == 0
    # Links into apps have no place for a lone click id.
    if auto_tagged and not campaign.for_app:
        page = "https://www.google.com/"
        return Source(click_id_kind="gclid", referrer=page, is_paid=True)
    return Source(
        source=source,
        medium=medium,
        # Some people type names into links by hand, and type them in lower case.
        campaign=campaign.name.lower() if number % 5 == 4 else campaign.name,
        utm_id=campaign.campaign_id if has_id else None,
        click_id_kind=click_id,
        is_paid=True,
    )
