"""What is stored of the conversions that no change affects: kept as it is, in days that change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain

import pyarrow as pa

from whichhalf.attribute.credits import Rows
from whichhalf.engines import Engine
from whichhalf.tables import TABLES

_KEYS = ("app", "conversion_id", "conversion_kind")


def with_kept(engine: Engine, found: Mapping[str, Rows]) -> dict[str, Rows]:
    """Add to each output the stored rows of the same days whose conversion is not wanted.

    Reads: wanted_keys, affected_conversions, stored_<output> of every output.
    """
    engine.create(
        "wanted_signups",
        "select distinct person_id from affected_conversions where conversion_kind = 'signup'",
    )
    return {name: _united(engine, name, rows) for name, rows in found.items()}


def _united(engine: Engine, name: str, rows: Rows) -> Rows:
    kept = _kept(name)
    if callable(rows):
        return partial(_chained, engine, rows, kept)
    columns = ", ".join(column.name for column in TABLES[name].columns)
    return f"select {columns} from ({rows}) as found union all {kept}"


def _kept(name: str) -> str:
    """SELECT of the stored rows that stay. Rows of signups go by person: each has one at most."""
    listed = ", ".join(f"k.{column.name}" for column in TABLES[name].columns)
    has_keys = set(_KEYS) <= set(TABLES[name].by_name)
    wanted, keys = ("wanted_keys", _KEYS) if has_keys else ("wanted_signups", ("person_id",))
    on = " and ".join(f"k.{key} = w.{key}" for key in keys)
    return (
        f"select {listed} from stored_{name} as k left join {wanted} as w on {on}"
        f" where w.{keys[0]} is null"
    )


def _chained(
    engine: Engine, rows: Callable[[], pa.RecordBatchReader], kept: str
) -> pa.RecordBatchReader:
    """First the computed rows, then the kept ones, in the types of the former."""
    first = rows()
    schema = first.schema

    def more() -> pa.RecordBatchReader:
        for batch in engine.query(kept):
            yield batch.select(schema.names).cast(schema)

    return pa.RecordBatchReader.from_batches(schema, chain(first, more()))
