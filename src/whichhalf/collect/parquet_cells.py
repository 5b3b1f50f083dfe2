"""Parquet files as cells."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from whichhalf.collect.cells import Cells, column_name, refuse_twins, refused


def parquet_cells(path: Path, content: bytes) -> Cells:
    """Read a Parquet file. BadDataError where it is broken."""
    try:
        table = pq.read_table(io.BytesIO(content)).combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise refused(path, f"it is broken Parquet ({error}); copy or write it again") from None
    names = [column_name(name) for name in table.column_names]
    refuse_twins(path, names)
    columns = dict(zip(names, (_text(column) for column in table.columns), strict=True))
    floats = {n for n, c in zip(names, table.columns, strict=True) if pa.types.is_floating(c.type)}
    return Cells(columns, np.arange(1, table.num_rows + 1), floats=frozenset(floats))


def _text(column: pa.ChunkedArray) -> pa.Array:
    """A column as text: times as ISO 8601, structures as JSON, null for empty."""
    if pa.types.is_timestamp(column.type):
        # Finer than microseconds is cut; a zone's own offset need not be known to write UTC.
        zone = "UTC" if column.type.tz else None
        column = column.cast(pa.timestamp("us", zone), safe=False)
    try:
        text = column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        text = pa.chunked_array([pa.array([_shown(v) for v in column.to_pylist()], pa.string())])
    text = text.combine_chunks()
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else value.decode("utf-8", "replace")
    return orjson.dumps(value, default=str).decode() if not isinstance(value, UUID) else str(value)
