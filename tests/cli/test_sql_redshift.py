"""What `whichhalf sql --engine redshift` prints, against what the guide of Redshift says it has.

No Redshift runs here: this is what can be known from the text. Source: Amazon Redshift Database
Developer Guide, "Unsupported PostgreSQL features", "Unsupported PostgreSQL functions", "Window
functions" and "Reserved words".
"""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift

from whichhalf import tables
from whichhalf.config import Config
from whichhalf.rendered import PYTHON, rendered

NAMES = [
    table.name
    for table in tables.TABLES.values()
    if table.kind is not tables.Kind.INPUT and table.name not in PYTHON
]
# Functions used that have a page of their own there, as SQLGlot names them when it reads them.
_DOCUMENTED = """
    Abs And Case Cast Coalesce Count Exists FirstValue Floor Greatest If Lag LastValue Lead Least
    Left Length Lower MD5 Max Min Nullif Or Pow RowNumber Substring Sum Trim TsOrDsDiff Upper
"""
DOCUMENTED = set(_DOCUMENTED.split())
LACKING = (exp.Filter, exp.Lateral, exp.Values, exp.Array, exp.ArrayAgg, exp.NullSafeEQ)
LACKING += (exp.NullSafeNEQ, exp.IgnoreNulls, exp.Unnest, exp.Tuple, exp.Anonymous, exp.IntDiv)
RANKED = (exp.RowNumber, exp.Lag, exp.Lead)
# A sum or a greatest of these is no number there; nor is there a max of a boolean.
BOOLEANS = {c.name for t in tables.TABLES.values() for c in t.columns if c.type == "boolean"}
DATE_PARTS = {"MICROSECOND", "MINUTE"}


def trees(name: str) -> list[exp.Expr]:
    parsed = sqlglot.parse(rendered(Config(), name, "redshift"), dialect="redshift")
    return [tree for tree in parsed if tree is not None]


def faults(node: exp.Expr) -> list[str]:
    """What is wrong with one node, by the guide."""
    text = node.sql("redshift")
    found = []
    if isinstance(node, LACKING):
        found.append(f"{type(node).__name__}: {text}")
    if isinstance(node, exp.Func) and type(node).__name__ not in DOCUMENTED:
        found.append(f"no such function: {text}")
    if isinstance(node, (exp.Except, exp.Intersect)) and not node.args.get("distinct"):
        found.append(f"a set with ALL: {text}")
    if isinstance(node, exp.With) and node.recursive:
        found.append(f"recursive: {text}")
    if isinstance(node, exp.Window) and not isinstance(node.this, RANKED):
        has_order, has_frame = (node.args.get(key) is not None for key in ("order", "spec"))
        found += [f"no frame: {text}"] * (has_order and not has_frame)
    if isinstance(node, (exp.Max, exp.Min)) and node.this.name in BOOLEANS:
        found.append(f"of a boolean: {text}")
    if isinstance(node, exp.TsOrDsDiff) and node.text("unit").upper() not in DATE_PARTS:
        found.append(f"unit: {text}")
    if isinstance(node, exp.Interval) and not isinstance(node.this, exp.Literal):
        found.append(f"an interval of a column: {text}")
    if isinstance(node, exp.Identifier) and not node.quoted:
        found += [f"reserved: {text}"] * (node.name.lower() in Redshift.Generator.RESERVED_KEYWORDS)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_redshift_has_all_that_is_printed(name: str) -> None:
    found = trees(name)
    assert found
    assert not [fault for tree in found for node in tree.walk() for fault in faults(node)]


@pytest.mark.parametrize("name", NAMES)
def test_all_but_the_last_make_a_temporary_table(name: str) -> None:
    *before, last = trees(name)
    assert isinstance(last, exp.Query)
    for tree in before:
        assert isinstance(tree, exp.Create) and tree.kind == "TABLE"
        assert tree.find(exp.TemporaryProperty)
    made = [tree.this.name for tree in before]
    assert len(made) == len(set(made))


@pytest.mark.parametrize(
    "text",
    [
        "select count(*) filter (where a > 1) from t",
        "select a from t except all select a from u",
        "select sum(a) over (order by b) from t",
        "select max(is_paid) from t",
        "select array_agg(a) from t",
        "select a is distinct from b from t",
        "select div(a, b) from t",
        "select string_agg(a, ',') from t",
        "select a from t, lateral (select b from u) as v",
    ],
)
def test_what_it_lacks_is_seen(text: str) -> None:
    tree = sqlglot.parse_one(text, dialect="redshift")
    assert [fault for node in tree.walk() for fault in faults(node)]
