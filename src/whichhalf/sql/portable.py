"""Load .sql files, refuse what engines answer differently, render them for an engine.

A file holds one SELECT in DuckDB's dialect under a comment that says meaning, grain and day column.
Parameters are `:name`; tables are named as in tables.py. SQLGlot passes functions that it does not
know through unchanged, so only those named here may be used: each was compared on DuckDB and Spark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from whichhalf.errors import EngineError

DIALECT = "duckdb"

# Functions that give the same answer on every engine, by SQLGlot's name for them.
_COMPARED = """
    abs and case cast coalesce concat count date datediff exists firstvalue floor greatest if lag
    lastvalue lead least length lower max md5 min nullif or pow rownumber startswith substring sum
    timestampdiff trim upper
"""
FUNCTIONS = frozenset(_COMPARED.split())
# Functions that SQLGlot does not know and that mean the same on DuckDB and Spark.
PASSED_THROUGH: frozenset[str] = frozenset()

REFUSED: dict[type[exp.Expr], str] = {
    exp.Merge: "MERGE is not on every engine: replace whole days",
    exp.IgnoreNulls: "IGNORE NULLS is not on every engine: count the nulls and join",
    exp.ArgMax: "arg_max breaks ties at will: use row_number and join",
    exp.ArgMin: "arg_min breaks ties at will: use row_number and join",
    exp.ArrayAgg: "lists lose their order on Spark: write a longer table",
}


@dataclass(frozen=True, eq=False)
class Query:
    """One SELECT, parsed and found portable.

    name: "stage/file", for messages. header: its leading comment, a line each.
    """

    name: str
    header: str
    tree: exp.Expr

    @property
    def parameters(self) -> set[str]:
        """Names of the :parameters."""
        return {node.name for node in self.tree.find_all(exp.Placeholder)}

    @property
    def tables(self) -> set[str]:
        """Names of the tables that it reads; its own CTEs are none."""
        ctes = {node.alias_or_name for node in self.tree.find_all(exp.CTE)}
        return {node.name for node in self.tree.find_all(exp.Table)} - ctes

    def sql(self, dialect: str = DIALECT, **parameters: Any) -> str:
        """Render for an engine. EngineError names a parameter that is missing or unknown."""
        wanted = self.parameters
        if wanted != set(parameters):
            missing, unknown = sorted(wanted - set(parameters)), sorted(set(parameters) - wanted)
            raise EngineError(
                f"{self.name}.sql: parameters missing: {missing or 'none'}; unknown:"
                f" {unknown or 'none'}. It takes: {sorted(wanted)}."
            )
        return _rendered(self, dialect, tuple(sorted(parameters.items())))


@cache
def _rendered(query: Query, dialect: str, parameters: tuple[tuple[str, Any], ...]) -> str:
    """The text for an engine: rendering takes longer than many a query."""
    return _fill(query.tree, dict(parameters)).sql(dialect=dialect, pretty=True)


def _fill(tree: exp.Expr, parameters: Mapping[str, Any]) -> exp.Expr:
    """Put values in place of :names, as literals of the tree, never as text."""

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Placeholder):
            return exp.convert(parameters[node.name])
        return node

    return tree.transform(replace)


@cache
def load(package: str, name: str) -> Query:
    """Read `name`.sql of a package, whichhalf.sessionize say. EngineError says what it breaks."""
    text = resources.files(package).joinpath(f"{name}.sql").read_text("utf-8")
    return parse(text, f"{package.rpartition('.')[2]}/{name}")


def parse(text: str, name: str) -> Query:
    """Parse one SELECT and check that it is portable."""
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect=DIALECT) if tree is not None]
    except SqlglotError as error:
        raise EngineError(f"{name}.sql: cannot be parsed: {error}") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise EngineError(f"{name}.sql: one SELECT is expected.")
    tree: exp.Expr = trees[0]
    faults = list(_faults(tree))
    if faults:
        raise EngineError(f"{name}.sql: not portable: {'; '.join(faults)}.")
    header = [line[2:].strip() for line in text.splitlines() if line.startswith("--")]
    return Query(name, "\n".join(header), tree)


def _faults(tree: exp.Expr) -> Iterator[str]:
    """Everything in the tree that engines would answer differently, or not at all."""
    for node in tree.walk():
        for kind, why in REFUSED.items():
            if isinstance(node, kind):
                yield why
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            yield "`*`: list the columns"
        elif isinstance(node, exp.Join) and node.args.get("method") == "ASOF":
            yield "ASOF join: use a range join and row_number"
        elif isinstance(node, exp.Anonymous) and node.name.lower() not in PASSED_THROUGH:
            yield f"function {node.name} is not in sql.portable.PASSED_THROUGH"
        elif isinstance(node, exp.Func) and not isinstance(node, exp.Anonymous):
            if type(node).__name__.lower() not in FUNCTIONS:
                yield f"function {type(node).__name__} is not in sql.portable.FUNCTIONS"
        elif isinstance(node, exp.Window) and _needs_order(node):
            yield f"window without order: {node.sql(DIALECT)}"
        elif isinstance(node, exp.Group) and node.args.get("all"):
            yield "group by all: list the columns"


def _needs_order(window: exp.Window) -> bool:
    ordered = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
    return isinstance(window.this, ordered) and window.args.get("order") is None
