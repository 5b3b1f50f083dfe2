"""Any frame that speaks Arrow, read into integer codes. What cannot be read truly is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.attribute.models.paths import Codes, Floats, Integers, Paths
from whichhalf.errors import BadDataError, SchemaError

SEPARATOR = " > "


def open_stream(frame: Any, columns: tuple[str, ...], what: str) -> pa.RecordBatchReader:
    """Return a reader of a frame that has all the columns. SchemaError names what is missing.

    frame: whatever has `__arrow_c_stream__`: pandas, Polars, a DuckDB relation, pyarrow.
    """
    if not hasattr(frame, "__arrow_c_stream__"):
        raise SchemaError(
            f"{what}: {type(frame).__name__} does not speak Arrow. Expected: a frame with"
            " __arrow_c_stream__ (pandas from 2.2, Polars, a DuckDB relation, pyarrow)."
            " Give pyarrow.table({...}) of the columns."
        )
    stream = pa.RecordBatchReader.from_stream(frame)
    missing = [name for name in columns if name not in stream.schema.names]
    if missing:
        raise SchemaError(
            f"{what}: columns missing: {', '.join(missing)}. Found:"
            f" {', '.join(stream.schema.names) or 'none'}. Rename or add them."
        )
    return stream


def read_paths(frame: Any) -> Paths:
    """Return the rows of a frame as Paths.

    path: list of channel names, or one string of them joined by " > "; null, "" and [] are the
    empty path. conversions: count, >= 0. value (optional): worth of all conversions of the row.
    nulls (optional): count of those who took this path and did not convert, >= 0.
    SchemaError: a column that is missing or of another type. BadDataError: null or negative
    counts, a channel without a name, value without conversions.
    """
    if isinstance(frame, Paths):
        return frame
    stream = open_stream(frame, ("path", "conversions"), "paths")
    names = stream.schema.names
    names_of_channels = Names()
    codes, lengths = [], []
    total = no_total(stream.schema, "value")
    numbers: dict[str, list[Floats]] = {
        name: [] for name in ("conversions", "nulls", "value") if name in names
    }
    for batch in stream:
        touches, counts = _path_cells(batch.column("path"))
        codes.append(names_of_channels.codes(touches, "paths: path"))
        lengths.append(counts)
        for name, cells in numbers.items():
            cells.append(to_floats(batch.column(name), f"paths: {name}", name != "value"))
        total = total if total is None else add_exactly(total, batch.column("value"))
    columns = {name: np.concatenate([*cells, np.empty(0)]) for name, cells in numbers.items()}
    channels, ranked = names_of_channels.sorted(np.concatenate([*codes, np.empty(0, np.int32)]))
    paths = Paths(
        channels=channels,
        codes=ranked,
        offsets=np.concatenate([[0], *lengths]).cumsum(dtype=np.int64),
        conversions=columns["conversions"],
        nulls=columns.get("nulls", np.zeros(len(columns["conversions"]))),
        value=columns.get("value"),
        value_total=total,
    )
    _check_value(paths)
    return paths


@dataclass
class Names:
    """Names met so far, numbered as they come, whatever batch they come in."""

    known: dict[str, int] = field(default_factory=dict)

    def codes(self, cells: pa.Array, what: str) -> Codes:
        """Return the number of each name. BadDataError where one is null or empty."""
        if not pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_encode()
        indices = np.asarray(cells.indices.fill_null(0))
        words = cells.dictionary.to_pylist()
        # A dictionary may hold names that no touch has.
        used = np.flatnonzero(np.bincount(indices, minlength=len(words)))
        if cells.null_count or any(not words[place] for place in used):
            raise BadDataError(
                f"{what} holds a channel without a name (null or empty). Expected: a name for each"
                " touch. Name it, e.g. 'unknown', or leave the touch out."
            )
        numbers = np.zeros(len(words), np.int32)
        for place in used:
            numbers[place] = self.known.setdefault(words[place], len(self.known))
        return cast(Codes, numbers[indices])

    def sorted(self, codes: Codes) -> tuple[tuple[str, ...], Codes]:
        """Return the names in ascending order, and the codes as places in it."""
        channels = tuple(sorted(self.known))
        rank = np.empty(len(channels), np.int32)
        rank[[self.known[name] for name in channels]] = np.arange(len(channels))
        return channels, rank[codes]


def _path_cells(column: pa.Array) -> tuple[pa.Array, Integers]:
    """Return the channel of each touch, and the touches of each row."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not is_listing(column.type):
        return _split(as_text(column, "paths: path, neither list nor text joined by ' > ',"))
    return as_text(pc.list_flatten(column), "paths: path"), _lengths(column)


def _lengths(lists: pa.Array) -> Integers:
    return np.asarray(pc.fill_null(pc.list_value_length(lists), 0), np.int64)


def is_listing(kind: pa.DataType) -> bool:
    """Whether a type is a list of any layout."""
    types = pa.types
    return bool(
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
    )


def as_text(column: pa.Array, what: str) -> pa.Array:
    """Return texts of a layout that can be worked on; dictionaries of texts stay as they are.

    SchemaError: cells of another type.
    """
    types, kind = pa.types, column.type
    if types.is_dictionary(kind):
        words = as_text(column.dictionary, what)
        return pa.DictionaryArray.from_arrays(column.indices, words)
    if types.is_string(kind) or types.is_large_string(kind):
        return column
    if types.is_string_view(kind) or types.is_null(kind):
        return column.cast(pa.large_string())
    raise SchemaError(f"{what} holds {kind}. Expected: names as text. Cast it.")


def _split(column: pa.Array) -> tuple[pa.Array, Integers]:
    """Return the same of "a > b". Blanks around names go; a blank path is empty."""
    lists = pc.split_pattern(column, SEPARATOR)
    lengths, names = _lengths(lists), pc.list_flatten(lists).dictionary_encode()
    # Each distinct name is trimmed once. Two may become one; `Names` gives them one number.
    words = pc.utf8_trim_whitespace(names.dictionary)
    blank = np.asarray(pc.equal(words, ""), np.bool_)
    indices = np.asarray(names.indices)
    if blank.any():
        nameless = np.repeat(lengths == 1, lengths) & blank[indices]
        lengths[np.repeat(np.arange(len(lengths)), lengths)[nameless]] = 0
        indices = indices[~nameless]
    return pa.DictionaryArray.from_arrays(indices, words), lengths


def to_floats(column: pa.Array, what: str, is_count: bool) -> Floats:
    """Return numbers as floats. BadDataError: null, not finite, or a count below 0."""
    if column.null_count:
        raise BadDataError(f"{what} is null in {column.null_count:,} rows. Expected: a number.")
    kind = column.type
    if not (pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise SchemaError(f"{what} is {kind}. Expected: numbers. Cast it.")
    numbers = np.asarray(column.cast(pa.float64(), safe=False), np.float64)
    if not np.isfinite(numbers).all() or (is_count and (numbers < 0).any()):
        expected = "counts of 0 or more" if is_count else "finite numbers"
        raise BadDataError(f"{what} holds a number that cannot be. Expected: {expected}.")
    return numbers


def no_total(schema: pa.Schema, name: str) -> Decimal | None:
    """Return 0 with the decimals of a column of decimals (6 at least), None for another."""
    if name not in schema.names or not pa.types.is_decimal(schema.field(name).type):
        return None
    return Decimal(0).scaleb(-max(6, int(schema.field(name).type.scale)))


def add_exactly(total: Decimal, column: pa.Array) -> Decimal:
    """Return the total and the sum of a column of decimals, with the decimals of the total."""
    with localcontext(prec=76):
        return total + (pc.sum(column).as_py() or Decimal(0))


def _check_value(paths: Paths) -> None:
    if paths.value is None:
        return
    stray = int(np.count_nonzero((paths.conversions == 0) & (paths.value != 0)))
    if stray:
        raise BadDataError(
            f"paths: value without conversions in {stray:,} rows. Expected: value 0 where"
            " conversions is 0. Correct the rows: credit follows conversions."
        )
