"""Who was who, and their sessions and touches, by the words of the design alone: plain Python.

No part, no map and no view of whichhalf is used; events of persons are merged and cut one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

import networkx as nx
from law_worlds import GAP, MICROSECOND

Row = dict[str, Any]
Visitor = tuple[str, str]  # app, visitor id
_TAGS = ("source", "medium", "campaign", "content", "term", "utm_id", "click_id_kind")


def place(event: Row) -> tuple[datetime, str]:
    """Where an event stands in its visitor's stream."""
    return event["occurred_at"], event["message_id"]


def plain_users(events: list[Row]) -> dict[str, str]:
    """User → person: components over aliases between known users, named by the least."""
    graph = nx.Graph()
    graph.add_nodes_from(event["user_id"] for event in events if event["user_id"])
    known = set(graph)
    for event in events:
        if event.get("call") == "alias" and f"u:{event['previous_id']}" in known:
            graph.add_edge(f"u:{event['previous_id']}", event["user_id"])
    return {user: min(group) for group in nx.connected_components(graph) for user in group}


@dataclass
class Part:
    """Events of a visitor's day without a longer pause and without a second user."""

    visitor: Visitor
    events: list[Row] = field(default_factory=list)

    @property
    def part_id(self) -> str:
        return str(self.events[0]["message_id"])

    @property
    def key(self) -> tuple[str, str]:
        return self.visitor[0], self.part_id

    @property
    def started_at(self) -> datetime:
        return self.events[0]["occurred_at"]

    @property
    def user(self) -> str | None:
        return next((event["user_id"] for event in self.events if event["user_id"]), None)


def plain_parts(events: list[Row]) -> list[Part]:
    """Cut each visitor's day at pauses over the gap and at changes of the user carried."""
    streams: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for event in events:
        if event["visitor_id"]:
            day = event["occurred_at"].date()
            streams[event["app"], event["visitor_id"], day].append(event)
    parts = []
    for (app, visitor, _day), stream in streams.items():
        carried, before = None, None
        for event in sorted(stream, key=place):
            user = event["user_id"]
            is_other = user is not None and carried not in (None, user)
            if before is None or event["occurred_at"] - before > GAP or is_other:
                parts.append(Part((app, visitor)))
            parts[-1].events.append(event)
            carried, before = user or carried, event["occurred_at"]
    return parts


@dataclass(frozen=True)
class Session:
    """A session of a person's merged stream."""

    person: str
    number: int
    events: list[Row]

    @property
    def session_id(self) -> str:
        return str(self.events[0]["message_id"])

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        return self.events[0]["occurred_at"], self.events[-1]["occurred_at"]


class History:
    """Persons of events, their sessions and touches."""

    def __init__(
        self,
        events: list[Row],
        clicks: Sequence[Row] = (),
        payments: Sequence[Row] = (),
        impressions: Sequence[Row] = (),
    ) -> None:
        self.users = plain_users([*events, *clicks, *payments])
        self.links = self._links(events, clicks)
        self.parts = plain_parts(events)
        self.person_of_event: dict[tuple[str, str], str] = {}
        for part in self.parts:
            person = self.person_of(part.visitor, part.user, part.started_at)
            for event in part.events:
                self.person_of_event[event["app"], event["message_id"]] = person
        self.clicks, self.impressions = clicks, impressions
        self.sessions = self._sessions(events)

    def _links(
        self, events: list[Row], clicks: Sequence[Row]
    ) -> dict[Visitor, list[tuple[Any, ...]]]:
        """(time, id, user) of everything that says whom a visitor carries, in order."""
        links: dict[Visitor, list[tuple[Any, ...]]] = defaultdict(list)
        for event in events:
            said = (*place(event), event["user_id"])
            if event["visitor_id"] and event["user_id"]:
                links[event["app"], event["visitor_id"]].append(said)
            if event["call"] == "alias" and f"u:{event['previous_id']}" not in self.users:
                links[event["app"], f"a:{event['previous_id']}"].append(said)
        for click in clicks:
            if click["visitor_id"] and click["user_id"]:
                said = (click["touched_at"], click["touch_id"], click["user_id"])
                links[click["app"], click["visitor_id"]].append(said)
        return {visitor: sorted(said) for visitor, said in links.items()}

    def person_of(self, visitor: Visitor | None, user: str | None, at: datetime) -> str:
        """The user's person; else that of the latest user then; else of the next; else its own."""
        if user is None and visitor is not None:
            links = self.links.get(visitor, [])
            past = [user for time, _id, user in links if time <= at]
            coming = [user for time, _id, user in links if time > at]
            user = past[-1] if past else coming[0] if coming else None
        if user is not None:
            return self.users.get(user, user)
        assert visitor is not None
        return f"{visitor[1]}@{visitor[0]}"

    def _sessions(self, events: list[Row]) -> list[Session]:
        streams: dict[str, list[Row]] = defaultdict(list)
        for event in events:
            if event["visitor_id"]:
                person = self.person_of_event[event["app"], event["message_id"]]
                streams[person].append(event)
        sessions = []
        for person, stream in streams.items():
            cut: list[list[Row]] = []
            for event in sorted(stream, key=place):
                if not cut or event["occurred_at"] - cut[-1][-1]["occurred_at"] > GAP:
                    cut.append([])
                cut[-1].append(event)
            sessions += [Session(person, number, part) for number, part in enumerate(cut, 1)]
        return sessions

    def touches(self, session_touches: str = "each") -> dict[str, list[Touch]]:
        """Person → touches in order of (time, id). session_touches: as in [attribute]."""
        touches: dict[str, list[Touch]] = defaultdict(list)
        for session in self.sessions:
            touches[session.person] += _touches_in(session, session_touches)
        for kind, reported in (("click", self.clicks), ("impression", self.impressions)):
            for row in reported:
                visitor = (row["app"], row["visitor_id"]) if row["visitor_id"] else None
                person = self.person_of(visitor, row["user_id"], row["touched_at"])
                touches[person].append(
                    Touch(row["touched_at"], row["touch_id"], kind, True, kind, None)
                )
        return {person: sorted(of_person) for person, of_person in touches.items()}


class Touch(NamedTuple):
    """A touch of a person. bounds: first and last event of the session that it lies in."""

    touched_at: datetime
    touch_id: str
    touch_type: str
    is_paid: bool
    channel: str
    bounds: tuple[datetime, datetime] | None

    @property
    def is_direct(self) -> bool:
        return self.channel == "Direct"


def _touches_in(session: Session, session_touches: str) -> list[Touch]:
    sourced = sorted((event for event in session.events if source_of(event)), key=place)
    if session_touches == "first_event":
        sourced = [event for event in sourced if place(event) == place(session.events[0])]
    elif session_touches == "first_source":
        sourced = sourced[:1]
    by_source = sorted(sourced, key=lambda event: (source_of(event), place(event)))
    found = []
    for source, group in groupby(by_source, key=source_of):
        first = next(group)
        kind = "referrer" if source[0] == "referrer" and len(source) == 2 else "visit"
        channel = first.get("medium") or "none"
        found.append(Touch(*place(first), kind, "cpc" in source, channel, session.bounds))
    if not found:
        start = (session.bounds[0], session.session_id)
        found.append(Touch(*start, "visit", False, "Direct", session.bounds))
    return found


def source_of(event: Row) -> tuple[str, ...]:
    """The source tuple of an event; empty where it brings none. Tags beat the referrer."""
    tags = tuple(event.get(tag) or "" for tag in _TAGS)
    if any(tags):
        return tags
    host = event.get("referrer_host")
    return ("referrer", host) if host not in (None, event["url_host"], "paypal.com") else ()


__all__ = [
    "MICROSECOND",
    "History",
    "Part",
    "Session",
    "Touch",
    "plain_parts",
    "plain_users",
    "source_of",
]
