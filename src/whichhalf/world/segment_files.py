"""The events as Segment writes them: one JSON line a call, one gzipped file an app and day."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.world import fragments
from whichhalf.world.catalog import PAGES
from whichhalf.world.delivery import BROKEN, DAMAGES, Lines
from whichhalf.world.draws import (
    DAY_MS,
    Flags,
    Ints,
    digits,
    flags,
    hex_strings,
    iso_times,
    mix,
    places,
    strings_of,
)
from whichhalf.world.events import NOBODY, SERVER, Events
from whichhalf.world.heads import Heads
from whichhalf.world.people import APP, People
from whichhalf.world.sources import SourceBook

APPS = ("web", "app")
_ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class SegmentWriter:
    """What is needed to render lines. Fragments are taken by code; ids are hashes of numbers."""

    seed: int
    people: People
    events: Events
    lines: Lines
    heads: pa.Array
    devices: pa.Array
    addresses: pa.Array
    before_click: pa.Array
    after_click: pa.Array
    has_click_id: Any

    @classmethod
    def of(
        cls,
        seed: int,
        site_host: str,
        people: People,
        events: Events,
        lines: Lines,
        heads: Heads,
        book: SourceBook,
    ) -> SegmentWriter:
        """Prepare the fragments."""
        before, after = fragments.page_contexts(site_host, book.sources)
        return cls(
            seed,
            people,
            events,
            lines,
            heads.rendered(),
            fragments.device_contexts(),
            fragments.addresses(),
            before,
            after,
            np.append(book.has_click_id, False),  # LATER_PAGE is the last place
        )

    def write(self, folder: Path) -> dict[str, int]:
        """Write all files; return the number of lines of each, by name."""
        folder.mkdir(parents=True, exist_ok=True)
        files = list(self._files())
        # zlib and Arrow let other threads run; files do not depend on each other.
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda file: self._write_file(folder / file[0], *file[1:]), files))
        return {name: end - begin for name, begin, end in files}

    def _files(self) -> Iterator[tuple[str, int, int]]:
        """(name, first line, line after the last) of each file."""
        days = self.lines.received_at // DAY_MS
        number = self.lines.app * 1_000_000 + days
        begins = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
        for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(days)], strict=True):
            day = np.datetime_as_string(np.datetime64(int(days[begin]), "D"))
            yield f"{APPS[int(self.lines.app[begin])]}-{day}.jsonl.gz", begin, end

    def _write_file(self, path: Path, begin: int, end: int) -> None:
        """Write one file; no name and no time go into its header, so that the bytes repeat."""
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        with path.open("wb") as file:
            for first in range(begin, end, _ROWS_AT_ONCE):
                text = self._text(np.arange(first, min(end, first + _ROWS_AT_ONCE)))
                file.write(packer.compress(text))
            file.write(packer.flush())

    def _text(self, rows: Ints) -> Any:
        """Return the lines of these rows as one buffer."""
        rendered = self.render(rows)
        copies = self.lines.copy[rows]
        broken = np.flatnonzero(copies >= BROKEN)
        if not len(broken):
            return _bytes_of(rendered)
        damages = tuple(DAMAGES)
        chunks, done = [], 0
        for place in broken.tolist():
            chunks.append(_bytes_of(rendered.slice(done, place - done)))
            line = rendered[place].as_py().encode()
            chunks.append(break_line(line, damages[int(copies[place]) - BROKEN]))
            done = place + 1
        return b"".join([*chunks, _bytes_of(rendered.slice(done))])

    def render(self, rows: Ints) -> pa.Array:
        """Return the lines of these rows, with line ends, as if none was broken."""
        lines, events, event = self.lines, self.events, self.lines.event[rows]
        take = partial(_take, event)
        server = take(events.visit) == SERVER
        device = take(events.device)
        times = (lines.original_at[rows], lines.sent_at[rows], lines.received_at[rows])
        # The collector's corrected time; a retry that took longer says so.
        corrected = times[2] - (times[1] - times[0])
        parts = (
            self.heads.take(places(take(events.head))),
            _text('"messageId":"'),
            message_ids(event, self.seed),
            *_ids(anonymous_ids(device, self.seed), ~server, take(events.user)),
            _text(',"originalTimestamp":"'),
            iso_times(times[0]),
            _text('","sentAt":"'),
            iso_times(times[1]),
            _text('","receivedAt":"'),
            iso_times(times[2]),
            _text('","timestamp":"'),
            iso_times(corrected),
            _text('","context":'),
            *self._contexts(event, device, server),
            _text("}}\n"),
        )
        return pc.binary_join_element_wise(*parts, _text(""))

    def _contexts(self, event: Ints, device: Ints, server: Any) -> tuple[pa.Array, ...]:
        """The device, its address, and the page or campaign around the click id."""
        people, events = self.people, self.events
        country = people.country[events.person[event]]
        app, model = events.app[event], people.device_model[device]
        context = (app * fragments.MODELS + model) * fragments.COUNTRIES + country
        address = (mix(device, self.seed, "address") % np.uint64(fragments.ADDRESSES)).astype(int)
        width = len(self.has_click_id)
        page = np.where(app == APP, len(PAGES), events.page[event]) * width
        page += events.source[event] + 1
        page = places(np.where(server, len(self.before_click) - 1, page))
        has_click_id = flags(self.has_click_id[events.source[event]] & ~server)
        click_id = click_ids(events.visit[event], self.seed)
        return (
            self.devices.take(places(np.where(server, len(self.devices) - 1, context))),
            self.addresses.take(places(np.where(server, fragments.ADDRESSES, address))),
            self.before_click.take(page),
            pc.if_else(has_click_id, click_id, _text("")),
            self.after_click.take(page),
        )


def break_line(line: bytes, damage: str) -> bytes:
    """Return the line with a message id of its own and one of DAMAGES."""
    call = orjson.loads(line)
    call["messageId"] = f"broken-{call['messageId']}"
    changes: dict[str, dict[str, Any]] = {
        "wrong_type": {"userId": {"id": 1}, "anonymousId": {"id": 1}},
        "missing_id": {"userId": None, "anonymousId": None},
        "missing_field": {"type": "track", "event": None, "name": None},
        "unknown_call": {"type": "trakc"},
        "impossible_time": {
            "originalTimestamp": "2071-01-01T00:00:00.000Z",
            "timestamp": "2071-01-01T00:00:00.000Z",
        },
    }
    text = orjson.dumps(call | changes.get(damage, {}))
    if damage == "cut":
        text = text[: len(text) * 3 // 5]
    elif damage == "error_page":
        text = b"<html><head><title>502 Bad Gateway</title></head></html>"
    elif damage == "not_utf8":
        text = text.replace(b'"context":{', b'"context":{"city":"K\xf6ln",')
    return text + b"\n"


def message_ids(event: Ints, seed: int) -> pa.Array:
    """Ids of events; they sort as `message_order`."""
    return hex_strings(message_order(event, seed))


def message_order(event: Ints, seed: int) -> Any:
    """Return the numbers that message ids are made of."""
    return mix(event, seed, "message")


def anonymous_ids(device: Ints, seed: int) -> pa.Array:
    """Ids of browsers and installed apps, without prefix."""
    return hex_strings(mix(device, seed, "device"))


def click_ids(visit: Ints, seed: int) -> pa.Array:
    """Values of click ids: one a visit."""
    return pc.binary_join_element_wise(
        _text("Cj0KCQ"), hex_strings(mix(visit, seed, "click")), _text("")
    )


def user_ids(numbers: Ints) -> pa.Array:
    """User ids as the product knows them: eight digits."""
    return strings_of(digits(np.maximum(numbers, 0), 8))


def _ids(visitors: pa.Array, given: Flags, users: Ints) -> tuple[pa.Array, ...]:
    """The two ids of calls, null where there is none."""
    return (
        _text('","anonymousId":'),
        _quoted(visitors, given),
        _text(',"userId":'),
        _quoted(user_ids(users), users != NOBODY),
    )


def _quoted(texts: pa.Array, given: Any) -> pa.Array:
    quote = _text('"')
    quoted = pc.binary_join_element_wise(quote, texts, quote, _text(""))
    return pc.if_else(flags(given), quoted, _text("null"))


@cache
def _text(text: str) -> pa.Scalar:
    """The text as Arrow has it: made once, since Arrow looks for pandas each time it makes one."""
    return pa.scalar(text, pa.string())


def _take(index: Ints, values: Ints) -> Ints:
    return values[index]


def _bytes_of(texts: pa.Array) -> Any:
    """All texts in a row, without copying them."""
    if not len(texts):
        return b""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    return memoryview(texts.buffers()[2])[int(offsets[0]) : int(offsets[-1])]
