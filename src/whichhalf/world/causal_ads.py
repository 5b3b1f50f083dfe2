"""The ads of a world in which ads persuade: two campaigns of each channel, two ads of each."""

from __future__ import annotations

from whichhalf.world.campaigns import Account, Ad, Ads, Campaign
from whichhalf.world.config import WorldConfig
from whichhalf.world.effects import CHANNELS, Channel, Push
from whichhalf.world.sources import Source

# network → (utm_source, utm_medium, click id of its links)
_LINKS: dict[str, tuple[str, str, str | None]] = {
    "google_ads": ("google", "cpc", "gclid"),
    "criteo": ("criteo", "retargeting", None),
    "meta": ("facebook", "paid_social", "fbclid"),
    "the_trade_desk": ("ttd", "cpm", None),
}
_MEAN_INTENT = 0.6 / 6.6
_ADS = ("video", "still")


def causal_ads(config: WorldConfig) -> Ads:
    """Return accounts, campaigns and ads, by channel."""
    accounts: list[Account] = []
    campaigns: list[Campaign] = []
    ads: list[Ad] = []
    for number, channel in enumerate(CHANNELS):
        account = _account(config, number, channel)
        accounts.append(account)
        for push in channel.pushes:
            campaign = _campaign(config, len(campaigns), account, channel, push)
            ads += [
                _ad(len(campaigns), campaign, len(ads) + place, place) for place in range(len(_ADS))
            ]
            campaigns.append(campaign)
    return Ads(tuple(accounts), tuple(campaigns), tuple(ads))


def _account(config: WorldConfig, number: int, channel: Channel) -> Account:
    """Accounts take currencies and zones in turn."""
    digits = f"{7_310_000_021 + number * 1_000_037}"
    if channel.network == "google_ads":
        digits = f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    currency = config.account_currencies[number % len(config.account_currencies)]
    zone = config.account_time_zones[number % len(config.account_time_zones)]
    return Account(channel.network, digits, currency, zone)


def _campaign(
    config: WorldConfig, number: int, account: Account, channel: Channel, push: Push
) -> Campaign:
    """A campaign that runs all the time; its visits come from journeys alone, so weight is 0."""
    reached = min(1.0, channel.reach + channel.by_intent * _MEAN_INTENT) * push.share
    shown = config.causal_people * reached * (1 - config.holdout_share)
    return Campaign(
        account=account,
        campaign_id=str(120_310_000_000_000_000 + number * 10_007),
        name=f"{channel.name.replace('_', ' ').upper()} - {push.word} - {config.start_on:%y%m%d}",
        renamed_to="",
        renamed_day=config.days,
        first_day=0,
        last_day=config.days - 1,
        weight=0.0,
        daily_spend=shown * channel.price / config.days,
        for_app=False,
    )


def _ad(number: int, campaign: Campaign, index: int, place: int) -> Ad:
    """The ad and its link. number: of the campaign. index: of the ad among all."""
    source, medium, click_id = _LINKS[campaign.account.network]
    set_id = int(campaign.campaign_id) + 10**14
    ad_name = f"{_ADS[place]}_{place + 1}"
    link = Source(
        source=source,
        medium=medium,
        campaign=campaign.name,
        content=ad_name,
        term="everybody",
        utm_id=campaign.campaign_id,
        click_id_kind=click_id,
        is_paid=True,
        ad=index,
    )
    ad_id = str(set_id + (place + 1) * 10**15)
    return Ad(number, str(set_id), "everybody", ad_id, ad_name, link)
