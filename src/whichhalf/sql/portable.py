"""Load .sql files, refuse what engines answer differently, render them for an engine.

A file holds one SELECT in DuckDB's dialect under a comment that says meaning, grain and day column.
Parameters are `:name`; tables are named as in tables.py. SQLGlot passes functions that it does not
know through unchanged, so only those named here may be used: tests compare each on real engines.
What SQLGlot renders otherwise than it was meant is put right here, by dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from whichhalf.errors import EngineError

DIALECT = "duckdb"

# Functions that give the same answer on every engine, by SQLGlot's name for them.
_COMPARED = """
    abs and case cast coalesce concat count datediff exists firstvalue floor greatest if lag
    lastvalue lead least length lower max md5 min nullif or pow rownumber startswith substring sum
    trim upper
"""
FUNCTIONS = frozenset(_COMPARED.split())
# Functions that SQLGlot does not know and that mean the same on every engine.
PASSED_THROUGH: frozenset[str] = frozenset()

REFUSED: dict[type[exp.Expr], str] = {
    exp.Merge: "MERGE is not on every engine: replace whole days",
    exp.IgnoreNulls: "IGNORE NULLS is not on every engine: count the nulls and join",
    exp.ArgMax: "arg_max breaks ties at will: use row_number and join",
    exp.ArgMin: "arg_min breaks ties at will: use row_number and join",
    exp.ArrayAgg: "lists lose their order on Spark: write a longer table",
    exp.Filter: "FILTER is not on Redshift: aggregate a case",
    exp.Lateral: "LATERAL is not on Redshift: join",
    exp.Values: "VALUES is no table on Redshift: union selects",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM is not on Redshift: say what null means",
    exp.NullSafeNEQ: "IS DISTINCT FROM is not on Redshift: say what null means",
}
# Days and hours are boundaries crossed on DuckDB, whole spans on Spark.
UNITS = frozenset({"MICROSECOND", "MINUTE"})


@dataclass(frozen=True, eq=False)
class Query:
    """One SELECT, parsed and found portable.

    name: "stage/file", for messages. header: its leading comment, a line each.
    """

    name: str
    header: str
    tree: exp.Expr

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the :parameters; looked for once, as laws ask for a few queries very often."""
        return frozenset(node.name for node in self.tree.find_all(exp.Placeholder))

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
    return render(_fill(query.tree, dict(parameters)), dialect)


def render(tree: exp.Expr, dialect: str) -> str:
    """The text of a tree of DuckDB's dialect for an engine. The tree is left as it was."""
    replacements = REPLACED.get(dialect, {})
    whole = tree.copy()
    for node in list(whole.find_all(*replacements)) if replacements else ():
        node.replace(replacements[type(node)](node))
    return whole.sql(dialect=dialect, pretty=True)


def _texts_joined(node: exp.Expr) -> exp.Expr:
    """A concat skips nulls; the || that SQLGlot writes for it is null where one of its texts is."""
    texts = [
        item
        if isinstance(item, (exp.Literal, exp.Coalesce))
        else exp.Coalesce(this=item, expressions=[exp.Literal.string("")])
        for item in node.expressions
    ]
    return exp.Concat(expressions=texts)


def _whole_division(node: exp.Expr) -> exp.Expr:
    """SQLGlot divides whole numbers as doubles, which are inexact over 2 ** 53."""
    return exp.Div(this=node.this, expression=node.expression, typed=True)


def _begins(node: exp.Expr) -> exp.Expr:
    """SQLGlot writes LIKE, to which _ and % of the prefix are patterns."""
    prefix = node.expression
    beginning = exp.Left(this=node.this, expression=exp.Length(this=prefix.copy()))
    return exp.EQ(this=beginning, expression=prefix)


# Dialect → kind of node → what is rendered in its place.
REPLACED: dict[str, dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]]] = {
    "redshift": {
        exp.Concat: _texts_joined,
        exp.IntDiv: _whole_division,
        exp.StartsWith: _begins,
    },
}


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
            elif isinstance(node, exp.DateDiff) and node.text("unit").upper() not in UNITS:
                yield f"date_diff in {node.text('unit')}: engines count it otherwise; in minutes"
        elif isinstance(node, exp.Window):
            yield from _window_faults(node)
        elif isinstance(node, (exp.Except, exp.Intersect)) and not node.args.get("distinct"):
            yield "EXCEPT ALL is not on Redshift: count and join"
        elif isinstance(node, exp.Group) and node.args.get("all"):
            yield "group by all: list the columns"


def _window_faults(window: exp.Window) -> Iterator[str]:
    """Rows in no order; or running sums whose frame Redshift wants to be told."""
    alone, ranked = (exp.RowNumber, exp.Lag, exp.Lead), (exp.FirstValue, exp.LastValue)
    has_order, has_frame = (window.args.get(key) is not None for key in ("order", "spec"))
    if isinstance(window.this, alone + ranked) and not has_order:
        yield f"window without order: {window.sql(DIALECT)}"
    elif has_order and not has_frame and not isinstance(window.this, alone):
        yield f"window without a frame: {window.sql(DIALECT)}"
