"""`whichhalf sql`: what it prints is what computed the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlglot

from whichhalf import sql, tables
from whichhalf.attribute.lookback import load_lookback
from whichhalf.attribute.referrers import is_ignored
from whichhalf.cli import main
from whichhalf.collect.costs import report_days
from whichhalf.config import Config, SessionizeConfig, StitchConfig
from whichhalf.engines import Engine, open_engine
from whichhalf.engines.base import Limits
from whichhalf.project import Project, open_project
from whichhalf.rendered import FILES, PARTS, PYTHON, rendered
from whichhalf.sessionize import parts
from whichhalf.stitch.persons import _merged
from whichhalf.world import PRESETS, generate

DIALECTS = ("duckdb", "spark", "postgres", "redshift")
COMPUTED = [t.name for t in tables.TABLES.values() if t.kind is not tables.Kind.INPUT]
WITH_SQL = [name for name in COMPUTED if name not in PYTHON]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small world, run."""
    folder = tmp_path_factory.mktemp("world")
    generate(replace(PRESETS["tiny"], users=60, days=5, campaigns=10), 3, folder)
    toml = folder / "whichhalf.toml"
    limit = "[sessionize]\nmax_events_per_visitor_day = 8"  # some visitors are left out
    groups = '[[source]]\nname = "groups"\nkind = "segment"\nfiles = ["groups.jsonl"]\n'
    toml.write_text(toml.read_text("utf-8").replace("[sessionize]", limit) + groups, "utf-8")
    call = '{"type": "group", "groupId": "acme", "timestamp": "2026-01-02T10:00:00Z"'
    lines = [
        f'{call}, "{key}": "{number}"}}' for number in "12" for key in ("userId", "anonymousId")
    ]
    (folder / "groups.jsonl").write_text("\n".join(lines), "utf-8")
    assert main(["-C", str(folder), "run"]) == 0
    return open_project(folder)


@pytest.fixture(scope="module")
def engine(project: Project) -> Iterator[Engine]:
    with project.engine() as opened:
        prepare(project, opened)
        yield opened


@pytest.fixture(scope="module")
def postgres(project: Project, postgres_url: str) -> Iterator[Engine]:
    opened = open_engine(postgres_url, Limits(2**30, 1, project.state_folder))
    prepare(project, opened)
    yield opened
    opened.close()


def prepare(project: Project, engine: Engine) -> None:
    """Tables of the lake, and the relations that Python makes, as the printed comments ask for."""
    config = project.config
    stored = [t.name for t in tables.TABLES.values() if t.kind is not tables.Kind.VIEW]
    project.expose_read(engine, stored)
    ignored = partial(is_ignored, own_hosts=config.sessionize.own_hosts, more=())
    found = engine.table("select distinct referrer_host from events where referrer_host <> ''")
    hosts = [host for host in found.column(0).to_pylist() if ignored(host)]
    assert hosts
    engine.relation("ignored_hosts", pa.table({"host": pa.array(hosts, pa.string())}))
    engine.relation("blog_paths", parts._blog_paths(engine, config))
    standing = sql.load("whichhalf.stitch", "standing_cuts").sql(engine.flags.dialect)
    engine.create("standing_cuts", standing)
    merged, links = _merged(engine, config)
    engine.drop("standing_cuts")
    engine.relation("merged_users", merged.table)
    engine.relation("alias_links", links)
    span = engine.table("select min(starts_at) as a, max(starts_at) as b from ad_costs")
    first, last = (column[0].as_py() for column in span.columns)
    engine.relation("report_days", report_days(config, first, last))
    channels = engine.table("select channel from sources").column(0).to_pylist()
    kinds = engine.table("select conversion_kind from conversions").column(0).to_pylist()
    lookback = load_lookback(config.attribute, project.folder)
    engine.relation("lookbacks", lookback.table(kinds, channels))


@pytest.mark.parametrize("name", WITH_SQL)
def test_what_is_printed_gives_the_stored_rows(project: Project, engine: Engine, name: str) -> None:
    table = tables.table(name)
    columns, order = ", ".join(column.name for column in table.columns), ", ".join(table.grain)
    *before, select = statements(rendered(project.config, name, "duckdb"))
    for statement in before:
        head, _, body = statement.partition(" as\n")
        engine.create(head.split()[-1], body)
    printed = engine.table(f"select {columns} from ({select}) as printed order by {order}")
    assert printed.num_rows > 0
    assert printed.to_pylist() == project.table(name).arrow().to_pylist()


@pytest.mark.parametrize("name", WITH_SQL)
def test_postgres_runs_what_is_printed(project: Project, postgres: Any, name: str) -> None:
    """The very text, statement by statement, gives the rows that the default engine stored."""
    table = tables.table(name)
    columns, order = ", ".join(column.name for column in table.columns), ", ".join(table.grain)
    *before, select = statements(rendered(project.config, name, "postgres"))
    for statement in before:
        postgres._run(statement)
    printed = postgres.table(f"select {columns} from ({select}) as printed order by {order}")
    for statement in before:
        if statement.startswith("create"):
            _create, _temporary, kind, made = statement.split()[:4]
            postgres._run(f"drop {kind} {made}")
    assert printed.num_rows > 0
    assert printed.to_pylist() == project.table(name).arrow().to_pylist()


def statements(text: str) -> list[str]:
    """The statements of a text, without the comment before them."""
    body = text.split("\n\n", 1)[1].rstrip(";\n")
    return [statement.strip() for statement in body.split(";\n")]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", sorted(tables.TABLES))
def test_every_table_is_printed_for_every_engine(name: str, dialect: str) -> None:
    text = rendered(Config(), name, dialect)
    assert text.startswith(f"-- {name}: ")
    found = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree is not None]
    assert bool(found) is (name in WITH_SQL)
    if name not in WITH_SQL:
        assert "No SELECT makes it" in text


def test_settings_are_filled_in() -> None:
    config = Config(
        sessionize=SessionizeConfig(session_gap_minutes=37),
        stitch=StitchConfig(ignored_user_ids=("o'neill", "test")),
    )
    text = rendered(config, "session_parts", "duckdb")
    assert "37" in text and ":session_gap_minutes *" not in text
    assert "'u:o''neill'" in text and "'u:test'" in text


def test_what_python_computes_is_named_and_exists() -> None:
    for _columns, path in PYTHON.values():
        module, _, name = path.rpartition(".")
        assert callable(getattr(import_module(module), name)), path
    assert "whichhalf.attribute.classify.classify" in rendered(Config(), "sources", "spark")
    assert "ignored_hosts (host)" in rendered(Config(), "touches", "spark")


def test_every_relation_of_the_chain_is_known() -> None:
    for name in WITH_SQL:
        text = rendered(Config(), name, "duckdb")
        made = {line.split()[3] for line in text.splitlines() if line.startswith("create")}
        assert made <= set(FILES) | set(PARTS) | {"event_kinds", "ignored_users", "models"}


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "whichhalf.toml").write_text("[sessionize]\nsession_gap_minutes = 45\n", "utf-8")
    assert main(["-C", str(tmp_path), "sql", "session_parts", "--engine", "redshift"]) == 0
    text = capsys.readouterr().out
    assert "create temporary table ignored_users as" in text and "45" in text
