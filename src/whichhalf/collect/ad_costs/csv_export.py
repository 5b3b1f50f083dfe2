"""A CSV file exported from an ad platform: its header, wherever it stands, and its rows as text.

Delimiter, encoding and the lines before the header are found by looking for a header that the
reader knows. Nothing is converted here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import orjson

from whichhalf.collect.reading import Bad, Raw
from whichhalf.errors import BadDataError

DELIMITERS = (",", ";", "\t")
_PREAMBLE = 30  # the header stands within this many lines
_LOST = "\ufffd"

# What a row that is set aside must keep beside its cells, to be read the same way later.
FILE, MARK, ORDER, REPORT = "(file)", "(decimal mark)", "(day order)", "(report)"


@dataclass(frozen=True)
class Export:
    """Header and rows of one file, or rows that were set aside from it.

    header: column names, made unique. rows: as many cells each. positions: line of each row, from
    1. bad: rows that have another number of cells, or lost bytes. blanks: rows without content.
    mark, order, report: decimal mark, day order and source_report known from earlier; "" to find
    out.
    """

    file: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    positions: Sequence[int]
    delimiter: str = ","
    bad: tuple[Bad, ...] = ()
    blanks: int = 0
    mark: str = ""
    order: str = ""
    report: str = ""
    is_whole: bool = field(default=True)

    def raw(self, cells: Sequence[str], mark: str = "", order: str = "", report: str = "") -> str:
        """A row as JSON: header → cell (null: missing), and what is needed to read it again."""
        padded: list[str | None] = [*cells, *[None] * (len(self.header) - len(cells))]
        row: dict[str, str | None] = dict(zip(self.header, padded, strict=False))
        row |= {f"(cell {n + 1})": cells[n] for n in range(len(self.header), len(cells))}
        row |= {FILE: self.file, MARK: mark or self.mark, ORDER: order or self.order}
        row |= {REPORT: report or self.report}
        return orjson.dumps(row).decode()


def read_export(path: Path, is_header: Callable[[Sequence[str]], bool], expected: str) -> Export:
    """Read a file. BadDataError where no line is a header; `expected` says what was looked for."""
    lines = list(io.StringIO(_decode(path.read_bytes()), newline=""))
    for delimiter in DELIMITERS:
        records = csv.reader(islice(lines, _PREAMBLE), delimiter=delimiter)
        for cells in _tolerant(records):
            if is_header(cells):
                return _export(path.name, lines, records.line_num, cells, delimiter)
    raise BadDataError(
        f"{path.name}: no line among the first {_PREAMBLE} is a header of this kind of export."
        f" Expected {expected}. Export it again as CSV (UTF-8) with these columns,"
        " or choose another `kind` for the source."
    )


def raw_exports(raws: Sequence[Raw]) -> tuple[list[Export], list[Bad]]:
    """Return rows that were set aside, grouped by file and header, and those that are no JSON."""
    groups: dict[tuple[str, ...], list[tuple[int, dict[str, str | None]]]] = {}
    bad = []
    for raw in raws:
        row = _object(raw.text)
        if row is None:
            detail = "expected a JSON object of header and cell, as quarantine writes it"
            bad.append(Bad(raw.position, "not_json", detail, raw.text))
            continue
        known = tuple(row.pop(name, None) or "" for name in (FILE, MARK, ORDER, REPORT))
        names = (name for name in row if not name.startswith("(cell "))
        groups.setdefault((*known, *names), []).append((raw.position, row))
    return [_regrouped(group, members) for group, members in groups.items()], bad


def _regrouped(
    group: tuple[str, ...], members: Sequence[tuple[int, dict[str, str | None]]]
) -> Export:
    """An export of rows that were set aside from one file."""
    file, mark, order, report, *header = group
    empty = Export(
        file, tuple(header), (), (), "", mark=mark, order=order, report=report, is_whole=False
    )
    records = (
        (position, [cell for cell in row.values() if cell is not None], None in row.values())
        for position, row in members
    )
    return _filled(empty, records)


def _object(text: str) -> dict[str, str | None] | None:
    """The JSON object of strings and nulls; None where it is none."""
    try:
        row = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if isinstance(row, dict) and all(
        cell is None or isinstance(cell, str) for cell in row.values()
    ):
        return row
    return None


def _decode(content: bytes) -> str:
    """UTF-8, with or without mark, or UTF-16 (Excel's "Unicode text", Google Ads Editor).

    Bytes that are no UTF-8 become U+FFFD; the rows that hold them are set aside.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    if content[1:200:2].count(0) > 50:
        return content.decode("utf-16-le", "replace")
    return content.decode("utf-8-sig", "replace")


def _tolerant(records: Iterator[list[str]]) -> Iterator[list[str]]:
    """The records up to the end, or to one that is too broken to take apart."""
    while True:
        try:
            yield next(records)
        except (StopIteration, csv.Error):
            return


def _export(
    file: str, lines: Sequence[str], start: int, names: Sequence[str], delimiter: str
) -> Export:
    """Read what follows the header, which ends at line `start`."""
    header = _unique(names)
    empty = Export(file, header, (), (), delimiter)
    has_lost = any(_LOST in line for line in lines)
    return _filled(empty, _records(lines, start, delimiter, len(header)), has_lost=has_lost)


def _filled(
    empty: Export, records: Iterable[tuple[int, list[str], bool]], *, has_lost: bool = True
) -> Export:
    """The export with its rows, and with those set aside that have lost something."""
    rows: list[tuple[str, ...]] = []  # tuples of strings: the garbage collector skips them
    positions, bad, blanks = [], [], 0
    for position, cells, is_broken in records:
        if not is_broken and not any(map(str.strip, cells)):
            blanks += 1
        elif is_broken or len(cells) != len(empty.header):
            bad.append(_cut_off(empty, position, cells))
        elif has_lost and _LOST in "".join(cells):
            detail = "bytes that are no UTF-8 (shown as U+FFFD); save the file as CSV UTF-8"
            bad.append(Bad(position, "not_utf8", detail, empty.raw(cells)))
        else:
            rows.append(tuple(cells))
            positions.append(position)
    return replace(empty, rows=rows, positions=positions, bad=tuple(bad), blanks=blanks)


def _records(
    lines: Sequence[str], start: int, delimiter: str, width: int
) -> Iterator[tuple[int, list[str], bool]]:
    """(line number, cells, whether broken) of each record after line `start`.

    A quote that never closes must not swallow the rows after it: a record of several lines that
    does not come out at `width` cells is given up after its first line.
    """
    while start < len(lines):
        records = csv.reader((lines[n] for n in range(start, len(lines))), delimiter=delimiter)
        first, end = start, start
        while end < len(lines):
            first = end
            try:
                cells, is_whole = next(records), True
            except csv.Error:
                cells, is_whole = [], False
            end = start + records.line_num
            if not is_whole or (end - first > 1 and len(cells) != width):
                yield first + 1, lines[first].rstrip("\r\n").split(delimiter), True
                end = first + 1
                break
            yield first + 1, cells, False
        start = end


def _cut_off(export: Export, position: int, cells: Sequence[str]) -> Bad:
    detail = f"{len(cells)} cells, or a quote that never closes, under {len(export.header)} names"
    return Bad(position, "cut_off", detail, export.raw(cells))


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Column names, stripped; a second one of the same name gets its column number."""
    seen: dict[str, None] = {}
    for number, name in enumerate(names, 1):
        plain = " ".join(name.split())
        seen[f"{plain} ({number})" if plain in seen or not plain else plain] = None
    return tuple(seen)
