"""What brings each visit and each install: an ad that runs on that day, or something unpaid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from whichhalf.world import catalog
from whichhalf.world.campaigns import Ads
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import DAY_MS, MINUTE_MS, Flags, Ints, choose, stream
from whichhalf.world.people import APP, People
from whichhalf.world.sources import APP_SOURCES, PLAY_STORE, SourceBook, unpaid_groups
from whichhalf.world.visits import NO_AD, Visits, app_visits

DIRECT = 0
_FOLLOWED_UP = {"email": 0.3, "partner": 0.2, "no source": 0.5}
_AD_SHARE_OF_FOLLOWUPS = 0.35
_APP_OPENED_BY_LINK, _APP_OPENED_BY_AD = 0.12, 0.06


@dataclass(frozen=True)
class Installs:
    """First visits of devices that run the app. visit: index into Visits.

    source: code of what brought the install. clicked_at, begun_at: ms since 1970.
    """

    visit: Ints
    source: Ints
    clicked_at: Ints
    begun_at: Ints


def _on_apple(people: People, device: Ints) -> Flags:
    systems = np.array([row[0] for row in catalog.PHONES])
    on_apple: Flags = systems[people.device_model[device]] == "ios"
    return on_apple


class Arrivals:
    """Sources of all visits and installs. book: every source by code."""

    def __init__(self, config: WorldConfig, seed: int, people: People, visits: Visits, ads: Ads):
        groups = unpaid_groups(config.web_host)
        sources = [source for group in groups for source in group.sources]
        self._groups: list[tuple[str, float, int, int]] = []
        begin = 0
        for group in groups:
            end = begin + len(group.sources)
            self._groups.append((group.name, group.weight, begin, end))
            begin = end
        self._app_links = np.arange(begin, begin + len(APP_SOURCES))
        self._play_store = begin + len(APP_SOURCES)
        self._first_ad = self._play_store + 1
        links = [ad.link for ad in ads.ads]
        # Segment's context.campaign, which says what opened an app, has no place for a click id.
        deep_links = [replace(link, click_id_kind=None) for link in links]
        self._first_deep_link = self._first_ad + len(links)
        self.book = SourceBook([*sources, *APP_SOURCES, PLAY_STORE, *links, *deep_links])
        networks = [ads.campaigns[ad.campaign].account.network for ad in ads.ads]
        self._of_apple = np.zeros(len(self.book.sources), bool)
        self._of_apple[self._first_ad : self._first_deep_link] = np.array(networks) == "apple_ads"
        self._days = (visits.start - people.start) // DAY_MS
        self._ads = ads
        self.source = self._of_visits(config, seed, people, visits)
        self.installs = self._of_installs(config, seed, people, visits)

    def _of_visits(self, config: WorldConfig, seed: int, people: People, visits: Visits) -> Ints:
        """Code of what brings each visit."""
        rng = stream(seed, "arrivals")
        in_app = app_visits(people, visits)
        weights = {name: weight for name, weight, _, _ in self._groups}
        first = self._unpaid(rng, len(in_app), weights)
        followed = self._unpaid(rng, len(in_app), _FOLLOWED_UP)
        source = np.where(visits.is_followup, followed, first)
        share = np.where(visits.is_followup, _AD_SHARE_OF_FOLLOWUPS, config.ad_share)
        by_ad = ~in_app & (rng.random(len(in_app)) < share)
        source = self._with_ads(rng, source, by_ad, for_app=False)
        opened = rng.random(len(in_app))
        links = self._app_links[rng.integers(0, len(self._app_links), len(in_app))]
        source[in_app] = np.where(opened < _APP_OPENED_BY_LINK, links, DIRECT)[in_app]
        by_ad = in_app & ~visits.is_first & (opened > 1 - _APP_OPENED_BY_AD)
        source[in_app & visits.is_first] = DIRECT
        source = self._with_ads(rng, source, by_ad, for_app=True)
        shift = self._first_deep_link - self._first_ad
        source = np.where(by_ad & (source >= self._first_ad), source + shift, source)
        return np.where(visits.ad != NO_AD, self.of_ads(visits.ad), source)

    def of_ads(self, ad: Ints) -> Ints:
        """Return the codes of the links of these ads."""
        return self._first_ad + ad

    def _of_installs(
        self, config: WorldConfig, seed: int, people: People, visits: Visits
    ) -> Installs:
        rng = stream(seed, "installs")
        visit = np.flatnonzero(visits.is_first & (people.device_app[visits.device] == APP))
        source = np.full(len(self._days), self._play_store)
        by_ad = np.zeros(len(self._days), bool)
        by_ad[visit] = rng.random(len(visit)) < config.ad_share
        source = self._with_ads(rng, source, by_ad, for_app=True)[visit]
        apple = self._of_apple[source] & ~_on_apple(people, visits.device[visit])
        source[apple] = self._play_store
        opened = visits.start[visit]
        waited = np.exp(rng.normal(np.log(4 * MINUTE_MS), 1.2, len(visit))).astype(np.int64)
        waited = np.clip(waited, 20_000, 3 * DAY_MS)
        begun = opened - (waited * rng.uniform(0.3, 0.9, len(visit))).astype(np.int64)
        # The store's clock tells whole seconds.
        return Installs(visit, source, (opened - waited) // 1000 * 1000, begun // 1000 * 1000)

    def _unpaid(self, rng: np.random.Generator, count: int, weights: dict[str, float]) -> Ints:
        """Draw a group by weight, and evenly one of its sources."""
        chosen = [group for group in self._groups if group[0] in weights]
        group = choose(rng, [weights[name] for name, *_ in chosen], count)
        begin: Ints = np.array([row[2] for row in chosen])[group]
        end: Ints = np.array([row[3] for row in chosen])[group]
        return begin + (rng.random(count) * (end - begin)).astype(np.int64)

    def _with_ads(
        self, rng: np.random.Generator, source: Ints, by_ad: Flags, *, for_app: bool
    ) -> Ints:
        """Return `source` with an ad that runs on the visit's day where `by_ad`."""
        result = source.copy()
        campaigns = self._ads.campaigns
        weight = np.array(
            [
                campaigns[ad.campaign].weight * (campaigns[ad.campaign].for_app == for_app)
                for ad in self._ads.ads
            ]
        )
        first = np.array([campaigns[ad.campaign].first_day for ad in self._ads.ads])
        last = np.array([campaigns[ad.campaign].last_day for ad in self._ads.ads])
        chosen = np.flatnonzero(by_ad)
        order = chosen[np.argsort(self._days[chosen], kind="stable")]
        days, begins = np.unique(self._days[order], return_index=True)
        cuts = np.split(order, begins[1:])[: len(days)]  # nothing at all splits into one empty run
        for day, rows in zip(days.tolist(), cuts, strict=True):
            runs = weight * ((first <= day) & (day <= last))
            if runs.sum() > 0:
                result[rows] = self._first_ad + choose(rng, runs.tolist(), len(rows))
        return result
