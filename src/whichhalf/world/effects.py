"""What ads cause: potential outcomes with one uniform a person, so that every effect is known.

A person signs up where uniform < base(intent) + Σ lifts of the ads shown. The uniform stays the
same whichever ads are switched off: the difference is what the ad did, person by person. Intent
drives both the base and who is due an ad, so that whoever saw an ad differs from who did not.
The world is that of Rubin 1974 (potential outcomes) with additive effects; hold-outs log the ghost
ads of Johnson, Lewis, Nubbemeyer 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import Flags, Ints, choose, mix, stream

Floats = NDArray[np.float64]
_ALL = 1_000_000
_BASE_OF_INTENT = 0.5


@dataclass(frozen=True)
class Push:
    """A campaign's share of its channel's people, and of its lift: factor × the channel's.

    Σ share = 1 and Σ share × factor = 1, so that the channel's mean lift is the configured one.
    """

    word: str
    share: float
    factor: float


@dataclass(frozen=True)
class Channel:
    """A channel of one network. P(due | intent) = min(1, reach + by_intent × intent).

    more_touches: mean of the touches after the first. hours: earliest and latest touch, hours
    before the decision. seen_share: touches that are impressions, no clicks. price: what one
    person due costs, in the reporting currency.
    """

    name: str
    network: str
    reach: float
    by_intent: float
    more_touches: float
    hours: tuple[float, float]
    seen_share: float
    price: float
    pushes: tuple[Push, ...]


# Reach and lifts are those of the confounded world of docs/world.md: whoever means to sign up
# anyway searches for the brand and is followed by retargeting.
CHANNELS: tuple[Channel, ...] = (
    Channel(
        *("brand_search", "google_ads", 0.0, 2.0, 0.3, (0.1, 8.0), 0.0, 0.60),
        (Push("BRAND EXACT", 0.6, 1.0), Push("BRAND BROAD", 0.4, 1.0)),
    ),
    Channel(
        *("retargeting", "criteo", 0.0, 1.4, 0.8, (1.0, 72.0), 0.3, 0.45),
        (Push("RETARGETING 7D", 0.5, 1.6), Push("RETARGETING 30D", 0.5, 0.4)),
    ),
    Channel(
        *("social", "meta", 0.25, 0.0, 0.6, (12.0, 240.0), 0.3, 0.50),
        (Push("PROSPECTING", 0.5, 1.5), Push("LOOKALIKE", 0.5, 0.5)),
    ),
    Channel(
        *("display", "the_trade_desk", 0.4, 0.75, 1.0, (6.0, 240.0), 0.7, 0.12),
        (Push("REACH", 0.5, 1.0), Push("CONTEXT", 0.5, 1.0)),
    ),
)


@dataclass(frozen=True)
class Effects:
    """What is true of everybody; people who sign up come first.

    intent, uniform: shape (people,); all others (people, channels).
    due: whether an ad of the channel reaches the person, or would. held_out: whether that network's
    ads are withheld. push: which campaign is due, index into Channel.pushes. lift: what that ad
    adds to the chance to sign up. uniform: the person's luck, in [0, 1).
    """

    intent: Floats
    due: Flags
    held_out: Flags
    push: Ints
    lift: Floats
    uniform: Floats

    @property
    def shown(self) -> Flags:
        """Whether the person saw the channel's ads."""
        seen: Flags = self.due & ~self.held_out
        return seen

    @cached_property
    def signed_up(self) -> Flags:
        """Who signed up, shape (people,)."""
        return self.outcome(self.shown)

    @property
    def anyway(self) -> Flags:
        """Who would have signed up without any ad."""
        return self.outcome(np.zeros_like(self.due))

    def chance(self, shown: Flags) -> Floats:
        """P(sign up) of each person, were these ads shown."""
        base = _BASE_OF_INTENT * self.intent
        chance: Floats = np.minimum(1.0, base + np.where(shown, self.lift, 0.0).sum(axis=1))
        return chance

    def outcome(self, shown: Flags) -> Flags:
        """Who would sign up, were these ads shown: the same luck in every world."""
        signs_up: Flags = self.uniform < self.chance(shown)
        return signs_up

    def without(self, channel: int, push: int | None = None) -> Flags:
        """The ads shown with one channel, or one campaign of it, switched off."""
        shown = self.shown
        off = np.ones(len(shown), bool) if push is None else self.push[:, channel] == push
        shown[:, channel] &= ~off
        return shown

    def incremental(self, channel: int, push: int | None = None) -> Flags:
        """Who signed up because of the channel or campaign: not without it."""
        caused: Flags = self.signed_up & ~self.outcome(self.without(channel, push))
        return caused


def draw_effects(config: WorldConfig, seed: int) -> Effects:
    """Draw everybody's intent, ads due, hold-outs (by a hash of the person) and luck."""
    rng = stream(seed, "effects")
    count, width = config.causal_people, len(CHANNELS)
    intent = rng.beta(0.6, 6.0, count)
    reach = np.array([[channel.reach, channel.by_intent] for channel in CHANNELS])
    due = rng.random((count, width)) < reach[:, 0] + reach[:, 1] * intent[:, None]
    pushes = [choose(rng, [push.share for push in c.pushes], count) for c in CHANNELS]
    lifts = [
        getattr(config, f"{channel.name}_lift") * np.array([p.factor for p in channel.pushes])[push]
        for channel, push in zip(CHANNELS, pushes, strict=True)
    ]
    drawn = Effects(
        intent=intent,
        due=due,
        held_out=_held_out(config, seed),
        push=np.stack(pushes, axis=1),
        lift=np.stack(lifts, axis=1),
        uniform=rng.random(count),
    )
    # The rest of the world takes those who sign up first.
    order = np.argsort(~drawn.signed_up, kind="stable")
    return Effects(*(getattr(drawn, name)[order] for name in Effects.__dataclass_fields__))


def _held_out(config: WorldConfig, seed: int) -> Flags:
    """Whose network's ads are withheld: each network draws its own people."""
    number = np.arange(config.causal_people)
    parts = [
        mix(number, seed, f"hold-out {channel.network}") % np.uint64(_ALL) for channel in CHANNELS
    ]
    held_out: Flags = np.stack(parts, axis=1) < np.uint64(round(config.holdout_share * _ALL))
    return held_out
