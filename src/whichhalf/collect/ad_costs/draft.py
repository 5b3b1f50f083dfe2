"""A working copy of an export: its columns as codes of distinct texts, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from whichhalf.collect.ad_costs.columns import Columns
from whichhalf.collect.ad_costs.csv_export import Export
from whichhalf.collect.ad_costs.numbers import Unreadable

Numbers = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_NULLS = frozenset(("", "-", "--", "–", "—"))
_FORMULA = re.compile(r'="(.*)"')  # Excel's way to keep an id as text
_MANGLED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Coded:
    """A column: its values (some may be equal), and which of them each row has."""

    values: Sequence[Any]
    codes: Numbers

    def where(self, holds: Callable[[Any], bool]) -> Flags:
        """The rows whose value holds, asked once a value."""
        flags = np.fromiter(map(holds, self.values), bool, len(self.values))
        return flags[self.codes] if len(self.codes) else np.zeros(0, bool)

    def arrow(self, kind: pa.DataType) -> pa.Array:
        """The column as an Arrow array."""
        return pa.array(self.values, kind).take(pa.array(self.codes))


class Draft:
    """wrong: row → (reason, detail), the first that was found."""

    def __init__(self, export: Export, columns: Columns) -> None:
        self.export = export
        self.columns = columns
        self.size = len(export.rows)
        self.wrong: dict[int, tuple[str, str]] = {}
        self._texts: dict[str, Coded] = {}

    def has(self, meaning: str) -> bool:
        """Whether the export has a column of that meaning."""
        return meaning in self.columns.at

    def texts(self, meaning: str) -> Coded:
        """The column's cells, stripped; "" for what stands for nothing, or without the column."""
        if meaning not in self._texts:
            self._texts[meaning] = self._coded(meaning)
        return self._texts[meaning]

    def _coded(self, meaning: str) -> Coded:
        if not self.size or not self.has(meaning):
            return Coded([""], np.zeros(self.size, np.int64))
        column = self.columns.at[meaning]
        cells = pa.array([row[column] for row in self.export.rows], pa.string())
        coded = cells.dictionary_encode()
        values = [_clean(cell) for cell in coded.dictionary.to_pylist()]
        return Coded(values, coded.indices.to_numpy().astype(np.int64))

    def read(self, meaning: str, parse: Callable[[str], Any], empty: Any) -> Coded:
        """The column's values; `empty` for empty cells, and for those that `parse` refuses."""
        texts = self.texts(meaning)
        values = []
        refused: dict[int, tuple[str, str]] = {}
        for code, text in enumerate(texts.values):
            try:
                values.append(parse(text) if text else empty)
            except Unreadable as error:
                values.append(empty)
                refused[code] = (error.reason, f"{self._name(meaning)}: {error.detail}")
        if refused:
            for row in np.flatnonzero(np.isin(texts.codes, list(refused))):
                self.wrong.setdefault(int(row), refused[int(texts.codes[row])])
        return Coded(values, texts.codes)

    def blame(self, rows: Flags, meaning: str, reason: str, detail: str) -> None:
        """Call rows wrong, where they are not so already."""
        for row in np.flatnonzero(rows):
            self.wrong.setdefault(int(row), (reason, f"{self._name(meaning)}: {detail}"))

    def require(self, meaning: str, values: Coded) -> None:
        """Call rows wrong whose value is None or empty."""
        empty = values.where(lambda value: value is None or value == "")
        self.blame(empty, meaning, "missing_field", "empty; a value was expected")

    def _name(self, meaning: str) -> str:
        return self.export.header[self.columns.at[meaning]] if self.has(meaning) else meaning


def _clean(cell: str) -> str:
    text = cell.strip()
    if found := _FORMULA.fullmatch(text):
        text = found[1].strip()
    return "" if text in _NULLS else text


def read_id(text: str) -> str:
    """Return an id. Unreadable where a spreadsheet made a rounded number of it."""
    if _MANGLED.fullmatch(text):
        raise Unreadable(
            "mangled_id", f"a spreadsheet made {text!r} of the id; its digits are lost"
        )
    return text


def any_text(texts: Iterable[str]) -> str:
    """The first text that is not empty; "" where there is none."""
    return next(filter(None, texts), "")
