"""Write Arrow tables as files: CSV, JSON lines, Parquet, XLSX."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from math import isfinite
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from whichhalf.errors import UsageError

MAX_SHEET_ROWS = 1_048_575  # below the head; Excel's limit
# Row by row, so that memory is that of a row; texts stay texts, whatever they look like.
_BOOK = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
}
_MAX_TEXT, _MAX_NUMBER = 32_767, 10**15  # of a cell; Excel's limits
_WIDTH = 20


def write(rows: pa.Table, form: str, file: BinaryIO) -> None:
    """Write rows as one of FORMATS. Times carry their zone, but in XLSX, which has none: UTC."""
    FORMATS[form](_zoned(rows), file)
    file.flush()


def _csv(rows: pa.Table, file: BinaryIO) -> None:
    pa_csv.write_csv(rows, file)


def _json(rows: pa.Table, file: BinaryIO) -> None:
    for batch in rows.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            file.write(orjson.dumps(row, default=str) + b"\n")


def _parquet(rows: pa.Table, file: BinaryIO) -> None:
    pa_parquet.write_table(rows, file)


def _xlsx(rows: pa.Table, file: BinaryIO) -> None:
    """One sheet; the head stays in sight. What Excel cannot hold is text: see `_write_cell`."""
    if rows.num_rows > MAX_SHEET_ROWS:
        raise UsageError(
            f"{rows.num_rows:,} rows are more than the {MAX_SHEET_ROWS:,} of a sheet. Write csv or"
            " parquet instead."
        )
    with Workbook(file, _BOOK) as book:
        sheet = book.add_worksheet("Rows")
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        styles = [book.add_format({"num_format": _number_format(f.type)}) for f in rows.schema]
        for position, name in enumerate(rows.schema.names):
            sheet.set_column(position, position, _WIDTH)
            sheet.write_string(0, position, name, bold)
        cells = (
            row
            for batch in rows.to_batches(max_chunksize=10_000)
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        )
        for number, row in enumerate(cells, 1):
            for position, (cell, style) in enumerate(zip(row, styles, strict=True)):
                _write_cell(sheet, number, position, cell, style)


def _number_format(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "yyyy-mm-dd hh:mm:ss.000"
    return "yyyy-mm-dd" if pa.types.is_date(kind) else "General"


def _write_cell(sheet: Worksheet, row: int, position: int, cell: Any, style: Any) -> None:
    """Nothing for null. Excel has 15 digits: longer whole numbers (keys) are texts."""
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, position, cell, style)
    elif isinstance(cell, date):  # a datetime is one too
        sheet.write_datetime(row, position, cell, style)
    elif isinstance(cell, str) or not isfinite(cell) or abs(cell) >= _MAX_NUMBER:
        text = str(cell)
        cut = f"{text[: _MAX_TEXT - 1]}…" if len(text) > _MAX_TEXT else text
        sheet.write_string(row, position, cut, style)
    else:
        sheet.write_number(row, position, cell, style)


FORMATS: dict[str, Callable[[pa.Table, BinaryIO], None]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
    "xlsx": _xlsx,
}


def _zoned(rows: pa.Table) -> pa.Table:
    """Plain times, as engines compute with them, are UTC: say so."""
    zoned = [
        pa.field(f.name, pa.timestamp("us", tz="UTC")) if pa.types.is_timestamp(f.type) else f
        for f in rows.schema
    ]
    return rows.cast(pa.schema(zoned))
