"""A report as data: every way of showing it takes this and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

Cell = str | int | float | Decimal | date | datetime | None

KINDS = ("text", "count", "money", "ratio", "share", "days", "date", "datetime")


@dataclass(frozen=True)
class Column:
    """One column.

    name: for machines. heading: for people. kind: one of KINDS; money is in the report's currency,
    share is in [0, 1] and shown in percent. digits: decimals shown. formula: what it is made of.
    rank: 0 is always shown; where room is short, the highest goes first.
    is_estimate: the values are no measurements, and every way of showing them says so.
    """

    name: str
    heading: str
    kind: str
    digits: int = 0
    formula: str = ""
    rank: int = 0
    is_estimate: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of column: {', '.join(KINDS)}")

    @property
    def is_text(self) -> bool:
        """Whether cells are names rather than quantities."""
        return self.kind == "text"


@dataclass(frozen=True)
class Fact:
    """One line of a report's head: what holds for all of it."""

    name: str
    text: str


@dataclass(frozen=True)
class Report:
    """A finished report.

    facts: period, model, basis, time zone, currency, freshness … rows: cells in the order of
    columns; None is "never measured", 0 is "measured as none". total: one row over everything, its
    first text cell "TOTAL"; its ratios are made from sums. notes: what a reader must know.
    """

    name: str
    title: str
    currency: str
    facts: tuple[Fact, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in (*self.rows, *([self.total] if self.total else [])):
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells for {len(self.columns)} columns")

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Sequence[Cell]:
        """Cells of one column, TOTAL left out."""
        position = self.names.index(name)
        return [row[position] for row in self.rows]

    def records(self) -> list[dict[str, Cell]]:
        """Rows as dictionaries by column name, TOTAL left out."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    @property
    def total_record(self) -> dict[str, Cell]:
        """TOTAL as a dictionary; empty where the report has none."""
        return dict(zip(self.names, self.total, strict=True)) if self.total else {}
