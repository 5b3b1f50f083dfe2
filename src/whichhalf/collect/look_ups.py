"""Reader of look-ups: the user's own tables, whose columns become dimensions of reports.

A file is CSV, JSON lines or Parquet. One column holds values of a dimension (`key`, else the one
named as the dimension, else the first); every other column is an attribute of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.cells import Cells, column_name
from whichhalf.collect.json_cells import json_cells
from whichhalf.collect.reading import Bad, Parsed, Raw
from whichhalf.collect.repeated_keys import settle_keys
from whichhalf.collect.table_files import read_cells
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError, UsageError, nearest
from whichhalf.tables import TABLES
from whichhalf.tables.dimensions import dimension_named, key_of

LOOKUPS = TABLES["lookups"]
_TEXT = pa.string()


@dataclass(frozen=True)
class _Keyed:
    """Cells with the column that holds the keys, under the name of the dimension."""

    cells: Cells
    dimension: str
    attributes: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_file(path: Path, source: SourceConfig, config: Config) -> Parsed:
    """Read a file of the look-up `source.name` on the dimension `source.on`.

    BadDataError where no column can hold the keys, or where there is no other column.
    """
    del config  # every reader is called alike
    dimension = _dimension(source)
    cells = read_cells(path)
    key = _key_column(path, cells, source, dimension)
    others = {name: column for name, column in cells.columns.items() if name != key}
    # With another key (campaign_id on campaign), a column of the dimension's name is no attribute.
    notes = (f"ignored column: {dimension}",) if others.pop(dimension, None) is not None else ()
    columns = {dimension: cells.columns[key], **others}
    keyed = Cells(columns, cells.positions, cells.bad, cells.dropped, cells.floats)
    attributes = tuple(name for name in columns if name != dimension and name[0] != "(")
    if not attributes:
        raise BadDataError(
            f"{path}: the look-up has no column beside {key!r}, its key. Add what is known of each"
            f" {dimension}: author, audience … A column needs a name in the first line."
        )
    return _rows(_Keyed(keyed, dimension, attributes, notes), source.name)


def read_raw(raws: Sequence[Raw], source: SourceConfig, config: Config) -> Parsed:
    """Read rows that were set aside: JSON objects of cells, the key under the dimension's name."""
    del config
    dimension = _dimension(source)
    cells = json_cells((raw.position, raw.text) for raw in raws)
    columns = {dimension: pa.nulls(len(cells.positions), _TEXT), **cells.columns}
    attributes = tuple(name for name in columns if name != dimension and name[0] != "(")
    keyed = Cells(columns, cells.positions, cells.bad, cells.dropped)
    return _rows(_Keyed(keyed, dimension, attributes), source.name)


def _dimension(source: SourceConfig) -> str:
    try:
        return dimension_named(column_name(source.on))
    except UsageError as error:
        raise BadDataError(f"look-up {source.name!r}: on: {error}") from None


def _key_column(path: Path, cells: Cells, source: SourceConfig, dimension: str) -> str:
    names = list(cells.columns)
    if source.key:
        key = column_name(source.key)
        if key not in names:
            raise BadDataError(
                f"{path}: no column {source.key!r} to be the key.{nearest(key, names)} The file"
                f" has: {', '.join(names) or 'none'}."
            )
        return key
    twin = next((n for n in (column_name(source.on), dimension) if n in names), None)
    if not names:
        raise BadDataError(f"{path}: it has no columns. A look-up needs a key and an attribute.")
    return twin or names[0]


def _rows(keyed: _Keyed, lookup: str) -> Parsed:
    """Rows in long form. Of lines with one key the last holds; others that differ are bad."""
    cells = keyed.cells
    given = cells.columns[keyed.dimension].to_pylist()
    keys = [key_of(keyed.dimension, text or "") for text in given]
    good = np.array([bool(key) for key in keys], bool)
    detail = f"{keyed.dimension}, the key of the look-up, is empty"
    wrong = {int(row): ("missing_field", detail) for row in np.flatnonzero(~good)}
    wide = pa.table(
        {
            "lookup_key": pa.array(keys, _TEXT),
            **{f"={name}": _trimmed(cells.columns[name]) for name in keyed.attributes},
        }
    ).filter(pa.array(good))
    holds, equal, differing = settle_keys(wide, ("lookup_key",))
    places = np.flatnonzero(good)
    wrong |= {
        int(places[row]): (reason, _told(wide, row)) for row, (reason, _) in differing.items()
    }
    bad = [Bad(int(cells.positions[row]), *why, cells.raw(row)) for row, why in wrong.items()]
    kept = wide.filter(pa.array(holds))
    return Parsed(
        LOOKUPS.name,
        _long(kept, keyed, lookup),
        cells.lines,
        tuple(sorted([*cells.bad, *bad], key=lambda row: row.position)),
        cells.dropped + Counter({"duplicate_row": len(equal)}),
        keyed.notes,
        split=kept.num_rows * (len(keyed.attributes) - 1) if keyed.attributes else 0,
    )


def _told(wide: pa.Table, row: int) -> str:
    key = wide["lookup_key"][row].as_py()
    return f"a later row of the file has the same key, {key!r}, and says something else"


def _trimmed(column: pa.Array) -> pa.Array:
    """Cells without white space around; blank ones are null."""
    texts = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, _TEXT), texts)


def _long(wide: pa.Table, keyed: _Keyed, lookup: str) -> pa.Table:
    """A row for each key and attribute."""
    schema = LOOKUPS.arrow
    fixed: dict[str, Any] = {"lookup": lookup, "dimension": keyed.dimension}
    parts = [
        pa.table(
            {
                **{n: pa.repeat(pa.scalar(v, _TEXT), wide.num_rows) for n, v in fixed.items()},
                "lookup_key": wide["lookup_key"],
                "attribute": pa.repeat(pa.scalar(attribute, _TEXT), wide.num_rows),
                "attribute_value": wide[f"={attribute}"],
            },
            schema=schema,
        )
        for attribute in keyed.attributes
    ]
    return pa.concat_tables([schema.empty_table(), *parts]).combine_chunks()
