"""How events reach the collector: late, twice, with a wrong clock, broken. One place a line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import DAY_MS, HOUR_MS, MINUTE_MS, Flags, Ints, stream
from whichhalf.world.events import SERVER, Events
from whichhalf.world.people import APP, People

# What can be wrong with a line → why a reader sets it aside (collect.reading.REASONS).
DAMAGES: dict[str, str] = {
    "cut": "not_json",
    "error_page": "not_json",
    "not_utf8": "not_utf8",
    "wrong_type": "wrong_type",
    "missing_id": "missing_id",
    "missing_field": "missing_field",
    "unknown_call": "unknown_call",
    "impossible_time": "impossible_time",
}
ORIGINAL, RETRY, DUPLICATE, BROKEN = range(4)


@dataclass(frozen=True)
class Lines:
    """Lines of all Segment files, sorted by app and receipt.

    event: index into Events. received_at: ms since 1970. original_at, sent_at: on the device's
    clock. copy: ORIGINAL, RETRY, DUPLICATE, or BROKEN + place in DAMAGES.
    """

    event: Ints
    app: Ints
    received_at: Ints
    original_at: Ints
    sent_at: Ints
    copy: Ints


def deliver(config: WorldConfig, seed: int, people: People, events: Events) -> Lines:
    """Send all events.

    received − (sent − original) is the event's time for each line, to the millisecond; for some
    retries it is up to 40 ms more, as if the first try had taken that long.
    """
    rng = stream(seed, "delivery")
    delay = _delays(config, rng, events)
    event, copy = _copies(config, rng, len(events.at))
    delays = delay[event]
    again = copy == RETRY
    wait = np.exp(rng.uniform(np.log(MINUTE_MS), np.log(36 * HOUR_MS), int(again.sum())))
    delays[again] += wait.astype(np.int64)
    drifts = again & (rng.random(len(event)) < 0.2) & ~events.is_steady[event]
    drift = np.where(drifts, rng.integers(1, 40, len(event)), 0)
    skew = np.append(people.clock_skew, 0)[events.device[event]]  # SERVER is the last place
    # 90 ms on the way: the corrected time contains them, the device's clock does not.
    original_at = events.at[event] + skew - 90
    received_at = events.at[event] + delays
    sent_at = original_at + delays - drift
    app = events.app[event]
    order = np.lexsort((copy, event, received_at, app))
    fields = (event, app, received_at, original_at, sent_at, copy)
    return Lines(*(values[order] for values in fields))


def _copies(config: WorldConfig, rng: np.random.Generator, count: int) -> tuple[Ints, Ints]:
    """Return event and copy of each line: every event once, some once more in each other way."""
    shares = (config.retry_share, config.duplicate_share, config.broken_share)
    again = [np.flatnonzero(rng.random(count) < share) for share in shares]
    broken = rng.integers(0, len(DAMAGES), len(again[2]))
    copies = np.repeat([ORIGINAL, RETRY, DUPLICATE, BROKEN], [count, *map(len, again)])
    copies[len(copies) - len(broken) :] += broken
    return np.concatenate([np.arange(count), *again]), copies


def _delays(config: WorldConfig, rng: np.random.Generator, events: Events) -> Ints:
    """Milliseconds from an event to its receipt: apps send in batches, some wait for a network."""
    count = len(events.at)
    longest = np.where(events.app == APP, 30_000, 3_000)
    longest = np.where(events.visit == SERVER, 200, longest)
    delay = (rng.random(count) * longest).astype(np.int64) + 1
    late: Flags = (rng.random(count) < config.late_share) & (events.visit != SERVER)
    days = rng.uniform(0.05, 1.0, count) ** 2 * config.late_days * DAY_MS
    return delay + np.where(late, days.astype(np.int64), 0)
