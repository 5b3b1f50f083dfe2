"""Slack: a message of Block Kit blocks within Slack's limits, and its text for notifications.

Source of the limits: Slack's Block Kit reference (50 blocks a message, 3000 characters a section,
2000 a field, 10 fields a section, 150 a header, 10 elements a context).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import orjson

from whichhalf.report.formats.cells import heading, shown
from whichhalf.report.result import Cell, Column, Report

Item = TypeVar("Item")

MAX_BLOCKS = 50
MAX_SECTION = 3000
MAX_FIELD = 2000
MAX_FIELDS = 10
MAX_HEADER = 150
MAX_CONTEXT = 10
_LINE = 96  # characters of a line of code that a wide window shows unbroken
_NAME = 28
_TABLE_SECTIONS = 20  # sections of rows: a message longer than this is read by nobody


def to_slack(report: Report) -> bytes:
    """{"text": …, "blocks": [header, facts, TOTAL, rows, notes]}."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(report.title, MAX_HEADER)}},
        *_fields([(fact.name, fact.text) for fact in report.facts]),
        *_fields(_total_fields(report)),
        *_rows(report),
        *_notes(report.notes),
    ]
    message = {"text": _fallback(report), "blocks": blocks[:MAX_BLOCKS]}
    return orjson.dumps(message, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def escaped(text: str) -> str:
    """Text with Slack's three control characters as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _fields(pairs: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for some in _batched(pairs, MAX_FIELDS):
        yield {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": f"*{escaped(name)}*\n{escaped(_cut(text, 300))}"}
                for name, text in some
            ],
        }


def _total_fields(report: Report) -> list[tuple[str, str]]:
    """TOTAL of the columns that are always shown, and of the first ratios."""
    if not report.total:
        return []
    pairs = [
        (f"TOTAL {heading(column)}", shown(cell, column))
        for column, cell in zip(report.columns, report.total, strict=True)
        if not column.is_text and column.rank <= 2 and cell != ""
    ]
    return pairs[:MAX_FIELDS]


def _rows(report: Report) -> Iterator[dict[str, Any]]:
    """Rows as lines of code, cut into sections; what does not fit is counted."""
    columns = _columns(report)
    lines = list(_lines(report, columns))
    head, rest = lines[0], lines[1:]
    sections: list[list[str]] = [[head]]
    for line in rest:
        if _size([*sections[-1], line]) > MAX_SECTION:
            sections.append([head])
        sections[-1].append(line)
    for some in sections[:_TABLE_SECTIONS]:
        yield _code(some)
    left = sum(len(some) - 1 for some in sections[_TABLE_SECTIONS:])
    if left:
        yield _context([f"{left:,} more rows: see the report as CSV or XLSX."])


def _columns(report: Report) -> list[tuple[int, Column, int]]:
    """(position, column, width) of what fits a line: names first, then by rank."""
    chosen: list[tuple[int, Column, int]] = []
    room = _LINE
    ordered = sorted(enumerate(report.columns), key=lambda item: (item[1].rank, item[0]))
    for position, column in ordered:
        cells = [_cell(row[position], column) for row in report.rows]
        width = max((len(text) for text in (*cells, _short(column))), default=0)
        if width + 1 <= room:
            room -= width + 1
            chosen.append((position, column, width))
    return sorted(chosen, key=lambda item: item[0])


def _short(column: Column) -> str:
    return heading(column).partition(":")[0]


def _cell(cell: Cell, column: Column) -> str:
    # A name with ``` would end the block of code.
    text = " ".join(shown(cell, column).replace("`", "'").split())
    return _cut(text, _NAME) if column.is_text else text


def _lines(report: Report, columns: Sequence[tuple[int, Column, int]]) -> Iterator[str]:
    def line(texts: Sequence[str]) -> str:
        parts = [
            text.ljust(width) if column.is_text else text.rjust(width)
            for text, (_position, column, width) in zip(texts, columns, strict=True)
        ]
        return " ".join(parts).rstrip()

    yield line([_short(column) for _position, column, _width in columns])
    for row in report.rows:
        yield line([_cell(row[position], column) for position, column, _width in columns])


def _size(lines: Sequence[str]) -> int:
    return len(_code_text(lines))


def _code_text(lines: Sequence[str]) -> str:
    return "```\n" + escaped("\n".join(lines)) + "\n```"


def _code(lines: Sequence[str]) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _code_text(lines)}}


def _notes(notes: Sequence[str]) -> Iterator[dict[str, Any]]:
    for some in _batched(notes, MAX_CONTEXT):
        yield _context(some)


def _context(texts: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "context",
        "elements": [
            {"type": "mrkdwn", "text": escaped(_cut(text, MAX_FIELD // 5 * 2))} for text in texts
        ],
    }


def _fallback(report: Report) -> str:
    """One line for notifications and screen readers."""
    parts = [f"{name}: {text}" for name, text in _total_fields(report)[:4]]
    return escaped(_cut(". ".join([report.title, *parts]), MAX_SECTION // 5))
