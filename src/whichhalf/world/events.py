"""What people do in their visits, as arrays: one place an event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whichhalf.world import catalog
from whichhalf.world.arrivals import Arrivals
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import MINUTE_MS, Flags, Ints, choose, stream, within
from whichhalf.world.heads import Heads
from whichhalf.world.payments import Payments
from whichhalf.world.people import FIRST_OLD_USER_ID, FIRST_USER_ID, NEVER, WEB, People
from whichhalf.world.visits import ALIAS, LATE_IDENTIFY, LOGIN, SHARED, SIGNUP, Visits

SERVER = -1
NOBODY = -1
LATER_PAGE = -1  # in Events.source: a page that another page of ours led to
_GAP = 20 * MINUTE_MS


@dataclass(frozen=True)
class Events:
    """Events in no order that matters.

    visit: index into Visits; SERVER for calls of the server. at: ms since 1970, as corrected.
    head: code in Heads. page: index into catalog.PAGES of the page that is open.
    source: code of what led to that page; LATER_PAGE for pages that another one led to.
    user: number of the user id that the event carries, or NOBODY.
    is_steady: in a tie with another event, or on the brink of a session: its time must not move.
    """

    person: Ints
    visit: Ints
    device: Ints
    app: Ints
    at: Ints
    head: Ints
    page: Ints
    source: Ints
    user: Ints
    is_steady: Flags


def joined(parts: list[Events]) -> Events:
    """Return the events of all parts, in their order."""
    names = Events.__dataclass_fields__
    return Events(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


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
    looks = _looking_around(config, rng, people, visits, arrivals, heads)
    first = np.flatnonzero(within(np.bincount(looks.visit)) == 0)
    last = np.append(first[1:], len(looks.at)) - 1
    calls = _special(rng, people, visits, looks, first, last, heads)
    events = joined([looks, *calls.parts])
    user = _users_of(visits, events, calls)
    orders = _orders(people, calls.aliased_at, payments, heads)
    events = Events(**{**vars(events), "user": user})
    return joined([_with_group_calls(rng, events, heads), calls.server_signups, orders])


def _looking_around(
    config: WorldConfig,
    rng: np.random.Generator,
    people: People,
    visits: Visits,
    arrivals: Arrivals,
    heads: Heads,
) -> Events:
    """Pages, screens and product events, visit by visit in order of time."""
    web_visit = people.device_app[visits.device] == WEB
    length = np.minimum(rng.geometric(1 / config.pages_per_visit, len(web_visit)), 12)
    visit = np.repeat(np.arange(len(length)), length)
    step = within(length)
    count = len(visit)
    web, is_first = web_visit[visit], step == 0
    shows = is_first | (rng.random(count) < 0.68)
    # An app's first event is its opening, no screen.
    is_page, is_screen = shows & web, shows & ~web & ~is_first
    page = np.where(
        is_first,
        choose(rng, [row[2] for row in catalog.PAGES], count),
        choose(rng, [row[3] for row in catalog.PAGES], count),
    )
    opened = np.maximum.accumulate(np.where(shows, np.arange(count), 0))
    landed = step[opened] == 0
    source = np.where(landed & (web | is_first), arrivals.source[visit], LATER_PAGE)
    track = heads.tracks[rng.integers(0, len(heads.tracks), count)]
    screen = heads.screens[rng.integers(0, len(heads.screens), count)]
    head = np.select(
        [is_page, is_screen, is_first & ~web], [heads.pages[page], screen, heads.opened], track
    )
    pause, exact = _pauses(config, rng, step, count)
    elapsed = np.cumsum(pause)
    at = visits.start[visit] + elapsed - np.repeat(elapsed[is_first], length)
    return Events(
        person=visits.person[visit],
        visit=visit,
        device=visits.device[visit],
        app=people.device_app[visits.device[visit]],
        at=at,
        head=head,
        page=page[opened],
        source=source,
        user=np.full(count, NOBODY),
        is_steady=is_first | exact | np.append(exact[1:], False),
    )


def _pauses(
    config: WorldConfig, rng: np.random.Generator, step: Ints, count: int
) -> tuple[Ints, Flags]:
    """Milliseconds since the event before; and where they are 20 min, or 1 ms more, on purpose."""
    pause = np.exp(rng.normal(np.log(25_000), 1.1, count)).astype(np.int64)
    pause = np.clip(pause, 1_000, 18 * MINUTE_MS)
    exact = (step == 1) & (rng.random(count) < config.exact_gap_share)
    return np.where(exact, _GAP + rng.integers(0, 2, count), pause), exact


@dataclass(frozen=True)
class _Calls:
    """What visits hold beside looking around.

    logged_in_at: by device, when its owner is first identified there; NEVER else.
    told_at: by visit, when the second user of a shared browser is told. aliased_at: by person.
    """

    parts: list[Events]
    server_signups: Events
    logged_in_at: Ints
    told_at: Ints
    aliased_at: Ints


def _special(
    rng: np.random.Generator,
    people: People,
    visits: Visits,
    looks: Events,
    first: Ints,
    last: Ints,
    heads: Heads,
) -> _Calls:
    """Signups, log-ins, identifies, aliases, installs."""
    role = visits.role
    soon = looks.at[first] + rng.integers(2_000, 20_000, len(role))
    end = looks.at[last] + rng.integers(5_000, 40_000, len(role))
    # A client often sends two calls within the same millisecond.
    after = rng.choice(np.array([0, 0, 3, 17]), len(role))
    signs_up = role == SIGNUP
    late, by_server = people.is_late[visits.person], people.server_signup[visits.person]
    identifies = signs_up & ~late
    tells = np.isin(role, (LOGIN, SHARED)) | (role == LATE_IDENTIFY)
    logs_in = np.isin(role, (LOGIN, SHARED))
    alias = role == ALIAS
    installs = visits.is_first & (people.device_app[visits.device] != WEB)

    def call(where: Flags, event: Ints, at: Ints, head: int | Ints) -> Events:
        base = event[where]
        heads_of = np.broadcast_to(head, len(role))[where] if np.ndim(head) == 0 else head
        values = {name: getattr(looks, name)[base] for name in Events.__dataclass_fields__}
        steady = np.ones(len(base), bool)
        return Events(**{**values, "at": at[where], "head": heads_of, "is_steady": steady})

    parts = [
        call(identifies, last, end, heads.identify),
        call(signs_up & ~(by_server & ~late), last, end + after, heads.signed_up),
        call(tells, first, soon, heads.identify),
        call(logs_in, first, soon + after, heads.signed_in),
        call(alias, first, soon, heads.aliases(FIRST_OLD_USER_ID + visits.person[alias])),
        call(alias, first, soon + after, heads.signed_up),
        call(installs, first, looks.at[first], heads.installed),
    ]
    logged_in_at = np.full(len(people.device_owner), NEVER)
    logged_in_at[visits.device[identifies]] = end[identifies]
    owner = np.isin(role, (LOGIN, LATE_IDENTIFY))
    logged_in_at[visits.device[owner]] = soon[owner]
    aliased_at = np.full(people.count, NEVER)
    aliased_at[visits.person[alias]] = soon[alias]
    told = signs_up & by_server & ~late
    person = visits.person[told]
    server = _server(people, person, end[told] + 400, np.full(len(person), heads.signed_up))
    hidden = people.is_unassignable[visits.person]
    return _Calls(parts, server, logged_in_at, np.where(hidden, soon, 0), aliased_at)


def _users_of(visits: Visits, events: Events, calls: _Calls) -> Ints:
    """Number of the user id that each event of a client carries."""
    shared = visits.role[events.visit] == SHARED
    since = np.where(shared, calls.told_at[events.visit], calls.logged_in_at[events.device])
    known = (events.at >= since) & ~visits.anonymous[events.visit]
    return np.where(known, _user_at(events.person, events.at, calls.aliased_at), NOBODY)


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
    charge = payments.kind == 0
    person, at = payments.person[charge], payments.paid_at[charge] + 150
    head = heads.orders(payments)
    orders = _server(people, person, at, head)
    return Events(**{**vars(orders), "user": _user_at(person, at, aliased_at)})


def _with_group_calls(rng: np.random.Generator, events: Events, heads: Heads) -> Events:
    """Turn some product events of known users into group calls, others into log-ins."""
    free = np.isin(events.head, heads.tracks) & (events.user != NOBODY)
    drawn = rng.random(len(free))
    head = np.where(free & (drawn < 0.02), heads.group, events.head)
    head = np.where(free & (drawn > 0.85), heads.signed_in, head)
    return Events(**{**vars(events), "head": head})
