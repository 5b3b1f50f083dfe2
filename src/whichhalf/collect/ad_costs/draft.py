"""A working copy of an export: columns as texts, and what is wrong with which row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from whichhalf.collect.ad_costs.columns import Columns
from whichhalf.collect.ad_costs.csv_export import Export
from whichhalf.collect.ad_costs.numbers import Unreadable

T = TypeVar("T")

_NULLS = frozenset(("", "-", "--", "–", "—"))
_FORMULA = re.compile(r'="(.*)"')  # Excel's way to keep an id as text
_MANGLED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)


class Draft:
    """wrong: row → (reason, detail), the first that was found."""

    def __init__(self, export: Export, columns: Columns) -> None:
        self.export = export
        self.columns = columns
        self.size = len(export.rows)
        self.wrong: dict[int, tuple[str, str]] = {}
        self._cells: list[Sequence[str]] = list(zip(*export.rows, strict=True))

    def has(self, meaning: str) -> bool:
        """Whether the export has a column of that meaning."""
        return meaning in self.columns.at

    def texts(self, meaning: str) -> Sequence[str]:
        """The column's cells, stripped; "" for what stands for nothing, or without the column."""
        if not self.size or not self.has(meaning):
            return [""] * self.size
        cells = self._cells[self.columns.at[meaning]]
        clean = {cell: _clean(cell) for cell in set(cells)}
        return [clean[cell] for cell in cells]

    def read(self, meaning: str, parse: Callable[[str], T], empty: T) -> list[T]:
        """The column's values; `empty` for empty cells, and for those that `parse` refuses."""
        texts = self.texts(meaning)
        values: dict[str, T] = {"": empty}
        refused = {}
        for text in set(texts) - {""}:
            try:
                values[text] = parse(text)
            except Unreadable as error:
                values[text] = empty
                refused[text] = (error.reason, f"{self._name(meaning)}: {error.detail}")
        if refused:
            for row, text in enumerate(texts):
                if text in refused:
                    self.wrong.setdefault(row, refused[text])
        return [values[text] for text in texts]

    def require(self, meaning: str, values: Sequence[object]) -> None:
        """Call rows wrong whose value is None."""
        for row, value in enumerate(values):
            if value is None:
                detail = f"{self._name(meaning)}: empty; a value was expected"
                self.wrong.setdefault(row, ("missing_field", detail))

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
