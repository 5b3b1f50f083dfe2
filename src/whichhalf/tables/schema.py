"""What a table is: its grain, its columns, its clock. No table is named here."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from whichhalf.errors import SchemaError, nearest

# Types that Parquet, Delta, DuckDB and Spark share, by the name used in the dictionary.
ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "json": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "money": pa.decimal128(18, 6),
    "rate": pa.decimal128(18, 12),
}

# The same types as SQL says them, for casts and for empty relations.
SQL_TYPES: dict[str, str] = {
    "string": "varchar",
    "json": "varchar",
    "bigint": "bigint",
    "double": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "money": "decimal(18, 6)",
    "rate": "decimal(18, 12)",
}


class Kind(enum.Enum):
    """Where the rows of a table come from."""

    INPUT = "input"  # loaded; evolves by added columns; never recomputed
    DERIVED = "derived"  # written by a step; rebuilt when its schema changes
    VIEW = "view"  # computed when it is read


@dataclass(frozen=True)
class Column:
    """One column: name, type name (a key of ARROW_TYPES), whether null is allowed, meaning."""

    name: str
    type: str
    nullable: bool
    meaning: str

    @property
    def arrow(self) -> pa.Field:
        """The Arrow field; the lake keeps nullability out of the files, the contract checks it."""
        return pa.field(self.name, ARROW_TYPES[self.type])


@dataclass(frozen=True)
class Table:
    """A table of the contract.

    grain: the columns that identify a row.
    clock: the timestamp column whose UTC date is the partition column `day`; None: not partitioned.
    """

    name: str
    kind: Kind
    meaning: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    clock: str | None = None
    loadable: bool = field(default=False)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, `day` included where the table is partitioned."""
        return pa.schema([column.arrow for column in self.columns])

    @property
    def partitioned(self) -> bool:
        """Whether the table is cut into UTC days."""
        return "day" in self.by_name

    def column(self, name: str) -> Column:
        """Return one column. SchemaError names the nearest where there is none of that name."""
        if name not in self.by_name:
            raise SchemaError(
                f"{self.name}: no column {name!r}.{nearest(name, self.by_name)}"
                f" It has: {', '.join(self.by_name)}."
            )
        return self.by_name[name]


def table(
    name: str,
    kind: Kind,
    meaning: str,
    *,
    grain: str,
    columns: str,
    clock: str | None = None,
    loadable: bool = False,
) -> Table:
    """Build a table from its text: one column a line, `name type meaning`; `type?` allows null."""
    built = []
    for line in filter(str.strip, columns.splitlines()):
        column, type_name, about = line.split(None, 2)
        nullable = type_name.endswith("?")
        built.append(Column(column, type_name.rstrip("?"), nullable, about.strip()))
    if clock:
        built.append(Column("day", "date", False, f"UTC date of {clock}; the partition"))
    return Table(name, kind, meaning, tuple(grain.split()), tuple(built), clock, loadable)
