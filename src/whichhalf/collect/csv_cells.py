"""CSV files as cells: comma, semicolon or tab; quotes doubled inside quotes; UTF-8."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from whichhalf.collect.cells import BLANK, Cells, column_name, refuse_twins, refused
from whichhalf.collect.reading import Bad

DELIMITERS = ",;\t"
BLOCK_BYTES = 1 << 24  # a row must fit into one block


def csv_cells(path: Path, content: bytes) -> Cells:
    """Read a CSV file. BadDataError where it cannot be taken apart at all."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    names, delimiter = _header(path, content)
    table, invalid = _read(path, content, names, delimiter)
    is_row = np.ones(table.num_rows + len(invalid), bool)
    is_row[[row.number - 2 for row in invalid]] = False
    positions = np.flatnonzero(is_row) + 2  # the header is row 1
    bad = [_cut_off(row, len(names)) for row in invalid]
    columns, unreadable = _decoded(table)
    for row in sorted(unreadable):
        cells = [column[row].as_py() or b"" for column in table.columns]
        shown = delimiter.join(cell.decode("utf-8", "backslashreplace") for cell in cells)
        detail = f"{unreadable[row]} holds bytes that are no UTF-8; save the file as UTF-8"
        bad.append(Bad(int(positions[row]), "not_utf8", detail, shown))
    good = np.ones(table.num_rows, bool)
    good[list(unreadable)] = False
    empty = _all_null(columns.values(), table.num_rows) & good
    kept = pa.array(good & ~empty)
    return Cells(
        {name: column.filter(kept) for name, column in columns.items()},
        positions[good & ~empty],
        tuple(sorted(bad, key=lambda row: row.position)),
        Counter({"empty_line": int(empty.sum())} if empty.any() else {}),
    )


def _header(path: Path, content: bytes) -> tuple[list[str], str]:
    """(column names, delimiter): of the delimiters, the one that cuts the most names."""
    try:
        head = content.lstrip(BLANK)[:65536].split(b"\n", 1)[0].decode()
    except UnicodeDecodeError:
        raise refused(path, "its first line is no UTF-8; save the file as CSV UTF-8") from None
    if len(content) - len(content.lstrip(BLANK)):
        raise refused(path, "it begins with an empty line; the column names come first")
    delimiter = max(DELIMITERS, key=lambda sign: len(next(csv.reader([head], delimiter=sign))))
    names = [
        column_name(name) for name in next(csv.reader([head.strip("\r")], delimiter=delimiter))
    ]
    # Rows of exports often end in a delimiter: that last column has no name and no cells.
    names = [name or f"(column {number})" for number, name in enumerate(names, 1)]
    refuse_twins(path, names)
    return names, delimiter


def _read(
    path: Path, content: bytes, names: list[str], delimiter: str
) -> tuple[pa.Table, list[pa_csv.InvalidRow]]:
    """Cells as bytes, and the rows with the wrong number of cells."""
    invalid: list[pa_csv.InvalidRow] = []

    def skip(row: pa_csv.InvalidRow) -> str:
        invalid.append(row)
        return "skip"

    try:
        table = pa_csv.read_csv(
            io.BytesIO(content if content.endswith(b"\n") else content + b"\n"),
            # Only a single thread tells the numbers of invalid rows.
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, column_names=names, skip_rows=1
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.binary()),
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return pa.table({name: pa.array([], pa.binary()) for name in names}), []
        raise refused(path, f"it is no CSV that can be taken apart ({error})") from None
    return table.combine_chunks(), invalid


def _cut_off(row: pa_csv.InvalidRow, expected: int) -> Bad:
    found = "1 cell" if row.actual_columns == 1 else f"{row.actual_columns} cells"
    detail = f"{found}, where the first line names {expected} columns"
    return Bad(row.number, "cut_off", detail, row.text)


def _decoded(table: pa.Table) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """Columns as strings, empty ones null; and rows that are no UTF-8, with the column."""
    columns: dict[str, pa.Array] = {}
    unreadable: dict[int, str] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        cells = pc.if_else(pc.equal(column, b""), pa.scalar(None, pa.binary()), column)
        try:
            columns[name] = pa.chunked_array(cells.cast(pa.string())).combine_chunks()
        except pa.ArrowInvalid:
            texts = [_decode(cell) for cell in cells.to_pylist()]
            unreadable |= {row: name for row, text in enumerate(texts) if text is False}
            columns[name] = pa.array([text or None for text in texts], pa.string())
    return columns, unreadable


def _decode(cell: bytes | None) -> str | bool | None:
    """The text; False where it is no UTF-8."""
    try:
        return cell.decode() if cell is not None else None
    except UnicodeDecodeError:
        return False


def _all_null(columns: Iterable[pa.Array], rows: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    empty = np.ones(rows, bool)
    for column in columns:
        empty &= column.is_null().to_numpy(zero_copy_only=False)
    return empty
