"""Write Arrow tables as files: CSV, JSON lines, Parquet."""

from __future__ import annotations

from typing import BinaryIO

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet


def write(rows: pa.Table, form: str, file: BinaryIO) -> None:
    """Write rows as "csv", "json" (one object a line) or "parquet". Times carry their zone."""
    if form == "parquet":
        pa_parquet.write_table(_zoned(rows), file)
    elif form == "csv":
        pa_csv.write_csv(_zoned(rows), file)
    else:
        for batch in _zoned(rows).to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                file.write(orjson.dumps(row, default=str) + b"\n")
    file.flush()


def _zoned(rows: pa.Table) -> pa.Table:
    """Plain times, as engines compute with them, are UTC: say so."""
    zoned = [
        pa.field(f.name, pa.timestamp("us", tz="UTC")) if pa.types.is_timestamp(f.type) else f
        for f in rows.schema
    ]
    return rows.cast(pa.schema(zoned))
