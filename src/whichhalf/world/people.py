"""The people of a world and their devices, as arrays: one place a person, one place a device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

import numpy as np

from whichhalf.world import catalog
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import DAY_MS, HOUR_MS, Flags, Ints, choose, stream

WEB, APP = 0, 1
NEVER = np.int64(2**62)
FIRST_USER_ID, FIRST_OLD_USER_ID = 10_000_000, 60_000_000

# How busy each UTC hour is, relative.
_HOURS = (4, 3, 2, 2, 2, 3, 4, 5, 6, 7, 7, 8, 8, 8, 8, 8, 9, 10, 11, 12, 12, 11, 8, 6)


@dataclass(frozen=True)
class People:
    """People 0 … users − 1 sign up, those after them never do.

    start, end: first instant of the world and of the day after it, ms since 1970.
    country: index into catalog.COUNTRIES, one a person. signup_at: when users mean to sign up.
    second_device: device number or -1. shared_with: the other one's number, where a user uses
    that one's first device, too; -1 for all others.
    device_owner, device_app, device_model: one a device. Device n of the first people is person
    n's. device_model: index into catalog.BROWSERS or catalog.PHONES. clock_skew: ms that a
    device's clock is ahead.
    """

    users: int
    start: int
    end: int
    country: Ints
    signup_at: Ints
    second_device: Ints
    is_silent: Flags
    shared_with: Ints
    is_unassignable: Flags
    is_late: Flags
    has_alias: Flags
    server_signup: Flags
    device_owner: Ints
    device_app: Ints
    device_model: Ints
    clock_skew: Ints

    @property
    def count(self) -> int:
        """How many people there are."""
        return len(self.country)


def draw_people(config: WorldConfig, seed: int) -> People:
    """Draw people and devices. Browsers are shared, phones are not."""
    rng = stream(seed, "people")
    users, count = config.users, round(config.users * (1 + config.visitors_per_user))
    start = int(datetime.combine(config.start_on, time(), UTC).timestamp()) * 1000
    end = start + config.days * DAY_MS
    silent, second, shared, *others = _special_users(config, rng)
    late, alias = (_flags(count, members) for members in others)
    runs_app = (rng.random(count) < config.app_share) & ~_flags(count, shared)
    shared_with, unassignable = _sharing(config, rng, count, shared)
    extra = np.concatenate([second, silent])
    device_app = _apps(rng, runs_app, extra)
    return People(
        users=users,
        start=start,
        end=end,
        country=choose(rng, [row[1] for row in catalog.COUNTRIES], count),
        signup_at=_busy_times(rng, users, start, end - 6 * HOUR_MS),
        second_device=_numbered(count, extra),
        is_silent=_flags(count, silent),
        shared_with=shared_with,
        is_unassignable=unassignable,
        is_late=late,
        has_alias=alias,
        server_signup=(rng.random(count) < config.server_signup_share) & ~alias,
        device_owner=np.concatenate([np.arange(count), extra]),
        device_app=device_app,
        device_model=_models(rng, device_app),
        clock_skew=_skews(rng, len(device_app), config.skewed_clock_share),
    )


def _apps(rng: np.random.Generator, runs_app: Flags, extra: Ints) -> Ints:
    """What each device runs, the second ones of `extra` included.

    Whoever runs the app first comes to the web site second; others rather get the app.
    """
    extra_app = ~runs_app[extra] & (rng.random(len(extra)) < 0.6)
    return np.concatenate([runs_app, extra_app]).astype(np.int64)


def _sharing(
    config: WorldConfig, rng: np.random.Generator, count: int, shared: Ints
) -> tuple[Ints, Flags]:
    """Return whose browser each person uses, too (-1: nobody's), and who does so unseen."""
    pairs = shared.reshape(-1, 2)
    shared_with = np.full(count, -1)
    shared_with[pairs[:, 1]] = pairs[:, 0]
    unseen = rng.random(len(pairs)) < config.unassignable_share
    return shared_with, _flags(count, pairs[unseen, 1])


def _special_users(config: WorldConfig, rng: np.random.Generator) -> list[Ints]:
    """Return users by what is special about them; nobody is special in two ways."""
    order = rng.permutation(config.users)
    groups = []
    names = ("silent_device", "second_device", "shared_device", "late_identify", "alias")
    for name in names:
        size = round(config.users * getattr(config, f"{name}_share"))
        size -= size % 2 if name == "shared_device" else 0
        groups.append(order[:size])
        order = order[size:]
    return groups


def _numbered(count: int, members: Ints) -> Ints:
    """Return count, count + 1, … for the members in turn, -1 for all others."""
    numbers = np.full(count, -1)
    numbers[members] = count + np.arange(len(members))
    return numbers


def _flags(count: int, members: Ints) -> Flags:
    flags = np.zeros(count, bool)
    flags[members] = True
    return flags


def _busy_times(rng: np.random.Generator, count: int, start: int, end: int) -> Ints:
    """Return instants in [start, end), more of them in the evening and at weekends."""
    days = -(-(end - start) // DAY_MS)
    weekday = (start // DAY_MS + np.arange(days) + 3) % 7  # 1970-01-01 was a Thursday
    day = choose(rng, np.where(weekday >= 5, 1.2, 1.0).tolist(), count)
    hour = choose(rng, _HOURS, count)
    at = start + day * DAY_MS + hour * HOUR_MS + rng.integers(0, HOUR_MS, count)
    return np.where(at < end, at, rng.integers(start, end, count))


def _models(rng: np.random.Generator, device_app: Ints) -> Ints:
    browsers = choose(rng, [row[1] for row in catalog.BROWSERS], len(device_app))
    phones = choose(rng, [row[1] for row in catalog.PHONES], len(device_app))
    return np.where(device_app == APP, phones, browsers)


def _skews(rng: np.random.Generator, count: int, share: float) -> Ints:
    """Most clocks are right; wrong ones by minutes, some by days (a zone set by hand)."""
    wrong = rng.random(count) < share
    size = np.minimum(np.exp(rng.normal(11.5, 2.0, count)), 2 * DAY_MS)
    sign = rng.choice(np.array([-1, 1]), count)
    return np.where(wrong, (sign * size).astype(np.int64), 0)
