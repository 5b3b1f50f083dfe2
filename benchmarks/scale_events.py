"""Events of a large product, a day at a time, as Parquet with the columns of the lake.

A stand-in for what Segment's web and server libraries send: string ids, addresses with UTM tags and
click ids, referrers; registered people with a heavy-tailed number of sessions and two devices each,
twenty anonymous visitors to each of them; logins late in a session and sign-ups after weeks without
one. What a day draws depends on the seed and the day alone: days are made in any order, by several
processes, and again the same. Codes and dictionaries go to Parquet as they are, which is what keeps
a million events at about a second.

One day is a million events, whatever the size of the whole: more history, not busier days.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from whichhalf.ids import visitor_key
from whichhalf.tables import TABLES

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

EVENTS_A_DAY = 1_000_000
EVENTS_A_SESSION = 10  # mean; geometric from 1 on, at most 60
ACTIONS_A_USER = 1_333  # 800 million actions of 600,000 users, as Frame.io had
VISITORS_A_USER = 20  # anonymous ones
FIRST_DAY = date(2024, 1, 1)
APP, PAGES, LANDINGS, ACTIONS, AGENTS, COUNTRIES = "web", 4000, 400, 60, 200, 40
ORIGINS = (None, "google", "facebook", "newsletter", "referrer")
ORIGIN_SHARES = (0.60, 0.12, 0.08, 0.04, 0.16)  # of sessions
MEDIUMS = {"google": "cpc", "facebook": "paid_social", "newsletter": "email"}
CAMPAIGNS = 120
_SECOND, _HEX = 1_000_000, np.frombuffer(b"0123456789abcdef", np.uint8)


@dataclass(frozen=True)
class Crowd:
    """Who there is: `events` in all, made by users and anonymous visitors over so many days."""

    events: int
    seed: int = 1

    @property
    def sessions_a_day(self) -> int:
        """Sessions of a day, sign-ups apart."""
        return min(EVENTS_A_DAY, self.events) // EVENTS_A_SESSION

    @property
    def days(self) -> int:
        """Days of history."""
        return max(1, self.events // EVENTS_A_DAY)

    @property
    def users(self) -> int:
        """People who register, each on one of the days or on the day after them."""
        return max(100, self.events // ACTIONS_A_USER)

    def day(self, number: int) -> date:
        """Date of day `number`, from 0 on."""
        return FIRST_DAY + timedelta(days=number)


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions of a day, arrays of one length: who, from when on, how many events, from where.

    visitor: 0 … 2 × users − 1 are the devices of users, two each; the others are nobody's.
    named_from: number of the event that identifies; the session's length where none does.
    """

    number: Ints
    visitor: Ints
    started: Ints  # microseconds since 1970
    length: Ints
    named_from: Ints
    signs_up: Flags
    origin: Ints
    campaign: Ints
    landing: Ints
    has_click: Flags


def sessions(crowd: Crowd, number: int) -> Sessions:
    """Draw the sessions of a day. Half are of registered people, by rank squared: few make many."""
    draw = np.random.default_rng([crowd.seed, number])
    registers_on = np.random.default_rng(crowd.seed).integers(0, crowd.days + 1, crowd.users)
    new = np.flatnonzero(registers_on == number)
    count = crowd.sessions_a_day
    ranked = (crowd.users * draw.random(count) ** 2).astype(np.int64)
    owned = ranked * 2 + (draw.random(count) < 0.25)
    strange = 2 * crowd.users + draw.integers(0, VISITORS_A_USER * crowd.users, count)
    visitor = np.concatenate([np.where(draw.random(count) < 0.5, owned, strange), new * 2])
    signs_up = np.arange(count + len(new)) >= count
    total = len(visitor)
    length = np.minimum(draw.geometric(1 / EVENTS_A_SESSION, total), 60)
    length = np.where(signs_up, 8, length)
    user = np.where(visitor < 2 * crowd.users, visitor // 2, 0)
    known = (visitor < 2 * crowd.users) & (registers_on[user] < number)
    named = signs_up | (known & (draw.random(total) < 0.6))
    # Busier by day than by night.
    share = 0.6 * draw.random(total) + 0.4 * draw.beta(4, 4, total)
    midnight = datetime.combine(crowd.day(number), time(), UTC).timestamp()
    origin = draw.choice(len(ORIGINS), total, p=ORIGIN_SHARES)
    return Sessions(
        number=number * 500_000 + np.arange(total),
        visitor=visitor,
        started=((midnight + share * 86_400) * _SECOND).astype(np.int64),
        length=length,
        named_from=np.where(named, np.minimum(2, length - 1), length),
        signs_up=signs_up,
        origin=origin,
        campaign=(CAMPAIGNS * draw.random(total) ** 2).astype(np.int64),
        landing=draw.integers(0, LANDINGS, total),
        has_click=(origin == 1) & (draw.random(total) < 0.4),
    )


def events(crowd: Crowd, number: int) -> pa.Table:
    """Events of a day in the order of their arrival: the columns of `events`, but for day.

    What a session does after midnight is left out.
    """
    of = sessions(crowd, number)
    draw = np.random.default_rng([crowd.seed, number, 1])
    end = int((datetime.combine(crowd.day(number), time(), UTC).timestamp() + 86_400) * _SECOND)
    row = np.repeat(np.arange(len(of.length)), of.length)
    k = np.arange(len(row)) - np.repeat(np.cumsum(of.length) - of.length, of.length)
    moment = of.started[row] + k * 45 * _SECOND + draw.integers(0, 90 * _SECOND, len(row))
    received = moment + draw.integers(40_000, 440_000, len(row))
    order = np.argsort(received, kind="stable")
    order = order[moment[order] < end]
    row, k, moment, received = row[order], k[order], moment[order], received[order]
    signup = of.signs_up[row] & (k == 3)
    identify = k == of.named_from[row]
    is_page = ~signup & ~identify & ((draw.random(len(row)) < 0.7) | (k == 0))
    page = np.where(k == 0, of.landing[row], draw.integers(0, PAGES, len(row)))
    columns = _who(crowd, of, row, k) | _where(of, row, k, page)
    action = draw.integers(0, ACTIONS, len(row))
    columns |= {
        "message_id": _message_ids(crowd.seed, of.number[row] * 64 + k),
        "call": _coded(("identify", "track", "page"), np.where(identify, 0, 1 + is_page)),
        "name": _coded(
            ("Page", "Signed Up", *(f"Action {n}" for n in range(ACTIONS))),
            np.where(is_page, 0, np.where(signup, 1, 2 + action)),
            identify,
        ),
        "occurred_at": _instants(moment),
        "received_at": _instants(received),
        "properties": _coded(
            [f'{{"plan":"{plan}"}}' for plan in range(5)], action % 5, is_page | identify
        ),
    }
    return _complete(columns, len(row))


def _who(crowd: Crowd, of: Sessions, row: Ints, k: Ints) -> dict[str, pa.Array]:
    visitors, codes = np.unique(of.visitor, return_inverse=True)
    visitor = codes.ravel()[row]
    names = [
        f"a:{hashlib.md5(f'{crowd.seed} {v}'.encode(), usedforsecurity=False).hexdigest()}"
        for v in visitors
    ]
    names = [f"{n[:10]}-{n[10:14]}-{n[14:18]}-{n[18:22]}-{n[22:]}" for n in names]
    keys = np.array([visitor_key(APP, name) for name in names])
    user = visitors // 2
    agent, country = (visitors * 7919) % AGENTS, (visitors * 104729) % COUNTRIES
    agents = [
        f"Mozilla/5.0 (agent {n}) AppleWebKit/537.36 (KHTML, like Gecko)" for n in range(AGENTS)
    ]
    return {
        "visitor_id": _coded(names, visitor),
        "visitor_key": pa.array(keys[visitor]),
        "user_id": _coded([f"u:{10_000_000 + u}" for u in user], visitor, k < of.named_from[row]),
        "user_agent": _coded(agents, agent[visitor]),
        "device": _coded(("iPhone", "Other"), agent[visitor] % 2),
        "os": _coded(("iOS", "Android", "Windows", "Mac OS X"), agent[visitor] % 4),
        "browser": _coded(("Chrome", "Safari", "Firefox"), agent[visitor] % 3),
        "country": _coded(
            [f"{chr(65 + n % 26)}{chr(65 + n // 2)}" for n in range(COUNTRIES)], country[visitor]
        ),
    }


def _where(of: Sessions, row: Ints, k: Ints, page: Ints) -> dict[str, pa.Array]:
    """Addresses, and what the first event of a session says of where the visitor came from."""
    paths = [f"/blog/post-{n}" if n % 20 == 0 else f"/p/{n}" for n in range(PAGES)]
    urls = [f"https://www.example.com{path}" for path in paths]
    tagged = np.isin(of.origin, (1, 2, 3))
    clicks = [f"Cj0K{n:020x}" for n in of.number[of.has_click]]
    click = np.cumsum(of.has_click) - 1
    for s in np.flatnonzero(tagged):
        origin = ORIGINS[of.origin[s]]
        tags = f"utm_source={origin}&utm_medium={MEDIUMS[origin]}&utm_campaign=c-{of.campaign[s]}"
        more = f"&gclid={clicks[click[s]]}" if of.has_click[s] else ""
        urls.append(f"{urls[of.landing[s]]}?{tags}{more}")
    arrives = k == 0
    own = PAGES + np.cumsum(tagged) - 1
    origin, is_tagged = of.origin[row], arrives & tagged[row]
    hosts = ["google.com", *(f"site-{n}.example.org" for n in range(LANDINGS))]
    host = np.where(origin == 1, 0, 1 + of.landing[row])
    no_host = ~(arrives & np.isin(origin, (1, 4)))
    sources = ("google", "facebook", "newsletter")
    return {
        "url": _coded(urls, np.where(is_tagged, own[row], page)),
        "url_host": _coded(("example.com",), np.zeros(len(row), np.int64)),
        "url_path": _coded(paths, page),
        "referrer": _coded([f"https://www.{host}/" for host in hosts], host, no_host),
        "referrer_host": _coded(hosts, host, no_host),
        "source": _coded(sources, origin - 1, ~is_tagged),
        "medium": _coded([MEDIUMS[source] for source in sources], origin - 1, ~is_tagged),
        "campaign": _coded([f"c-{n}" for n in range(CAMPAIGNS)], of.campaign[row], ~is_tagged),
        "click_id_kind": _coded(("gclid",), 0 * row, ~(arrives & of.has_click[row])),
        "click_id": _coded(clicks or ("",), click[row], ~(arrives & of.has_click[row])),
    }


def _coded(values: Sequence[str | None], codes: Any, null: Flags | None = None) -> pa.Array:
    indices = codes.astype(np.int32)
    if null is not None:
        indices[null] = 0
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, mask=null), pa.array(values, pa.string())
    )


def _instants(micros: Ints) -> pa.Array:
    return pa.array(micros).cast(pa.timestamp("us", tz="UTC"))


def _message_ids(seed: int, numbers: Ints) -> pa.Array:
    """'ajs-', eight letters of a hash and ten of the number: unique, 22 letters."""
    mixed = (numbers.astype(np.uint64) + np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    letters = np.empty((len(numbers), 22), np.uint8)
    letters[:, :4] = np.frombuffer(b"ajs-", np.uint8)
    for place in range(8):
        letters[:, 4 + place] = _HEX[(mixed >> np.uint64(4 * place)) & np.uint64(15)]
    for place in range(10):
        letters[:, 21 - place] = _HEX[(numbers >> (4 * place)) & 15]
    offsets = pa.py_buffer(np.arange(0, 22 * len(numbers) + 1, 22, dtype=np.int32))
    return pa.StringArray.from_buffers(len(numbers), offsets, pa.py_buffer(letters))


def _complete(columns: dict[str, pa.Array], count: int) -> pa.Table:
    columns["app"] = _coded((APP,), np.zeros(count, np.int64))
    schema = [field for field in TABLES["events"].arrow if field.name != "day"]
    return pa.table(
        {field.name: columns.get(field.name, pa.nulls(count, field.type)) for field in schema}
    )


def write_day(crowd: Crowd, number: int, to: Path) -> int:
    """Write the events of a day; return how many."""
    rows = events(crowd, number)
    to.parent.mkdir(parents=True, exist_ok=True)
    plain = ["message_id", "occurred_at", "received_at"]
    coded = [name for name in rows.schema.names if name not in plain]
    # ZSTD: message ids are a third of the bytes, and eight of their letters are a hash. The Arrow
    # schema stays out of the file: a reader shall see strings, not dictionaries.
    pq.write_table(
        rows, to, compression="zstd", compression_level=1,  use_dictionary=coded,
        store_schema=False, row_group_size=524_288, dictionary_pagesize_limit=2**24,
    )  # fmt: skip
    return rows.num_rows
