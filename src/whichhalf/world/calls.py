"""All events: looking around, and what else is told: signups, log-ins, aliases, orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whichhalf.world.arrivals import Arrivals
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import Flags, Ints, stream, within
from whichhalf.world.events import LATER_PAGE, NOBODY, SERVER, Events, joined, look_around
from whichhalf.world.heads import Heads
from whichhalf.world.payments import CHARGE, Payments
from whichhalf.world.people import FIRST_OLD_USER_ID, FIRST_USER_ID, NEVER, WEB, People
from whichhalf.world.visits import ALIAS, LATE_IDENTIFY, LOGIN, SHARED, SIGNUP, Visits


def draw_events(
    config: WorldConfig,
    seed: int,
    people: People,
    visits: Visits,
    arrivals: Arrivals,
    payments: Payments,
    heads: Heads,
) -> Events:
    """Draw all events."""
    rng = stream(seed, "events")
    looks = look_around(config, rng, people, visits, arrivals, heads)
    moments = _draw_moments(rng, looks)
    known = _draw_known(people, visits, moments)
    events = joined([looks, *_client_calls(people, visits, looks, moments, heads)])
    events = Events(**{**vars(events), "user": _users_of(visits, events, known)})
    events = _with_group_calls(rng, events, heads)
    signups = _server_signups(people, visits, moments, heads)
    return joined([events, signups, _orders(people, known.aliased_at, payments, heads)])


@dataclass(frozen=True)
class _Moments:
    """When a visit's calls happen, one place a visit.

    first, last: index of its first and last event of looking around. soon: some seconds after the
    first, end: after the last. after: what the second of two calls is later than the first, in ms;
    a client often sends both within the same one.
    """

    first: Ints
    last: Ints
    soon: Ints
    end: Ints
    after: Ints


@dataclass(frozen=True)
class _Known:
    """From when on it is known who is there.

    logged_in_at: by device, when its owner is first identified there; NEVER else.
    told_at: by visit, when the second user of a shared browser is told. aliased_at: by person.
    """

    logged_in_at: Ints
    told_at: Ints
    aliased_at: Ints


def _draw_moments(rng: np.random.Generator, looks: Events) -> _Moments:
    first = np.flatnonzero(within(np.bincount(looks.visit)) == 0)
    last = np.append(first[1:], len(looks.at)) - 1
    soon = looks.at[first] + rng.integers(2_000, 20_000, len(first))
    end = looks.at[last] + rng.integers(5_000, 40_000, len(first))
    return _Moments(first, last, soon, end, rng.choice(np.array([0, 0, 3, 17]), len(first)))


def _draw_known(people: People, visits: Visits, moments: _Moments) -> _Known:
    role = visits.role
    logged_in_at = np.full(len(people.device_owner), NEVER)
    identifies = (role == SIGNUP) & ~people.is_late[visits.person]
    logged_in_at[visits.device[identifies]] = moments.end[identifies]
    owner = np.isin(role, (LOGIN, LATE_IDENTIFY))
    logged_in_at[visits.device[owner]] = moments.soon[owner]
    aliased_at = np.full(people.count, NEVER)
    aliased_at[visits.person[role == ALIAS]] = moments.soon[role == ALIAS]
    hidden = people.is_unassignable[visits.person]
    return _Known(logged_in_at, np.where(hidden, moments.soon, 0), aliased_at)


def _client_calls(
    people: People, visits: Visits, looks: Events, moments: _Moments, heads: Heads
) -> list[Events]:
    """Signups, log-ins, identifies, aliases, installs; without users yet."""
    role, first, last = visits.role, moments.first, moments.last
    soon, end, after = moments.soon, moments.end, moments.after
    signs_up, late = role == SIGNUP, people.is_late[visits.person]
    logs_in, alias = np.isin(role, (LOGIN, SHARED)), role == ALIAS
    installs = visits.is_first & (people.device_app[visits.device] != WEB)
    by_client = signs_up & ~_told_by_server(people, visits)
    alias_heads = np.full(len(role), heads.identify)
    alias_heads[alias] = heads.aliases(FIRST_OLD_USER_ID + visits.person[alias])
    calls: list[tuple[Flags, Ints, Ints, int | Ints]] = [
        (signs_up & ~late, last, end, heads.identify),
        (by_client, last, end + after, heads.signed_up),
        (logs_in | (role == LATE_IDENTIFY), first, soon, heads.identify),
        (logs_in, first, soon + after, heads.signed_in),
        (alias, first, soon, alias_heads),
        (alias, first, soon + after, heads.signed_up),
        (installs, first, looks.at[first], heads.installed),
    ]
    return [
        _beside(looks, event[where], at[where], np.broadcast_to(head, len(role))[where])
        for where, event, at, head in calls
    ]


def _beside(looks: Events, base: Ints, at: Ints, head: Ints) -> Events:
    """Events on the page that is open at the events `base`."""
    values = {name: getattr(looks, name)[base] for name in Events.__dataclass_fields__}
    values |= {"at": at, "head": head, "is_steady": np.ones(len(base), bool)}
    return Events(**values)


def _told_by_server(people: People, visits: Visits) -> Flags:
    told: Flags = people.server_signup[visits.person] & ~people.is_late[visits.person]
    told &= visits.role == SIGNUP
    return told


def _server_signups(people: People, visits: Visits, moments: _Moments, heads: Heads) -> Events:
    told = _told_by_server(people, visits)
    person = visits.person[told]
    head = np.full(len(person), heads.signed_up)
    return _server(people, person, moments.end[told] + 400, head)


def _users_of(visits: Visits, events: Events, known: _Known) -> Ints:
    """Number of the user id that each event of a client carries."""
    shared = visits.role[events.visit] == SHARED
    since = np.where(shared, known.told_at[events.visit], known.logged_in_at[events.device])
    carries = (events.at >= since) & ~visits.anonymous[events.visit]
    return np.where(carries, _user_at(events.person, events.at, known.aliased_at), NOBODY)


def _user_at(person: Ints, at: Ints, aliased_at: Ints) -> Ints:
    """The id that a person has: those with an alias had another one before it."""
    old = (at < aliased_at[person]) & (aliased_at[person] < NEVER)
    return np.where(old, FIRST_OLD_USER_ID, FIRST_USER_ID) + person


def _server(people: People, person: Ints, at: Ints, head: Ints) -> Events:
    """Calls of the server: a user id, no device, no page."""
    count = len(person)
    none = np.full(count, SERVER)
    return Events(
        person=person,
        visit=none,
        device=none,
        app=people.device_app[person],
        at=at,
        head=head,
        page=np.zeros(count, np.int64),
        source=np.full(count, LATER_PAGE),
        user=FIRST_USER_ID + person,
        is_steady=np.ones(count, bool),
    )


def _orders(people: People, aliased_at: Ints, payments: Payments, heads: Heads) -> Events:
    """An event of the server for each charge."""
    charge = payments.kind == CHARGE
    person, at = payments.person[charge], payments.paid_at[charge] + 150
    orders = _server(people, person, at, heads.orders(payments))
    return Events(**{**vars(orders), "user": _user_at(person, at, aliased_at)})


def _with_group_calls(rng: np.random.Generator, events: Events, heads: Heads) -> Events:
    """Turn some product events of known users into group calls, others into log-ins."""
    free = np.isin(events.head, heads.tracks) & (events.user != NOBODY)
    drawn = rng.random(len(free))
    head = np.where(free & (drawn < 0.02), heads.group, events.head)
    head = np.where(free & (drawn > 0.85), heads.signed_in, head)
    return Events(**{**vars(events), "head": head})
