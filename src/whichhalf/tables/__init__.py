"""The table contract: grain, columns, types, units, meaning of every table.

The stages share nothing but this. docs/tables.md is generated from it (`make docs`).
"""

from __future__ import annotations

from whichhalf.errors import UsageError, nearest
from whichhalf.tables.derived import DERIVED
from whichhalf.tables.inputs import INPUTS
from whichhalf.tables.schema import Column, Kind, Table

TABLES: dict[str, Table] = {table.name: table for table in INPUTS + DERIVED}

# `whichhalf load NAME` takes the short name where the stored input table is called loaded_NAME.
LOADABLE: dict[str, Table] = {
    table.name.removeprefix("loaded_"): table for table in INPUTS if table.loadable
}


def table(name: str) -> Table:
    """Return the table of that name. UsageError names the nearest where there is none."""
    if name not in TABLES:
        raise UsageError(
            f"There is no table {name!r}.{nearest(name, TABLES)}"
            f" Tables: {', '.join(sorted(TABLES))}."
        )
    return TABLES[name]


def loadable(name: str) -> Table:
    """Return the input table behind `load NAME`. UsageError where it cannot be loaded."""
    if name not in LOADABLE:
        raise UsageError(
            f"{name!r} cannot be loaded.{nearest(name, LOADABLE)}"
            f" Loadable tables: {', '.join(sorted(LOADABLE))}."
        )
    return LOADABLE[name]


__all__ = ["LOADABLE", "TABLES", "Column", "Kind", "Table", "loadable", "table"]
