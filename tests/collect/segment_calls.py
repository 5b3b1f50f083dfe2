"""Segment calls as lines, and what the reader makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from whichhalf.collect.events import segment
from whichhalf.collect.reading import Parsed
from whichhalf.config import Config, ProjectConfig, SourceConfig

SOURCE = SourceConfig(name="web", kind="segment", app="shop")
CONFIG = Config(project=ProjectConfig(threads=1))
_SAID: dict[str, Any] = {
    "type": "track",
    "event": "Seen",
    "messageId": "m1",
    "anonymousId": "x",
    "originalTimestamp": "2026-07-01T10:00:00Z",
    "sentAt": "2026-07-01T10:00:01Z",
    "receivedAt": "2026-07-01T10:00:02Z",
}
LEFT_OUT = object()


def call(**said: Any) -> str:
    """A line; LEFT_OUT leaves a field out."""
    fields = {**_SAID, **said}
    return json.dumps({name: value for name, value in fields.items() if value is not LEFT_OUT})


def read(folder: Path, *lines: str | bytes, end: bytes = b"\n") -> Parsed:
    """Read a file of lines."""
    path = folder / "calls.jsonl"
    raw = [line.encode() if isinstance(line, str) else line for line in lines]
    path.write_bytes(b"".join(line + end for line in raw))
    return segment.read_file(path, SOURCE, CONFIG)


def reason(folder: Path, line: str | bytes) -> str:
    """Why a line is set aside; "" where it is not."""
    parsed = read(folder, line)
    assert parsed.lines == 1
    return parsed.bad[0].reason if parsed.bad else ""
