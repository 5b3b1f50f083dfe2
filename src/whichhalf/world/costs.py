"""What ads cost: one row an ad (Google: an ad group) and day of the account's calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from whichhalf.world.campaigns import Account, Ads, Campaign
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import Ints, stream
from whichhalf.world.money import ecb_quotes

_PRICE_OF_IMPRESSION = 0.004


@dataclass(frozen=True)
class Cost:
    """A row of a cost report. spend: in the account's currency, two decimals."""

    account: Account
    campaign: Campaign
    campaign_name: str
    ad_set_id: str
    ad_set_name: str
    ad_id: str
    ad_name: str
    on: date
    spend: Decimal
    impressions: int
    clicks: int


def draw_costs(config: WorldConfig, seed: int, ads: Ads, visits_by_ad: Ints) -> list[Cost]:
    """Draw all cost rows, sorted by account, day and ad.

    visits_by_ad: visits and installs that each ad brought, shape (ads, days): no report shows fewer
    clicks. Dead campaigns cost, too.
    """
    rng = stream(seed, "costs")
    costs = []
    for number, campaign in enumerate(ads.campaigns):
        chosen = [place for place, ad in enumerate(ads.ads) if ad.campaign == number]
        if campaign.account.network == "google_ads":  # its report stops at ad groups
            places = {ads.ads[place].ad_set_id: place for place in chosen}
        else:
            places = {ads.ads[place].ad_id: place for place in chosen}
        for place in places.values():
            ad = ads.ads[place]
            same = [p for p in chosen if ads.ads[p].ad_set_id == ad.ad_set_id]
            same = same if campaign.account.network == "google_ads" else [place]
            brought = visits_by_ad[same].sum(axis=0)
            costs += _rows_of(config, rng, ads, place, len(places), brought)
    accounts = {account: place for place, account in enumerate(ads.accounts)}
    return sorted(costs, key=lambda cost: (accounts[cost.account], cost.on))


def _rows_of(
    config: WorldConfig, rng: np.random.Generator, ads: Ads, place: int, rows: int, brought: Ints
) -> list[Cost]:
    """Draw the rows of one ad; rows: how many of the campaign share its money on a day."""
    ad = ads.ads[place]
    campaign = ads.campaigns[ad.campaign]
    days = range(campaign.first_day, campaign.last_day + 1)
    paid = campaign.daily_spend / rows * rng.lognormal(0, 0.4, len(days))
    paid[rng.random(len(days)) < 0.02] = 0  # paused for a day
    impressions = rng.poisson(paid / _PRICE_OF_IMPRESSION)
    rate = ecb_quotes().rate(config.reporting_currency, campaign.account.currency, config.start_on)
    cents = paid * float(rate) * 100
    clicks = rng.binomial(impressions, 0.008) + brought[campaign.first_day : campaign.last_day + 1]
    is_google = campaign.account.network == "google_ads"
    return [
        Cost(
            account=campaign.account,
            campaign=campaign,
            campaign_name=campaign.name_on(day),
            ad_set_id=ad.ad_set_id,
            ad_set_name=ad.ad_set_name,
            ad_id="" if is_google else ad.ad_id,
            ad_name="" if is_google else ad.ad_name,
            on=config.start_on + timedelta(days=day),
            spend=Decimal(int(cents[at])).scaleb(-2),
            impressions=int(max(impressions[at], clicks[at])),
            clicks=int(clicks[at]),
        )
        for at, day in enumerate(days)
    ]
