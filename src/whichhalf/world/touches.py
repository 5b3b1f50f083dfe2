"""The true touches of everyone who signs up, by the plain rules of docs/world.md.

An oracle: written against the rules alone, from the simulated people, sharing no code with the
pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whichhalf.world.app_files import AppTouches
from whichhalf.world.arrivals import DIRECT, Arrivals
from whichhalf.world.draws import MINUTE_MS, Flags, Ints
from whichhalf.world.events import SERVER, Events
from whichhalf.world.heads import Heads
from whichhalf.world.journeys import Journeys
from whichhalf.world.segment_files import message_order
from whichhalf.world.visits import Visits

GAP_MS = 20 * MINUTE_MS
# Kinds of touch ids, in the order in which their texts sort: hexadecimal digits, install:, touch-,
# view-.
MESSAGE, INSTALL, CLICK, VIEW = range(4)
WHICH = ("first", "last", "first_paid", "last_paid")


@dataclass(frozen=True)
class Touches:
    """Touches of users, sorted by person, time and id.

    kind: MESSAGE, INSTALL, CLICK or VIEW. number: event for MESSAGE, place in Journeys.impressions
    for VIEW, else the install's visit.
    source: code in SourceBook; DIRECT for a session without any.
    """

    person: Ints
    at: Ints
    kind: Ints
    number: Ints
    source: Ints


@dataclass(frozen=True)
class Signups:
    """One place a user who signed up, by person.

    event: index of the earliest Signed Up. sessions_before: sessions begun up to then.
    chosen: for each of WHICH the place in Touches, -1 for none.
    """

    person: Ints
    event: Ints
    at: Ints
    sessions_before: Ints
    chosen: dict[str, Ints]


def true_touches(
    seed: int,
    users: int,
    events: Events,
    visits: Visits,
    arrivals: Arrivals,
    seen: AppTouches,
    impressions: Journeys | None = None,
) -> tuple[Touches, Ints, Ints]:
    """Return the touches of users, and person and start of all their sessions."""
    mine = np.flatnonzero((events.person < users) & (events.visit != SERVER))
    rank = message_order(mine, seed)
    mine = mine[np.lexsort((rank, events.at[mine], events.person[mine]))]
    person, at = events.person[mine], events.at[mine]
    begins = np.ones(len(mine), bool)
    begins[1:] = (person[1:] != person[:-1]) | (at[1:] - at[:-1] > GAP_MS)
    session = np.cumsum(begins) - 1
    source = events.source[mine]
    tuples = np.append(arrivals.book.tuples, -1)[source]
    sourced = np.flatnonzero(tuples >= 0)
    pair = session[sourced] * (len(arrivals.book.tuples) + 1) + tuples[sourced]
    carriers = sourced[np.unique(pair, return_index=True)[1]]
    bare = np.ones(int(session[-1]) + 1, bool)
    bare[session[sourced]] = False
    starts = np.flatnonzero(begins)
    direct = starts[bare]
    visited = np.concatenate([carriers, direct])
    sources = np.concatenate([source[carriers], np.full(len(direct), DIRECT)])
    kinds = np.full(len(visited), MESSAGE)
    by_visit = Touches(person[visited], at[visited], kinds, mine[visited], sources)
    touches = _with_installs(users, by_visit, visits, arrivals, seen)
    if impressions is not None:
        touches = _joined([touches, _views(users, impressions, arrivals)])
    touches = _sorted(seed, touches)
    return touches, person[starts], at[starts]


def _with_installs(
    users: int, touches: Touches, visits: Visits, arrivals: Arrivals, seen: AppTouches
) -> Touches:
    """Add the clicks and installs of users."""
    installs = arrivals.installs
    owner = visits.person[installs.visit]
    parts = [touches]
    for kind, told in ((INSTALL, seen.is_touch), (CLICK, seen.has_click)):
        place = np.flatnonzero(told & (owner < users))
        parts.append(
            Touches(
                person=owner[place],
                at=installs.clicked_at[place],
                kind=np.full(len(place), kind),
                number=installs.visit[place],
                source=installs.source[place],
            )
        )
    return _joined(parts)


def _views(users: int, impressions: Journeys, arrivals: Arrivals) -> Touches:
    """The impressions of users: each is a touch of its own, in no session."""
    place = np.flatnonzero(impressions.person < users)
    mine = impressions.take(place)
    kinds = np.full(len(place), VIEW)
    return Touches(mine.person, mine.at, kinds, place, arrivals.of_ads(mine.ad))


def _joined(parts: list[Touches]) -> Touches:
    names = Touches.__dataclass_fields__
    return Touches(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _sorted(seed: int, touches: Touches) -> Touches:
    rank = message_order(touches.number, seed)
    order = np.lexsort((rank, touches.kind, touches.at, touches.person))
    return Touches(*(getattr(touches, name)[order] for name in Touches.__dataclass_fields__))


def true_signups(
    seed: int,
    events: Events,
    heads: Heads,
    arrivals: Arrivals,
    touches: Touches,
    sessions: tuple[Ints, Ints],
) -> Signups:
    """Return the earliest signup of each user with the touches up to it.

    sessions: person and start of each session, by person.
    """
    person, event = _first_signups(seed, events, heads)
    at = events.at[event]
    deadline = np.full(int(touches.person.max()) + 2, -1)
    deadline[person] = at
    before = sessions[1] <= deadline[sessions[0]]
    eligible = touches.at <= deadline[touches.person]
    paid = eligible & arrivals.book.is_paid[touches.source]
    chosen: dict[str, Ints] = {}
    for prefix, allowed in (("", eligible), ("_paid", paid)):
        chosen[f"first{prefix}"], chosen[f"last{prefix}"] = _ends(touches.person, allowed, person)
    return Signups(
        person=person,
        event=event,
        at=at,
        sessions_before=np.bincount(sessions[0][before], minlength=len(deadline))[person],
        chosen=chosen,
    )


def _first_signups(seed: int, events: Events, heads: Heads) -> tuple[Ints, Ints]:
    """Return each person with a signup, and the earliest one, by time and message id."""
    told = np.flatnonzero(events.head == heads.signed_up)
    told = told[np.lexsort((message_order(told, seed), events.at[told], events.person[told]))]
    person, place = np.unique(events.person[told], return_index=True)
    return person, told[place]


def _ends(owner: Ints, allowed: Flags, person: Ints) -> tuple[Ints, Ints]:
    """Return the first and the last allowed touch of each person, -1 where there is none."""
    place = np.flatnonzero(allowed)
    low = np.searchsorted(owner[place], person, side="left")
    high = np.searchsorted(owner[place], person, side="right")
    has = high > low
    padded = np.append(place, -1)
    return np.where(has, padded[low], -1), np.where(has, padded[high - 1], -1)
