"""A table for a terminal of any width: names fold, columns without room are named below."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from whichhalf.report.formats.cells import heading, shown
from whichhalf.report.result import Cell, Column, Report

_PADDING = 2  # between columns
_NAME_WIDTH = 22  # a name folds, but is given this much at least
_FREE = 1_000_000  # width where nothing is left out


def to_table(report: Report, width: int = 0, *, color: bool = False) -> bytes:
    """Title, facts, table with TOTAL, notes. width: columns of the terminal, 0 for no limit."""
    kept, dropped = fitting(report, width or _FREE)
    table = _table(report, kept)
    text = io.StringIO()
    console = Console(
        file=text,
        width=width or _full_width(report),
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(Text(report.title, style="bold"))
    for fact in report.facts:
        console.print(Text(f"{fact.name}: {fact.text}", style="dim"))
    console.print(table)
    for note in report.notes:
        console.print(f"* {note}")
    if dropped:
        names = ", ".join(column.name for column in dropped)
        console.print(f"* Left out at {width} columns: {names}. A wider terminal or --format csv.")
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return ("\n".join(lines) + "\n").encode()


def fitting(report: Report, width: int) -> tuple[list[Column], list[Column]]:
    """Columns that fit, in order, and those left out: rank by rank, the highest first."""
    kept = list(report.columns)
    while _least_width(report, kept) > width and any(column.rank for column in kept):
        worst = max(column.rank for column in kept)
        kept = [column for column in kept if column.rank < worst]
    return kept, [column for column in report.columns if column not in kept]


def _least_width(report: Report, columns: Sequence[Column]) -> int:
    """Least characters of a line: numbers never fold, names and headings may."""
    return sum(_column_width(report, column) + _PADDING for column in columns)


def _full_width(report: Report) -> int:
    """Characters of a line on which nothing folds but headings."""
    cells = [[len(shown(cell, c)) for cell in _cells(report, c)] for c in report.columns]
    longest = [max([*some, len(heading(c))]) for some, c in zip(cells, report.columns, strict=True)]
    return max(80, sum(longest) + (_PADDING + 1) * len(longest))


def _column_width(report: Report, column: Column) -> int:
    cells = [shown(cell, column) for cell in _cells(report, column)]
    longest = max((len(cell) for cell in cells), default=0)
    words = max(len(word) for word in heading(column).replace("→", " ").split())
    return max(words, min(longest, _NAME_WIDTH) if column.is_text else longest)


def _cells(report: Report, column: Column) -> list[Cell]:
    position = report.columns.index(column)
    rows = (*report.rows, *([report.total] if report.total else []))
    return [row[position] for row in rows]


def _table(report: Report, columns: Sequence[Column]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_footer=False, pad_edge=False, padding=(0, 1, 0, 0))
    positions = [report.columns.index(column) for column in columns]
    for column in columns:
        width = _column_width(report, column)
        table.add_column(
            Text(heading(column)),
            justify="left" if column.is_text else "right",
            overflow="fold",
            no_wrap=False,
            min_width=width,
            max_width=None if column.is_text else width,
        )
    for row in report.rows:
        table.add_row(*_texts(row, positions, columns))
    if report.total:
        table.add_section()
        table.add_row(*_texts(report.total, positions, columns), style="bold")
    return table


def _texts(row: Sequence[Cell], positions: Sequence[int], columns: Sequence[Column]) -> list[Text]:
    return [
        Text(shown(row[position], column))
        for position, column in zip(positions, columns, strict=True)
    ]
