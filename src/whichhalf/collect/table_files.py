"""Reader of files that hold rows of an input table: CSV, JSON lines or Parquet, gzipped or plain.

The content says what a file is, not its name. Columns may come in any order and case; what may be
left out is in `table_defaults`, what must hold in `table_checks`, both by table. visitor_key and
day stay null here: whoever writes the lake fills them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from whichhalf.collect import brought_events, brought_touches, table_checks, table_defaults
from whichhalf.collect.ad_days import put_ad_days
from whichhalf.collect.cell_types import typed
from whichhalf.collect.cells import BLANK, Cells, read_bytes, refused
from whichhalf.collect.csv_cells import csv_cells
from whichhalf.collect.drafts import Draft
from whichhalf.collect.json_cells import json_cells, json_lines
from whichhalf.collect.parquet_cells import parquet_cells
from whichhalf.collect.reading import Bad, Parsed, Raw
from whichhalf.collect.repeated_keys import settle_keys
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError, nearest
from whichhalf.tables import Table, loadable

# Beginnings of files that people load by mistake, and what to do about each.
MISTAKEN: dict[bytes, str] = {
    b"PK\x03\x04": "it is a zip or Excel file; unpack it, or save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "it is an old Excel file; save the sheet as CSV UTF-8",
    b"\xff\xfe": "it is UTF-16; save it as CSV UTF-8",
    b"\xfe\xff": "it is UTF-16; save it as CSV UTF-8",
    b"[": "it is a JSON array; write one object a line (`jq -c '.[]'`)",
}
# Columns of dumps that the loader fills.
FILLED_LATER = ("visitor_key", "day")


def read_file(
    path: Path, source: SourceConfig, config: Config, *, now: datetime | None = None
) -> Parsed:
    """Read a file of the table `source.table`, a name as in `whichhalf load`.

    now: times over a day later are impossible. BadDataError where the file is none of CSV, JSON
    lines and Parquet, or lacks a column that the table cannot do without.
    """
    target = loadable(source.table)
    cells = _renamed(read_cells(path), target)
    _check_columns(path, cells, target, source)
    return convert(target, cells, source, file=path.name, config=config, now=now)


def read_raw(
    raws: Sequence[Raw], source: SourceConfig, config: Config, *, now: datetime | None = None
) -> Parsed:
    """Read rows that were set aside: JSON objects of cells."""
    target = loadable(source.table)
    cells = _renamed(json_cells((raw.position, raw.text) for raw in raws), target)
    return convert(target, cells, source, file="(replayed)", config=config, now=now)


def read_cells(path: Path) -> Cells:
    """Read a file as text cells. BadDataError where it is none of CSV, JSON lines, Parquet."""
    content = read_bytes(path)
    if content.startswith(b"PAR1") or path.suffix in (".parquet", ".pq"):
        return parquet_cells(path, content)
    for beginning, why in MISTAKEN.items():
        if content.lstrip(BLANK).startswith(beginning):
            raise refused(path, why)
    if b"\0" in content[:65536]:
        raise refused(path, "it holds NUL bytes, so it is no text")
    if content.lstrip(BLANK).startswith(b"{") or {".jsonl", ".ndjson"} & {*path.suffixes}:
        return json_cells(json_lines(content))
    return csv_cells(path, content)


def convert(
    target: Table,
    cells: Cells,
    source: SourceConfig,
    *,
    file: str,
    config: Config | None = None,
    now: datetime | None = None,
) -> Parsed:
    """Turn cells into rows of `target`.

    Of rows with one key the last holds; earlier ones that are equal are dropped as duplicate_row,
    those that differ are bad as repeated_key.
    """
    draft = _typed(target, cells)
    values = table_defaults.constants(target, source, file)
    draft = _completed(draft, target, cells, values, now or datetime.now(UTC))
    if target.name == "loaded_conversions":
        reporting = (config or Config()).report.currency
        draft = brought_touches.put_currency(draft, reporting)
    draft = table_checks.check_missing(draft, target)
    schema = pa.schema([field for field in target.arrow if field.name != "day"])
    good = np.ones(draft.rows, bool)
    good[list(draft.wrong)] = False
    rows = pa.table({n: draft[n] for n in schema.names}, schema=schema).filter(pa.array(good))
    holds, equal, differing = settle_keys(rows, target.grain)
    at = np.flatnonzero(good)
    wrong = dict(draft.wrong) | {int(at[row]): fault for row, fault in differing.items()}
    bad = [Bad(int(cells.positions[row]), *why, cells.raw(row)) for row, why in wrong.items()]
    return Parsed(
        target.name,
        rows.filter(pa.array(holds)),
        cells.lines,
        tuple(sorted([*cells.bad, *bad], key=lambda row: row.position)),
        cells.dropped + Counter({"duplicate_row": len(equal)}),
        draft.notes,
        pa.array(np.asarray(cells.positions)[at[holds]], pa.int64()),
    )


def _completed(
    draft: Draft, target: Table, cells: Cells, values: dict[str, Any], now: datetime
) -> Draft:
    """Fill what was left out and check what is there, in an order in which each finds its input."""
    draft = brought_touches.put_person(draft, values.get("app", ""))
    draft = table_defaults.put_ids(draft, target)
    draft = table_defaults.put_constants(draft, target, values)
    draft = table_checks.check_times(draft, target, now)
    draft = table_checks.check_lists(draft, target)
    if target.name == "ad_costs":
        draft = put_ad_days(draft)
    elif target.name == "events":
        draft = brought_events.put_event_keys(draft, cells.columns)
        draft = brought_events.put_addresses(draft)
    elif target.name == "installs":
        draft = brought_events.put_referrer_tags(draft)
    elif target.name == "payments":
        draft = table_checks.put_signs(draft)
    elif target.name == "loaded_touches":
        draft = brought_touches.put_ad_names(draft)
    draft = brought_events.put_lower_case(draft, target)
    draft = table_checks.check_currencies(draft, target)
    return table_checks.check_numbers(draft, target)


def _typed(target: Table, cells: Cells) -> Draft:
    """Every column of the table, those that the file lacks null, beside other names of ids."""
    rows = len(cells.positions)
    draft = Draft(rows, {}, {}, _notes(target, cells))
    for column in target.columns:
        if column.name not in cells.columns or column.name in FILLED_LATER:
            draft = draft.fill(column.name, None, column.arrow.type)
            continue
        is_float = column.name in cells.floats
        read = typed(cells.columns[column.name], column.type, is_float=is_float)
        wrong = {row: (why, f"{column.name}: {what}") for row, (why, what) in read.wrong.items()}
        draft = draft.put(**{column.name: read.values}).blame_rows(wrong)
        if read.zoneless:
            draft = draft.note(
                f"{column.name}: {read.zoneless} times without a zone were taken as UTC"
            )
        if read.rounded:
            draft = draft.note(f"{column.name}: {read.rounded} numbers lost decimals by rounding")
    others = (*table_defaults.OTHER_IDS, *brought_touches.more_columns(target))
    return draft.put(**{name: cells.columns[name] for name in others if name in cells.columns})


def _renamed(cells: Cells, target: Table) -> Cells:
    """Columns under the table's own names, where the file uses another that is allowed."""
    names = {name: name for name in cells.columns}
    for alias, name in table_defaults.ALIASES.get(target.name, {}).items():
        if alias in names and name not in names.values():
            names[alias] = name
    columns = {names[name]: column for name, column in cells.columns.items()}
    floats = frozenset(names[name] for name in cells.floats)
    return Cells(columns, cells.positions, cells.bad, cells.dropped, floats)


def _known(target: Table) -> list[str]:
    ids = table_defaults.OTHER_IDS if "visitor_id" in target.by_name else ()
    return [*target.by_name, *ids, *brought_touches.more_columns(target)]


def _notes(target: Table, cells: Cells) -> tuple[str, ...]:
    """A note on columns of the file that the table does not have."""
    known = _known(target)
    ignored = [
        f"{name}{f' ({hint.strip()})' if (hint := nearest(name, known)) else ''}"
        for name in cells.columns
        if name not in known
    ]
    return (f"ignored columns: {', '.join(ignored)}",) if ignored else ()


def _check_columns(path: Path, cells: Cells, target: Table, source: SourceConfig) -> None:
    """Raise BadDataError where the file lacks a column that each row must have."""
    given = {*cells.columns, *table_defaults.constants(target, source, path.name)}
    given |= {*table_defaults.WORKED_OUT.get(target.name, ()), "day"}
    missing = [c for c in target.columns if not c.nullable and c.name not in given]
    needs = [f"{c.name} ({c.meaning})" for c in missing]
    if target.name == "ad_costs" and not {"starts_at", "local_on"} & cells.columns.keys():
        needs.append("local_on (the account's local date) or starts_at (instant of the hour)")
    ids = {"user_id", "visitor_id", *table_defaults.OTHER_IDS}
    ids |= {"person_id"} if target.name in brought_touches.PERSON_TABLES else set()
    if target.name in table_defaults.NEED_SOMEBODY and not ids & cells.columns.keys():
        needs.append(f"one of {', '.join(sorted(ids))}")
    if needs:
        raise BadDataError(
            f"{path}: {source.table} needs more columns: {', '.join(needs)}. The file has:"
            f" {', '.join(cells.columns) or 'none'}. Rename or add columns, or give the value in"
            " the source's settings where it has one (docs/collect.md)."
        )
