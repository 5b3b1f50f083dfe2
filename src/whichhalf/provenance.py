"""What a commit of the lake knows of its table: when each day changed, and what it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

WHOLE = "*"  # the one "day" of a table without partitions


@dataclass(frozen=True)
class Stamp:
    """State of one day: version of its last change of data, fingerprint of what it came from."""

    version: int
    fingerprint: str = ""


@dataclass(frozen=True)
class State:
    """What a commit knows of its table.

    days: stamp of every day ever written; WHOLE for a table without partitions.
    consumed: version of each input that a step by changes has taken in.
    is_uniform: whether all files have the same columns.
    """

    days: Mapping[str, Stamp]
    consumed: Mapping[str, int]
    is_uniform: bool = True

    @property
    def text(self) -> str:
        """As it stands in a commit."""
        days = {day: [stamp.version, stamp.fingerprint] for day, stamp in sorted(self.days.items())}
        content = {"days": days, "consumed": dict(self.consumed), "is_uniform": self.is_uniform}
        return orjson.dumps(content).decode()

    @staticmethod
    def read(text: str) -> State:
        """What `text` wrote."""
        content = orjson.loads(text)
        days = {day: Stamp(*stamp) for day, stamp in content["days"].items()}
        return State(days, content["consumed"], content["is_uniform"])

    @property
    def changed(self) -> int:
        """Version of the last change of data; -1 where there never was one."""
        return max((stamp.version for stamp in self.days.values()), default=-1)


EMPTY = State({}, {})
