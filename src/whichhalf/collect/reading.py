"""What every reader of files gives back: good rows, bad rows with their reasons, and counts.

A reader is a module with two functions:

    read_file(path, source, config) -> Parsed
    read_raw(raws, source, config) -> Parsed    # rows set aside earlier, for `quarantine replay`

Both are pure: they write nothing. BadDataError refuses a file as a whole (it cannot be read truly);
everything smaller than a file goes to `bad`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

# Every reason a row can be set aside for. docs/collect.md prints this list.
REASONS: dict[str, str] = {
    "not_json": "the line is no JSON object",
    "not_utf8": "the line holds bytes that are no UTF-8",
    "cut_off": "the line ends in the middle or has the wrong number of fields",
    "wrong_type": "a field has another type than it must have",
    "changed_type": "a property has another type than it had when it was first seen",
    "missing_field": "a field that must be there is missing or empty",
    "missing_id": "neither a user id nor an anonymous id",
    "unknown_call": "the call is none of identify, track, page, screen, group, alias",
    "impossible_time": "the time cannot be read, or lies before 2000 or after its receipt",
    "unknown_currency": "the currency is not in ISO 4217",
    "no_rate": "no exchange rate at most [collect] max_rate_age_days old",
    "impossible_number": "a number that cannot be read, or has the wrong sign or size",
    "unknown_value": "a value outside the closed list of its column",
    "mangled_id": "an id that a spreadsheet turned into 1.2E+17",
    "repeated_key": "two rows of one file have the same key and differ",
    "merged_list": "an alias that names a list of ids",
}


@dataclass(frozen=True)
class Bad:
    """A row that cannot be read truly.

    position: its line or row number, from 1. raw: its line, or a JSON object of its cells.
    """

    position: int
    reason: str
    detail: str
    raw: str

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"{self.reason!r} is not in collect.reading.REASONS")


@dataclass(frozen=True)
class Raw:
    """A row as it was set aside: position and text of `Bad`."""

    position: int
    text: str


@dataclass(frozen=True)
class Parsed:
    """What a reader made of a file: lines + split == rows + bad + dropped, always.

    rows: Arrow table with the columns of `table_name` (tables.py) but `day`.
    dropped: lines left out on purpose, by the name of the step that dropped them.
    positions: line number of each row, where a row may be set aside later on.
    structures: of each event, how its properties are built (the engine's json_structure), where
    types of properties are kept; null for an event without properties.
    split: rows beyond the first that one line became (an hour that clocks repeat).
    notes: what a person should hear of (a time zone assumed, a total row that disagrees).
    """

    table_name: str
    rows: pa.Table
    lines: int
    bad: tuple[Bad, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()
    positions: pa.Array | None = None
    split: int = 0
    structures: pa.Array | None = None

    def __post_init__(self) -> None:
        told = self.rows.num_rows + len(self.bad) + sum(self.dropped.values())
        if told != self.lines + self.split:
            raise AssertionError(
                f"{self.table_name}: {self.lines} lines were read ({self.split} more by splitting),"
                f" {told} are accounted for"
            )


EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
