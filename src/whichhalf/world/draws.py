"""Random numbers by name, and ids made of hashes: the same seed gives the same world."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000

_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint8)
_HEX_PAIRS = _HEX.reshape(256, 2)


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one part of the world; parts do not disturb each other."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def choose(rng: np.random.Generator, weights: Sequence[float], count: int) -> Ints:
    """Return `count` indices into `weights`, drawn in their proportion."""
    total = np.cumsum(np.asarray(weights, np.float64))
    drawn: Ints = np.searchsorted(total, rng.random(count) * total[-1], side="right")
    return drawn.astype(np.int64, copy=False)


def within(lengths: NDArray[Any]) -> Ints:
    """Return 0, 1, … for each of `lengths` in turn: [2, 3] → [0, 1, 0, 1, 2]."""
    ends = np.cumsum(lengths)
    starts = np.repeat(ends - lengths, lengths)
    places: Ints = np.arange(int(ends[-1]) if len(ends) else 0) - starts
    return places


def mix(numbers: NDArray[Any], seed: int, name: str) -> NDArray[np.uint64]:
    """Return distinct 64-bit numbers for distinct `numbers`: splitmix64, a bijection.

    Source: Steele, Lea, Flood 2014.
    """
    salt = np.uint64(stream(seed, f"salt of {name}").integers(0, 2**63))
    z = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def hex_strings(numbers: NDArray[np.uint64]) -> pa.Array:
    """Return each number as 16 hexadecimal digits; they sort as the numbers do."""
    parts = numbers.astype(">u8").view(np.uint8).reshape(-1, 8)
    return strings_of(_HEX_PAIRS[parts].reshape(-1, 16))


def strings_of(characters: NDArray[np.uint8]) -> pa.Array:
    """Return rows of ASCII codes, shape (rows, width), as an Arrow array of strings."""
    rows, width = characters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    data = np.ascontiguousarray(characters)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def places(numbers: Ints) -> pa.Array:
    """Return the numbers as an Arrow array, over the same memory.

    `pa.array` looks for pandas each time, which costs a millisecond where there is none.
    """
    data = np.ascontiguousarray(numbers, np.int64)
    return pa.Array.from_buffers(pa.int64(), len(data), [None, pa.py_buffer(data)])


def flags(values: Flags) -> pa.Array:
    """Return the flags as an Arrow array, eight a byte."""
    data = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(data)])


def digits(numbers: NDArray[Any], width: int) -> NDArray[np.uint8]:
    """Return `width` ASCII digits of each number, shape (rows, width), zeros in front."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def iso_times(milliseconds: Ints) -> pa.Array:
    """Return instants (ms since 1970) as text: 2026-07-01T12:34:56.789Z."""
    text = np.empty((len(milliseconds), 24), np.uint8)
    days, clock = np.divmod(milliseconds, DAY_MS)
    distinct, index = np.unique(days, return_inverse=True)
    dates = np.datetime_as_string(distinct.astype("datetime64[D]"), unit="D").astype("S10")
    text[:, :10] = np.frombuffer(dates.tobytes(), np.uint8).reshape(-1, 10)[index]
    text[:, [10, 13, 16, 19, 23]] = np.frombuffer(b"T::.Z", np.uint8)
    table = digits(np.arange(1000), 3)
    text[:, 11:13] = table[clock // HOUR_MS, 1:]
    text[:, 14:16] = table[clock // MINUTE_MS % 60, 1:]
    text[:, 17:19] = table[clock // 1000 % 60, 1:]
    text[:, 20:23] = table[clock % 1000]
    return strings_of(text)
