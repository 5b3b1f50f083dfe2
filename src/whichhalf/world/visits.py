"""When people come, on which device, and what brings them: one place a visit, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import DAY_MS, HOUR_MS, MINUTE_MS, Flags, Ints, stream, within
from whichhalf.world.people import APP, WEB, People

# What happens in a visit, beside looking around.
PLAIN, SIGNUP, LOGIN, LATE_IDENTIFY, ALIAS, SHARED = range(6)
NO_AD = -1


@dataclass(frozen=True)
class Visits:
    """Visits, sorted by device and time.

    role: PLAIN … SHARED. anonymous: true where the visitor, though known, is logged out.
    is_followup: another link opened in the midst of a visit.
    is_first: whether it is the device's first visit. ad: index into Ads.ads of the ad that was
    clicked where that is decided already, NO_AD else.
    """

    person: Ints
    device: Ints
    start: Ints
    role: Ints
    anonymous: Flags
    is_followup: Flags
    ad: Ints

    @property
    def is_first(self) -> Flags:
        """Whether each visit is its device's first."""
        return np.concatenate([[True], self.device[1:] != self.device[:-1]])

    def take(self, index: Ints | Flags) -> Visits:
        """Return the visits of that index."""
        return Visits(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def draw_visits(
    config: WorldConfig,
    seed: int,
    people: People,
    clicks: Visits | None = None,
    signup_ads: Ints | None = None,
) -> Visits:
    """Draw all visits that begin within the world.

    clicks: visits that are known already. signup_ads: what each user's signup visit follows.
    """
    rng = stream(seed, "visits")
    signups = _plain(np.arange(people.users), people.signup_at, SIGNUP)
    if signup_ads is not None:
        signups = replace(signups, ad=signup_ads)
    parts = [
        _of_passers_by(rng, people),
        _before_signup(config, rng, people),
        signups,
        _after_signup(config, rng, people),
        _needed(rng, people),
        *([clicks] if clicks else []),
    ]
    visits = _joined(parts)
    visits = visits.take((visits.start >= people.start) & (visits.start < people.end))
    visits = _joined([visits, _followups(config, rng, people, visits)])
    known = (visits.role == PLAIN) & (visits.start > _signups(people)[visits.person])
    # On a shared browser people stay logged in: else nobody could tell who is there.
    sharing = np.zeros(len(people.device_owner), bool)
    sharing[people.shared_with[people.shared_with >= 0]] = True
    out = rng.random(len(visits.start)) < config.logged_out_share
    visits = Visits(
        **{**vars(visits), "anonymous": known & out & ~sharing[visits.device]},
    )
    return visits.take(np.lexsort((visits.role, visits.start, visits.device)))


def _signups(people: People) -> Ints:
    never = np.full(people.count - people.users, people.end)
    return np.concatenate([people.signup_at, never])


def _plain(person: Ints, start: Ints, role: int = PLAIN, device: Ints | None = None) -> Visits:
    """Visits on the first device, unless another one is named."""
    no = np.zeros(len(person), bool)
    roles = np.full(len(person), role)
    device = person if device is None else device
    return Visits(person, device, start, roles, no, no, _no_ads(person))


def _no_ads(person: Ints) -> Ints:
    return np.full(len(person), NO_AD)


def _joined(parts: list[Visits]) -> Visits:
    names = Visits.__dataclass_fields__
    return Visits(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _of_passers_by(rng: np.random.Generator, people: People) -> Visits:
    """One visit of most who never sign up, more of some, tens of a few."""
    count = people.count - people.users
    visits = rng.geometric(0.78, count)
    many = rng.random(count) < 0.01
    visits[many] += np.minimum(rng.pareto(1.2, int(many.sum())) * 2, 40).astype(np.int64)
    first = rng.integers(people.start, people.end, count)
    person = np.repeat(people.users + np.arange(count), visits)
    start = np.repeat(first, visits)
    lag = (rng.exponential(8 * DAY_MS, len(start))).astype(np.int64)
    return _plain(person, start + lag * (within(visits) > 0))


def _before_signup(config: WorldConfig, rng: np.random.Generator, people: People) -> Visits:
    """Visits in the weeks before the signup; some of them on the second device."""
    mean = config.visits_before_signup
    visits = rng.geometric(1 / (1 + mean), people.users) - 1
    person = np.repeat(np.arange(people.users), visits)
    lag = 4 * HOUR_MS + rng.exponential(7 * DAY_MS, len(person)).astype(np.int64)
    device = _device(rng, people, person, 0.3)
    return _plain(person, people.signup_at[person] - lag, device=device)


def _after_signup(config: WorldConfig, rng: np.random.Generator, people: People) -> Visits:
    """Visits in the weeks after the signup: most users come once or twice, a few all the time."""
    eager = rng.pareto(1.6, people.users) * config.visits_after_signup * 0.6
    visits = rng.poisson(np.minimum(eager, 120))
    person = np.repeat(np.arange(people.users), visits)
    lag = 2 * HOUR_MS + rng.exponential(10 * DAY_MS, len(person)).astype(np.int64)
    start = people.signup_at[person] + lag
    device = _device(rng, people, person, 0.4)
    other = people.shared_with[person]
    # The other one must be known there by then, or the browser's past would be taken for ours.
    there = (other >= 0) & (rng.random(len(person)) < 0.6)
    there &= start > _signups(people)[other] + 6 * HOUR_MS
    role = np.where(there, SHARED, PLAIN)
    no = np.zeros(len(person), bool)
    return Visits(person, np.where(there, other, device), start, role, no, no, _no_ads(person))


def _device(rng: np.random.Generator, people: People, person: Ints, share: float) -> Ints:
    """The second device for `share` of the visits of those who have one."""
    second = people.second_device[person]
    return np.where((second >= 0) & (rng.random(len(person)) < share), second, person)


def _needed(rng: np.random.Generator, people: People) -> Visits:
    """Visits that must take place: log-ins on second devices, late identifies, aliases."""
    users = np.arange(people.users)
    second = people.second_device[: people.users]
    logs_in = (second >= 0) & ~people.is_silent[: people.users]
    role = np.select(
        [logs_in, people.is_late[users], people.has_alias[users]], [LOGIN, LATE_IDENTIFY, ALIAS], 0
    )
    person = users[role > 0]
    left = people.end - people.signup_at[person] - HOUR_MS
    later = np.minimum(left, 10 * DAY_MS) * rng.uniform(0.5, 1.0, len(person))
    device = np.where(role[person] == LOGIN, second[person], person)
    start = people.signup_at[person] + later.astype(np.int64)
    no = np.zeros(len(person), bool)
    return Visits(person, device, start, role[person], no, no, _no_ads(person))


def _followups(
    config: WorldConfig, rng: np.random.Generator, people: People, visits: Visits
) -> Visits:
    """Another link opened two to fourteen minutes after a visit on the web began."""
    web = people.device_app[visits.device] == WEB
    # Where nobody could know who is there, a second link would only blur the case.
    web &= (visits.role != SHARED) & (rng.random(len(web)) < config.followup_share)
    chosen = visits.take(web)
    later = rng.integers(2 * MINUTE_MS, 14 * MINUTE_MS, len(chosen.start))
    plain = _plain(chosen.person, chosen.start + later, device=chosen.device)
    return Visits(**{**vars(plain), "is_followup": np.ones(len(later), bool)})


def app_visits(people: People, visits: Visits) -> Flags:
    """Whether each visit is one to the app."""
    in_app: Flags = people.device_app[visits.device] == APP
    return in_app
