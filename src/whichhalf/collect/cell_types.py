"""Text cells as the types of the table contract. No number passes through a float.

Arrow reads the cells that are written as expected; Python reads the distinct others, which may be
right too (1e3, 2026-01-02 03:04, epoch seconds), or says what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.tables.schema import ARROW_TYPES

# What exports write where a number or time is missing; names may be called so.
NOTHING = ("null", "none", "nan", "nat", "\\n", "n/a")
TRUE = ("true", "1", "yes", "t", "y")
FALSE = ("false", "0", "no", "f", "n")

PIECE = 1024  # rows that Python reads where Arrow refuses one of them

_PLAIN = {
    "money": r"^[+-]?[0-9]{1,12}(\.[0-9]{1,6})?$",
    "rate": r"^[+-]?[0-9]{1,6}(\.[0-9]{1,12})?$",
    "bigint": r"^-?[0-9]{1,18}$",
    "double": r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$",
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "boolean": r"^(true|false)$",
}
_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_ZONED = _INSTANT + r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_NAIVE = _INSTANT + "$"
_WHOLE_EPOCH = r"^[0-9]{10}$|^[0-9]{13}$|^[0-9]{16}$"  # seconds, milli- and microseconds, 2001-2286
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = Context(prec=60, rounding=ROUND_HALF_EVEN)
_SCALE = {"money": 6, "rate": 12}
_BELOW = {"money": Decimal(10**12), "rate": Decimal(10**6)}


@dataclass(frozen=True)
class Typed:
    """A column of its type.

    values: null where the cell is empty or wrong. wrong: row → (reason, detail).
    zoneless, rounded: rows whose time had no zone, whose digits were cut.
    """

    values: pa.Array
    wrong: dict[int, tuple[str, str]]
    zoneless: int = 0
    rounded: int = 0


class Wrong(ValueError):
    """A cell that cannot be read: (reason, detail)."""


def typed(cells: pa.Array, type_name: str, *, is_float: bool = False) -> Typed:
    """Read text cells as `type_name`, a key of tables.schema.ARROW_TYPES.

    is_float: money is rounded to its 6 decimals instead of refused, as its digits are not exact.
    """
    arrow = ARROW_TYPES[type_name]
    if arrow == pa.string():
        dumped = pc.equal(cells, "\\N")  # as MySQL and Postgres write null
        return Typed(pc.if_else(dumped, pa.scalar(None, arrow), cells), {})
    cells = _something(cells)
    values, zoneless = _plain(cells, type_name)
    odd = np.flatnonzero(pc.and_(cells.is_valid(), values.is_null()).to_numpy(zero_copy_only=False))
    if not len(odd):
        return Typed(values, {}, zoneless)
    read = _reader(type_name, is_float)
    coded = cells.take(pa.array(odd)).dictionary_encode()
    results = [_try(read, text) for text in coded.dictionary.to_pylist()]
    picked = [results[code] for code in coded.indices.to_pylist()]
    found = pa.array([_or_none(result) for result in picked], arrow)
    mask = np.zeros(len(cells), bool)
    mask[odd] = True
    return Typed(
        pc.replace_with_mask(values, pa.array(mask), found),
        {int(row): r for row, r in zip(odd, picked, strict=True) if isinstance(r, tuple)},
        zoneless + sum(isinstance(r, _Marked) and r.mark == "zoneless" for r in picked),
        sum(isinstance(r, _Marked) and r.mark == "rounded" for r in picked),
    )


@dataclass(frozen=True)
class _Marked:
    """A value that a note is due for."""

    value: Any
    mark: str


def _or_none(result: Any) -> Any:
    if isinstance(result, _Marked):
        return result.value
    return None if isinstance(result, tuple) else result


def _try(read: Callable[[str], Any], text: str) -> Any:
    """The value, or (reason, detail)."""
    try:
        return read(text.strip())
    except Wrong as wrong:
        return wrong.args


def _something(cells: pa.Array) -> pa.Array:
    """Cells without those that say that there is nothing."""
    nothing = pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(cells)), pa.array(["", *NOTHING]))
    return pc.if_else(nothing, pa.scalar(None, pa.string()), cells)


def _plain(cells: pa.Array, type_name: str) -> tuple[pa.Array, int]:
    """(values of the cells written as expected, null for others; how many had no zone)."""
    if type_name == "timestamp":
        zoned = _cast(cells, _ZONED, ARROW_TYPES[type_name])
        if not zoned.null_count:
            return zoned, 0
        naive = _cast(cells, _NAIVE, pa.timestamp("us")).cast(ARROW_TYPES[type_name])
        values = pc.coalesce(zoned, naive)
        if values.null_count:
            values = pc.coalesce(values, _whole_epoch(cells))
        return values, len(naive) - naive.null_count
    return _cast(cells, _PLAIN[type_name], ARROW_TYPES[type_name]), 0


def _cast(cells: pa.Array, pattern: str, arrow: pa.DataType) -> pa.Array:
    expected = pc.match_substring_regex(cells, pattern)
    try:
        return pc.if_else(expected, cells, pa.scalar(None, pa.string())).cast(arrow)
    except pa.ArrowInvalid:  # a 30th of February among them: Python reads its piece of the column
        if len(cells) <= PIECE:
            return pa.nulls(len(cells), arrow)
        pieces = [cells.slice(start, PIECE) for start in range(0, len(cells), PIECE)]
        return pa.concat_arrays([_cast(piece, pattern, arrow) for piece in pieces])


def _whole_epoch(cells: pa.Array) -> pa.Array:
    numbers = _cast(cells, _WHOLE_EPOCH, pa.int64())
    factor = pc.if_else(
        pc.less(numbers, 10**11), 10**6, pc.if_else(pc.less(numbers, 10**14), 10**3, 1)
    )
    return pc.multiply(numbers, factor).cast(ARROW_TYPES["timestamp"])


def _reader(type_name: str, is_float: bool) -> Callable[[str], Any]:
    readers: dict[str, Callable[[str], Any]] = {
        "money": lambda text: _decimal(text, "money", may_round=is_float),
        # A rate is measured, not counted: more than 12 decimals mean nothing.
        "rate": lambda text: _decimal(text, "rate", may_round=True),
        "bigint": _integer,
        "double": lambda text: float(_number(text)),
        "boolean": _boolean,
        "date": _date,
        "timestamp": _timestamp,
    }
    return readers[type_name]


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if "_" in text or not number.is_finite() or abs(number.adjusted()) > 40:
        raise Wrong("impossible_number", f"{text!r} is no number; write 1234.56")
    return number


def _decimal(text: str, type_name: str, *, may_round: bool) -> Decimal | _Marked:
    number, scale = _number(text), _SCALE[type_name]
    rounded = number.quantize(Decimal(1).scaleb(-scale), context=_DIGITS)
    if rounded != number and not may_round:
        raise Wrong("impossible_number", f"{text!r} has more than {scale} decimals")
    if abs(rounded) >= _BELOW[type_name]:
        raise Wrong("impossible_number", f"{text!r} is not below {_BELOW[type_name]:,}")
    return rounded if rounded == number else _Marked(rounded, "rounded")


def _integer(text: str) -> int:
    number = _number(text)
    if number != number.to_integral_value() or abs(number) >= 2**63:
        raise Wrong("impossible_number", f"{text!r} is no whole number of 64 bits")
    return int(number)


def _boolean(text: str) -> bool:
    if text.lower() not in TRUE + FALSE:
        raise Wrong("unknown_value", f"{text!r} is neither true nor false")
    return text.lower() in TRUE


def _date(text: str) -> date:
    try:
        return datetime.fromisoformat(text).date() if len(text) > 10 else date.fromisoformat(text)
    except ValueError:
        raise Wrong("impossible_time", f"{text!r} is no date like 2026-01-31") from None


def _timestamp(text: str) -> datetime | _Marked:
    try:
        moment = datetime.fromisoformat(
            text.removesuffix("UTC").strip() + "Z" * text.endswith("UTC")
        )
    except ValueError:
        return _epoch(text)
    try:
        return moment.astimezone(UTC) if moment.tzinfo else _Marked(moment, "zoneless")
    except OverflowError:
        raise Wrong("impossible_time", f"{text!r} is out of range") from None


def _epoch(text: str) -> datetime:
    """Seconds, milli- or microseconds since 1970, told apart by size: seconds end in 5138."""
    try:
        number = _number(text)
        micros = number * next(m for limit, m in _EPOCH_UNITS if abs(number) < limit)
        return _EPOCH + timedelta(microseconds=int(micros))
    except (Wrong, StopIteration, OverflowError):
        expected = "2026-01-31T12:00:00Z or epoch seconds"
        raise Wrong("impossible_time", f"{text!r} is no time like {expected}") from None


_EPOCH_UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))
