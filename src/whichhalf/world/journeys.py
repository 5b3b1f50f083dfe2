"""When people are due the ads that persuade them: clicks, impressions, and ghosts of both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from whichhalf.world.campaigns import Ads
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import DAY_MS, HOUR_MS, Flags, Ints, stream
from whichhalf.world.effects import CHANNELS, Effects
from whichhalf.world.people import People
from whichhalf.world.visits import NO_AD, PLAIN, Visits

WARM_UP_DAYS = 11  # the earliest touch comes ten days before the decision
_STRAIGHT_SHARE = 0.7


@dataclass(frozen=True)
class Journeys:
    """Every touch that is due, shown or withheld, by person, channel and time.

    channel: index into CHANNELS. ad: index into Ads.ads. is_click: an ad that is clicked leads to a
    visit, any other is an impression. is_shown: False for ghosts. leads_to_signup: the click that
    opens the visit in which its person signs up.
    """

    person: Ints
    channel: Ints
    at: Ints
    ad: Ints
    is_click: Flags
    is_shown: Flags
    leads_to_signup: Flags

    def take(self, index: Ints | Flags) -> Journeys:
        """Return the touches of that index."""
        return Journeys(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    @property
    def impressions(self) -> Journeys:
        """The ads that were seen and not clicked."""
        return self.take(self.is_shown & ~self.is_click)

    @property
    def first_due(self) -> Journeys:
        """The first touch due to each person by each channel, shown or not."""
        begins = np.ones(len(self.person), bool)
        begins[1:] = (self.person[1:] != self.person[:-1]) | (self.channel[1:] != self.channel[:-1])
        return self.take(begins)

    @property
    def visits(self) -> Visits:
        """The visits that clicks lead to, on the first device; those that sign up left out."""
        clicks = self.take(self.is_shown & self.is_click & ~self.leads_to_signup)
        no = np.zeros(len(clicks.person), bool)
        role = np.full(len(no), PLAIN)
        return Visits(clicks.person, clicks.person, clicks.at, role, no, no, clicks.ad)

    def signup_ads(self, users: int) -> Ints:
        """The ad that led to each user's signup, NO_AD for none, shape (users,)."""
        ads = np.full(users, NO_AD)
        ads[self.person[self.leads_to_signup]] = self.ad[self.leads_to_signup]
        return ads


def sizes(config: WorldConfig, effects: Effects) -> WorldConfig:
    """The config whose users are those who signed up, beside all others; all on the web.

    Phones' stores would hide where an install came from; that is not what this world is about.
    """
    users = int(effects.signed_up.sum())
    others = (config.causal_people - users) / users if users else 0.0
    return replace(config, users=users, visitors_per_user=others, app_share=0.0, ad_share=0.0)


def decide(seed: int, people: People) -> tuple[People, Ints]:
    """People who sign up late enough to have seen ads; and when each of all decides."""
    rng = stream(seed, "decisions")
    first = people.start + WARM_UP_DAYS * DAY_MS
    decided_at = rng.integers(first, people.end - 6 * HOUR_MS, people.count)
    return replace(people, signup_at=decided_at[: people.users]), decided_at


def draw_journeys(seed: int, ads: Ads, effects: Effects, decided_at: Ints) -> Journeys:
    """Draw the touches of everybody who is due an ad; all come before the decision."""
    rng = stream(seed, "journeys")
    parts = [_of_channel(rng, ads, effects, decided_at, n) for n in range(len(CHANNELS))]
    names = Journeys.__dataclass_fields__
    joined = Journeys(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))
    ends = _ends(rng, joined, effects.signed_up)
    moved = replace(
        joined, at=np.where(ends, decided_at[joined.person], joined.at), leads_to_signup=ends
    )
    return moved.take(np.lexsort((moved.ad, moved.at, moved.channel, moved.person)))


def _ends(rng: np.random.Generator, touches: Journeys, signed_up: Flags) -> Flags:
    """Draw which touches lead straight to a signup: the last one shown, where it is a click."""
    seen = np.flatnonzero(touches.is_shown & signed_up[touches.person])
    seen = seen[np.lexsort((seen, touches.at[seen], touches.person[seen]))]
    is_last = np.append(touches.person[seen][1:] != touches.person[seen][:-1], True)
    last = seen[is_last[: len(seen)]]
    chosen = touches.is_click[last] & (rng.random(len(last)) < _STRAIGHT_SHARE)
    ends = np.zeros(len(touches.person), bool)
    ends[last[chosen]] = True
    return ends


def _of_channel(
    rng: np.random.Generator, ads: Ads, effects: Effects, decided_at: Ints, number: int
) -> Journeys:
    """Draw the touches of one channel: 1 + Poisson each, evenly in the logarithm of the lag."""
    channel = CHANNELS[number]
    due = np.flatnonzero(effects.due[:, number])
    touches = 1 + np.minimum(rng.poisson(channel.more_touches, len(due)), 4)
    person = np.repeat(due, touches)
    earliest, latest = (np.log(hours) for hours in channel.hours)
    lag = np.exp(rng.uniform(earliest, latest, len(person))) * HOUR_MS
    return Journeys(
        person=person,
        channel=np.full(len(person), number),
        at=decided_at[person] - lag.astype(np.int64),
        ad=_ads_of(rng, ads, channel.network, effects.push[person, number]),
        is_click=rng.random(len(person)) >= channel.seen_share,
        is_shown=effects.shown[person, number],
        leads_to_signup=np.zeros(len(person), bool),
    )


def _ads_of(rng: np.random.Generator, ads: Ads, network: str, push: Ints) -> Ints:
    """Draw an ad of each campaign; campaigns of a network stand in the order of its pushes."""
    own = [n for n, c in enumerate(ads.campaigns) if c.account.network == network]
    campaign = np.array(own)[push]
    of_ad = np.array([ad.campaign for ad in ads.ads])
    begin, end = (np.searchsorted(of_ad, campaign, side=side) for side in ("left", "right"))
    return begin + (rng.random(len(push)) * (end - begin)).astype(np.int64)
