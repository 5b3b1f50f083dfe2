"""The rows of a file with every cell as text. Nothing is typed here: numbers keep their digits."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from whichhalf.collect.reading import Bad
from whichhalf.errors import BadDataError

BLANK = b"\xef\xbb\xbf \r\n\t"  # UTF-8's byte order mark and white space


@dataclass(frozen=True)
class Cells:
    """The rows of a file, every cell as text; null where a cell is empty.

    columns: strings by column name (see `column_name`), all of one length.
    positions: row number of each row, from 1; the header of a CSV file counts.
    bad, dropped: rows that are not among the columns.
    floats: columns that came as binary floating point, so that their last digits mean nothing.
    """

    columns: dict[str, pa.Array]
    positions: np.ndarray[Any, np.dtype[np.int64]]
    bad: tuple[Bad, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)
    floats: frozenset[str] = frozenset()

    @property
    def lines(self) -> int:
        """Rows of any kind: good, bad and dropped."""
        return len(self.positions) + len(self.bad) + sum(self.dropped.values())

    def raw(self, row: int) -> str:
        """Return one row as a JSON object of its cells; empty cells are left out."""
        cells = {name: column[row].as_py() for name, column in self.columns.items()}
        return orjson.dumps(
            {name: text for name, text in cells.items() if text is not None}
        ).decode()


def column_name(given: str) -> str:
    """Return the name of a column as tables write it: `Payment ID` is payment_id."""
    return "_".join(given.strip().lower().split())


def refuse_twins(path: Path, names: Sequence[str]) -> None:
    """Raise BadDataError for a file in which two columns have one name."""
    twins = sorted(name for name, count in Counter(names).items() if count > 1)
    if twins:
        raise refused(
            path, f"several columns are called {twins[0]!r}; rename or remove all but one"
        )


def refused(path: Path, why: str) -> BadDataError:
    """Return the error for a file that cannot be read as a whole."""
    return BadDataError(
        f"{path}: cannot be loaded: {why}. CSV (UTF-8), JSON lines and Parquet can be."
    )


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked where it is gzipped. BadDataError where empty."""
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise refused(path, f"its gzip is broken ({error}); copy it again") from None
    except OSError as error:
        raise BadDataError(f"{path}: cannot be read: {error.strerror}. Check the path.") from None
    if not content.strip(BLANK):
        raise refused(path, "it is empty; a CSV file needs its line of column names at least")
    return content
