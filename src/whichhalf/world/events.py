"""Looking around: the pages, screens and product events of visits, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whichhalf.world import catalog
from whichhalf.world.arrivals import Arrivals
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import MINUTE_MS, Flags, Ints, choose, within
from whichhalf.world.heads import Heads
from whichhalf.world.people import WEB, People
from whichhalf.world.visits import Visits

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


def look_around(
    config: WorldConfig,
    rng: np.random.Generator,
    people: People,
    visits: Visits,
    arrivals: Arrivals,
    heads: Heads,
) -> Events:
    """Draw pages, screens and product events, visit by visit in order of time."""
    length = np.minimum(rng.geometric(1 / config.pages_per_visit, len(visits.start)), 12)
    visit, step = np.repeat(np.arange(len(length)), length), within(length)
    app, is_first = people.device_app[visits.device[visit]], step == 0
    shows = is_first | (rng.random(len(step)) < 0.68)
    page = _pages(rng, is_first)
    opened = np.maximum.accumulate(np.where(shows, np.arange(len(step)), 0))
    landed = (step[opened] == 0) & ((app == WEB) | is_first)
    head = _heads(rng, heads, page, app == WEB, is_first, shows)
    since, exact = _times(config, rng, step, length)
    return Events(
        person=visits.person[visit],
        visit=visit,
        device=visits.device[visit],
        app=app,
        at=visits.start[visit] + since,
        head=head,
        page=page[opened],
        source=np.where(landed, arrivals.source[visit], LATER_PAGE),
        user=np.full(len(step), NOBODY),
        is_steady=is_first | exact | np.append(exact[1:], False),
    )


def _pages(rng: np.random.Generator, is_first: Flags) -> Ints:
    """Pages that people land on, and those that they go on to."""
    landing = choose(rng, [row[2] for row in catalog.PAGES], len(is_first))
    later = choose(rng, [row[3] for row in catalog.PAGES], len(is_first))
    return np.where(is_first, landing, later)


def _heads(
    rng: np.random.Generator, heads: Heads, page: Ints, web: Flags, is_first: Flags, shows: Flags
) -> Ints:
    """A page or screen where something is shown, else a product event; apps begin by opening."""
    track = heads.tracks[rng.integers(0, len(heads.tracks), len(page))]
    screen = heads.screens[rng.integers(0, len(heads.screens), len(page))]
    cases = [shows & web, shows & ~web & ~is_first, is_first & ~web]
    return np.select(cases, [heads.pages[page], screen, heads.opened], track)


def _times(
    config: WorldConfig, rng: np.random.Generator, step: Ints, length: Ints
) -> tuple[Ints, Flags]:
    """Milliseconds since the visit began; and before which events 20 min, or 1 ms more, passed."""
    pause = np.exp(rng.normal(np.log(25_000), 1.1, len(step))).astype(np.int64)
    pause = np.clip(pause, 1_000, 18 * MINUTE_MS)
    exact = (step == 1) & (rng.random(len(step)) < config.exact_gap_share)
    elapsed = np.cumsum(np.where(exact, _GAP + rng.integers(0, 2, len(step)), pause))
    return elapsed - np.repeat(elapsed[step == 0], length), exact
