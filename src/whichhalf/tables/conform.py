"""Rows that keep the contract: its columns in its order and types, nulls where it allows them."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from whichhalf.errors import SchemaError
from whichhalf.tables.schema import Table


def conform(
    rows: pa.RecordBatchReader | pa.Table, table: Table, faults: list[SchemaError] | None = None
) -> pa.RecordBatchReader:
    """Give rows the order and types of the contract. SchemaError names what does not fit.

    faults: gets what is raised while the rows are read, for callers through whom it is lost.
    """
    schema = table.arrow
    names = set(rows.schema.names)
    missing = [name for name in schema.names if name not in names]
    extra = [name for name in rows.schema.names if name not in table.by_name]
    if missing or extra:
        raise SchemaError(
            f"{table.name}: columns missing: {missing or 'none'}; not in the contract:"
            f" {extra or 'none'}. Expected: {', '.join(schema.names)}."
        )
    reader = rows.to_reader() if isinstance(rows, pa.Table) else rows

    def batches() -> Iterable[pa.RecordBatch]:
        for batch in reader:
            try:
                columns = [_cast(batch.column(f.name), f, table) for f in schema]
            except SchemaError as error:
                if faults is not None:
                    faults.append(error)
                raise
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _cast(column: pa.Array, field: pa.Field, table: Table) -> pa.Array:
    if not table.by_name[field.name].nullable and column.null_count:
        raise SchemaError(f"{table.name}: {field.name} is null in {column.null_count} rows.")
    try:
        return column.cast(field.type)
    except pa.ArrowInvalid as error:
        raise SchemaError(f"{table.name}: {field.name} is no {field.type}: {error}") from None
