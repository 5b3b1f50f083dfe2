"""Every .sql file against the contract, without an engine: it reads what is there, and yields
exactly the columns of the table that it is named after."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

import whichhalf
from whichhalf.sql import Query, parse
from whichhalf.tables import TABLES
from whichhalf.tables.schema import SQL_TYPES

ROOT = Path(whichhalf.__file__).parent
FILES = {f"{path.parent.name}/{path.stem}": path for path in sorted(ROOT.rglob("*.sql"))}

# Relations that steps make in code (`engine.relation`, `engine.create` of one line), by columns.
_KEYS = "user_id:varchar"
MADE_IN_CODE: dict[str, str] = {
    "ignored_users": _KEYS,
    "ignored_hosts": "host:varchar",
    "blog_paths": "url_path:varchar",
    "event_kinds": "name:varchar event_kind:varchar",
    "merged_users": "user_id:varchar person_id:varchar",
    "alias_links": "app:varchar visitor_id:varchar visitor_key:bigint user_id:varchar"
    " first_at:timestamp message_id:varchar call:varchar",
    "report_days": "report_on:date starts_at:timestamp ends_at:timestamp",
    "wanted_keys": "app:varchar conversion_id:varchar conversion_kind:varchar",
    "lookbacks": "conversion_kind:varchar touch_type:varchar channel:varchar lookback_days:bigint"
    " lookback_rule:varchar",
    "models": "model:varchar credits:varchar",
    "changed_visitors": "visitor_key:bigint changed_from:timestamp",
    "changed_persons": "person_id:varchar changed_from:timestamp",
    "person_installs": "app:varchar install_id:varchar person_id:varchar installed_at:timestamp",
}
# Relations that are a table of the contract, or some rows of it, under another name.
SAME_AS = {
    "wanted_touches": "touches",
    "differing_conversions": "conversions",
    "old_useful_sessions": "useful_sessions",
    "old_users": "users",
    "old_persons": "persons",
    "new_persons": "persons",
}
# The stages of the core. Reports read relations of their own; their tests run them.
CHECKED = [name for name in FILES if not name.startswith(("report/", "console/"))]


def query(name: str) -> Query:
    return parse(FILES[name].read_text("utf-8"), name)


def columns_of(relation: str, seen: tuple[str, ...] = ()) -> dict[str, str]:
    """Column → type of a relation: of the contract, made in code, or made by another file."""
    if relation in MADE_IN_CODE:
        return dict(item.split(":") for item in MADE_IN_CODE[relation].split())
    contract = TABLES.get(SAME_AS.get(relation, relation))
    if contract is not None:
        return {column.name: SQL_TYPES[column.type] for column in contract.columns}
    files = [name for name in FILES if name.endswith(f"/{relation}")]
    assert files, f"{relation}: no table, no file, not made in code"
    assert relation not in seen
    return outputs(query(files[0]), (*seen, relation))


def outputs(of: Query, seen: tuple[str, ...] = ()) -> dict[str, str]:
    """Column → type that a query yields. OptimizeError where a column cannot be resolved."""
    schema = {name: columns_of(name, seen) for name in of.tables}
    tree = of.tree.transform(_literal)
    typed = annotate_types(qualify(tree, schema=schema, dialect="duckdb"), schema=schema)
    return {item.alias_or_name: item.type.sql("duckdb").lower() for item in typed.selects}


def _literal(node: exp.Expression) -> exp.Expression:
    """Any value for a parameter: a text beside texts, else a number."""
    if not isinstance(node, exp.Placeholder):
        return node
    is_text = isinstance(node.parent, exp.EQ | exp.Concat)
    return exp.Literal.string("x") if is_text else exp.Literal.number(1)


def contract_of(name: str) -> dict[str, str] | None:
    """What a file must yield, where it is named after a table."""
    table = TABLES.get(name.rpartition("/")[2])
    if table is None:
        return None
    return {column.name: SQL_TYPES[column.type] for column in table.columns}


def faults(of: Query, expected: dict[str, str]) -> list[str]:
    """What a query yields that its table does not promise, and what it owes."""
    found = outputs(of)
    wrong = [f"column {name}" for name in sorted(set(found) ^ set(expected))]
    for name in set(found) & set(expected):
        if not compatible(found[name], expected[name]):
            wrong.append(f"{name} is {found[name]}, not {expected[name]}")
    return wrong


def compatible(found: str, expected: str) -> bool:
    """Whether the lake takes the one as the other without loss. What SQLGlot cannot tell passes."""
    same = {"text": "varchar", "int": "bigint", "timestamp_s": "timestamp"}
    found, expected = (kind.replace(" ", "") for kind in (found, expected))
    return found in ("unknown", "null") or same.get(found, found) == expected


@pytest.mark.parametrize("name", FILES)
def test_it_is_one_portable_select_and_renders(name: str) -> None:
    found = query(name)
    assert found.header, f"{name}: a comment at the top says meaning, grain and day"
    values = dict.fromkeys(found.parameters, 1)
    for dialect in ("duckdb", "spark"):
        assert found.sql(dialect, **values)


@pytest.mark.parametrize("name", CHECKED)
def test_it_reads_what_is_there(name: str) -> None:
    assert outputs(query(name))


@pytest.mark.parametrize("name", [name for name in CHECKED if contract_of(name)])
def test_it_yields_the_columns_of_its_table(name: str) -> None:
    assert not faults(query(name), contract_of(name) or {})


def test_files_are_told_apart_by_name() -> None:
    core = [name.rpartition("/")[2] for name in CHECKED]
    assert len(set(core)) == len(core)
    assert resources.files("whichhalf").joinpath("stitch/persons.sql").is_file()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("u.person_id", "u.person_identity"),  # a column that is not there
        ("from changes as c", "from changed as c"),  # a relation that is not there
        ("c.call as by_call", "c.call"),  # an output that no table promises
        ("c.call as by_call", "c.call as by_call, c.ordinal"),  # one too many
        ("c.call as by_call", "c.ordinal as by_call"),  # another type
    ],
)
def test_the_check_finds_a_fault(old: str, new: str) -> None:
    text = FILES["stitch/persons"].read_text("utf-8")
    changed = text.replace(old, new)
    assert changed != text
    assert is_refused(parse(changed, "stitch/persons"))


def is_refused(of: Query) -> bool:
    try:
        return bool(faults(of, contract_of("stitch/persons") or {}))
    except (OptimizeError, AssertionError):
        return True
