"""JSON lines as cells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from whichhalf.collect.cells import Cells, column_name
from whichhalf.collect.reading import Bad


def json_lines(content: bytes) -> list[tuple[int, bytes]]:
    """Return (number from 1, line) of each line of a file."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return list(enumerate(lines[:-1] if lines[-1] == b"" else lines, 1))


def json_cells(lines: Iterable[tuple[int, bytes | str]]) -> Cells:
    """Read (position, JSON object) pairs. Numbers keep the digits that they were written with."""
    rows: list[dict[str, Any]] = []
    positions, bad, dropped = [], [], Counter[str]()
    for position, line in lines:
        if not line.strip():
            dropped["empty_line"] += 1
            continue
        row = _read(position, line)
        if isinstance(row, Bad):
            bad.append(row)
        else:
            rows.append(row)
            positions.append(position)
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {
        name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in names
    }
    return Cells(columns, np.array(positions, np.int64), tuple(bad), dropped)


def _read(position: int, line: bytes | str) -> dict[str, Any] | Bad:
    """One object, its names as tables write them; or what is wrong with the line."""
    try:
        text = line.decode() if isinstance(line, bytes) else line
    except UnicodeDecodeError as error:
        shown = bytes(line).decode("utf-8", "backslashreplace")  # type: ignore[arg-type]
        return Bad(position, "not_utf8", f"byte {error.start + 1} is no UTF-8", shown)
    text = text.rstrip("\r")
    try:
        row = _DECODER.decode(text)
        if "\\u" in text:
            orjson.loads(text)  # refuses halves of surrogate pairs, which no file can store
    except (ValueError, ArithmeticError, RecursionError) as error:
        return Bad(position, "not_json", f"a JSON object is expected: {error}", text)
    if not isinstance(row, dict):
        return Bad(position, "not_json", "a JSON object is expected, {…}", text)
    names = _names(tuple(row))
    if len(set(names)) < len(row):
        return Bad(position, "wrong_type", "two fields have one name but for case", text)
    return dict(zip(names, row.values(), strict=True))


@lru_cache(maxsize=1024)
def _names(given: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a row's fields as tables write them; most rows have the same fields."""
    return tuple(map(column_name, given))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse_constant)


def _text(value: Any) -> str | None:
    """A JSON value as a cell; empty strings are null, objects and arrays stay JSON."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return str(value)
    return orjson.dumps(value, default=_number).decode()


def _number(value: Decimal) -> orjson.Fragment:
    return orjson.Fragment(str(value))
