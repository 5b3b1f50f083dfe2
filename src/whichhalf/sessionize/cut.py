"""Rows of session_parts, touches and excluded_visitors from the arrays of a day."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.sessionize.arrays import TAGS, TUPLE, UNIT, Day, Flags, Ints

_INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Parts:
    """Parts of a day, in the order of visitor and time: where each begins and ends in Day.order."""

    day: Day

    @cached_property
    def starts(self) -> Ints:
        """First place of each part: another visitor, a gap over the limit, or another user."""
        day = self.day
        if not len(day.times):
            return np.zeros(0, np.int64)
        begins = np.ones(len(day.times), np.bool_)
        is_other = day.visitors[1:] != day.visitors[:-1]
        begins[1:] = is_other | (np.diff(day.times) > day.rules.gap)
        return np.flatnonzero(begins | self._changes_user)

    @cached_property
    def _changes_user(self) -> Flags:
        """Events whose user id differs from the last one that the visitor carried that day."""
        day, places = self.day, np.arange(len(self.day.times))
        carried = np.maximum.accumulate(np.where(day.users >= 0, places, -1))
        before = np.append(-1, carried[:-1])
        is_same = (before >= 0) & (day.visitors[before] == day.visitors)
        flags: Flags = is_same & (day.users >= 0) & (day.users[before] != day.users)
        return flags

    @cached_property
    def ends(self) -> Ints:
        """Last place of each part."""
        return np.append(self.starts[1:], len(self.day.times)) - 1

    @cached_property
    def of(self) -> Ints:
        """The part of each place."""
        begins = np.zeros(len(self.day.times), np.int64)
        begins[self.starts] = 1
        return np.cumsum(begins) - 1

    def first(self, flags: Flags) -> tuple[Ints, Flags]:
        """First place of each part at which a flag is up, and whether there is one (else any)."""
        places = np.where(flags, np.arange(len(flags)), len(flags))
        found = np.minimum.reduceat(places, self.starts)
        is_there = found < len(flags)
        return np.where(is_there, found, 0), is_there

    @cached_property
    def user_ids(self) -> pa.Array:
        """The user that each part carries; null before the first."""
        day = self.day
        carrier = np.where(day.users >= 0, np.arange(len(day.users)), -1)
        last = np.maximum.reduceat(carrier, self.starts)
        return _where(last >= 0, day.taken("user_id", np.maximum(last, 0)))


def session_parts(parts: Parts, sources: Sources) -> dict[str, pa.Array]:
    """Columns of session_parts, but for day."""
    day, starts = parts.day, parts.starts
    page, has_page = parts.first(day.is_page)
    blog, has_blog = parts.first(day.is_blog)
    columns = {name: day.taken(name, starts) for name in ("app", "visitor_id", "visitor_key")}
    return columns | {
        "part_id": day.taken("message_id", starts),
        "user_id": parts.user_ids,
        "started_at": _instants(day.times[starts]),
        "ended_at": _instants(day.times[parts.ends]),
        "event_count": pa.array(parts.ends - starts + 1),
        "page_count": pa.array(np.add.reduceat(day.is_page.astype(np.int64), starts)),
        **_firsts(day, "page", page, has_page),
        **_firsts(day, "blog", blog, has_blog),
        **sources.first_of_parts(len(starts)),
        "country": day.taken("country", starts),
        "os": day.taken("os", starts),
    }


def _firsts(day: Day, what: str, rows: Ints, is_there: Flags) -> dict[str, pa.Array]:
    return {
        f"first_{what}_at": _where(is_there, _instants(day.times[rows])),
        f"first_{what}_id": _where(is_there, day.taken("message_id", rows)),
        f"first_{what}_url": _where(is_there, day.taken("url", rows)),
    }


@dataclass(frozen=True)
class Sources:
    """Events that bring a source: of each part the first for each source, in order."""

    parts: Parts

    @cached_property
    def _found(self) -> tuple[Ints, pa.Array, pa.Array]:
        """Places, source keys and referring hosts of all events that bring a source.

        A referrer counts only where no tag and no click id says more, and never if it is the page's
        own host or one that takes no credit.
        """
        day = self.parts.day
        is_tagged = _any_valid([day.column(name) for name in TAGS])
        may = (is_tagged | _is_valid(day.column("referrer_host")))[day.order]
        places = np.flatnonzero(may)
        hosts, own = day.taken("referrer_host", places), day.taken("url_host", places)
        ignored = day.rules.ignored_hosts(pc.unique(hosts.drop_null()).to_pylist())
        none = pc.or_(
            pc.is_in(hosts, pa.array(ignored, pa.string())),
            pc.fill_null(pc.equal(hosts, own), False),
        )
        hosts = pc.if_else(none, pa.scalar(None, pa.string()), hosts)
        tagged = pa.array(is_tagged[day.order][places])
        counts = pc.or_(tagged, pc.is_valid(hosts))
        keys = _source_keys(
            {name: day.taken(name, places).filter(counts) for name in TUPLE},
            hosts.filter(counts), tagged.filter(counts),
        )  # fmt: skip
        return places[counts.to_numpy(zero_copy_only=False)], keys, hosts.filter(counts)

    @cached_property
    def _chosen(self) -> Ints:
        """Which of the found are the first of their part for their source."""
        places, keys, _hosts = self._found
        codes = keys.indices.to_numpy().astype(np.int64)
        pairs = self.parts.of[places] * (len(keys.dictionary) + 1) + codes
        return np.sort(np.unique(pairs, return_index=True)[1])

    def first_of_parts(self, count: int) -> dict[str, pa.Array]:
        """Columns first_sourced_* of so many parts; null where a part brings none."""
        places, keys, _hosts = self._found
        parts, first = np.unique(self.parts.of[places], return_index=True)
        found = np.full(count, -1)
        found[parts] = first
        is_there = found >= 0
        rows = np.where(is_there, found, 0)
        day = self.parts.day
        if not len(places):
            nulls = (pa.nulls(count, kind) for kind in (_INSTANT, pa.string(), pa.string()))
            return dict(zip(_SOURCED, nulls, strict=True))
        columns = (
            _instants(day.times[places[rows]]),
            day.taken("message_id", places[rows]),
            keys.take(pa.array(rows)).dictionary_decode(),
        )
        return {
            name: _where(is_there, column) for name, column in zip(_SOURCED, columns, strict=True)
        }

    def touches(self) -> dict[str, pa.Array]:
        """Columns of touches that visits make, but for day."""
        (places, keys, hosts), day = self._found, self.parts.day
        chosen = self._chosen
        rows = places[chosen]
        part = self.parts.of[rows]
        names = ("app", "visitor_id", "visitor_key", *TUPLE, "click_id", "country")
        columns = {name: day.taken(name, rows) for name in names}
        is_tagged = _any_valid([columns[name] for name in TAGS])
        return columns | {
            "touch_id": day.taken("message_id", rows),
            "touch_type": pc.if_else(pa.array(is_tagged), "visit", "referrer"),
            "touched_at": _instants(day.times[rows]),
            "part_id": day.taken("message_id", self.parts.starts[part]),
            "user_id": self.parts.user_ids.take(pa.array(part)),
            "source_key": keys.take(pa.array(chosen)).dictionary_decode(),
            "referrer_host": hosts.take(pa.array(chosen)),
        }


_SOURCED = ("first_sourced_at", "first_sourced_id", "first_sourced_key")


def excluded_visitors(day: Day) -> dict[str, pa.Array]:
    """Columns of excluded_visitors, but for day: visitors with more events than the rules allow."""
    is_first = np.append(True, day.visitors[1:] != day.visitors[:-1])[: len(day.times)]
    starts = np.flatnonzero(is_first)
    ends = np.append(starts[1:], len(day.times)) - 1
    is_heavy = ends - starts + 1 > day.rules.most_events
    starts, ends = starts[is_heavy], ends[is_heavy]
    columns = {name: day.taken(name, starts) for name in ("app", "visitor_id", "visitor_key")}
    return columns | {
        "reason": pa.array(["heavy"] * len(starts), pa.string()),
        "value": pa.array(ends - starts + 1),
        "threshold": pa.array(np.full(len(starts), day.rules.most_events)),
        "started_at": _instants(day.times[starts]),
        "ended_at": _instants(day.times[ends]),
    }


def _source_keys(
    values: dict[str, pa.Array], hosts: pa.Array, is_tagged: pa.Array
) -> pa.DictionaryArray:
    """md5 of each source tuple, as the SQL has it: hashed once for each that differs."""
    filled = [pc.fill_null(column, "") for column in values.values()]
    tuples = pc.binary_join_element_wise("visit", *filled, UNIT)
    referrers = pc.binary_join_element_wise("referrer", pc.fill_null(hosts, ""), UNIT)
    coded = pc.if_else(is_tagged, tuples, referrers).dictionary_encode()
    hashes = [
        hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        for text in coded.dictionary.to_pylist()
    ]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(hashes, pa.string()))


def _is_valid(values: pa.Array) -> Flags:
    flags: Flags = values.is_valid().to_numpy(zero_copy_only=False)
    return flags


def _any_valid(columns: Sequence[pa.Array]) -> Flags:
    flags: Flags = np.logical_or.reduce([_is_valid(column) for column in columns])
    return flags


def _where(is_there: Flags, values: pa.Array) -> pa.Array:
    """The values, null where there is none."""
    if is_there.all():
        return values
    return pc.if_else(pa.array(is_there), values, pa.scalar(None, values.type))


def _instants(micros: Ints) -> pa.Array:
    return pa.array(micros).cast(_INSTANT)
