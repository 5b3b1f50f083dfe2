"""The generated pages are those of the code, and leave nothing out."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import click
import pytest

from whichhalf.collect.reading import REASONS
from whichhalf.config import SECTIONS, SOURCE_KINDS, SourceConfig
from whichhalf.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.fixture(scope="module")
def docs() -> Iterator[ModuleType]:
    """The generator, tools/docs.py."""
    spec = importlib.util.spec_from_file_location("docs_generator", ROOT / "tools" / "docs.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def test_they_are_up_to_date(docs: ModuleType) -> None:
    stale = [name for name, page in docs.PAGES.items() if text_of(name) != page()]
    assert not stale, f"run `make docs`: {stale}"


def test_check_says_what_is_stale(
    docs: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.setattr(docs, "DOCS", tmp_path)
    (tmp_path / "collect.md").write_text(text_of("collect.md"), "utf-8")
    assert docs.main(["--check"]) == 1
    assert "tables.md, cli.md, config.md" in capsys.readouterr().out
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0


def test_every_column_of_every_table_is_in_tables_md() -> None:
    parts = dict(re.findall(r"(?ms)^### (\S+)\n(.*?)(?=^##|\Z)", text_of("tables.md")))
    assert set(parts) == set(TABLES)
    for name, table in TABLES.items():
        assert table.meaning in parts[name]
        for column in table.columns:
            assert f"| `{column.name}` | {column.type} | " in parts[name]


def test_every_setting_is_in_config_md_with_an_example() -> None:
    text = text_of("config.md")
    for section, cls in [*SECTIONS.items(), ("source", SourceConfig)]:
        part = text.split(f"[{section}]", 1)[1]
        for item in fields(cls):
            row = next(line for line in part.splitlines() if line.startswith(f"| `{item.name}` |"))
            assert item.metadata["about"] in row
            assert re.search(rf"\| `{item.name} = [^`]*[^`\s\"\[\]][^`]*` \|$", row), row
    assert all(f"`{kind}`" in text for kind in SOURCE_KINDS)


def test_every_command_has_help_and_an_example(docs: ModuleType) -> None:
    written = text_of("cli.md")
    others = "\n".join(page.read_text("utf-8") for page in PAGES if page.name != "cli.md")
    for path, command in docs.commands():
        assert f"## {path}\n" in written
        assert command.help and command.help[0].isupper(), path
        if not isinstance(command, click.Group):
            plain = path.removeprefix("whichhalf ")
            example = rf"whichhalf (-C \S+ )?{plain}\b"
            assert re.search(example, command.help) or re.search(example, others), path
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help or isinstance(option.type, click.Choice), path


def test_every_reason_is_in_collect_md() -> None:
    text = text_of("collect.md")
    assert all(f"| `{reason}` | {about} |" in text for reason, about in REASONS.items())


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_is_in_the_index() -> None:
    index = text_of("index.md")
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert name == "index.md" or f"({name})" in index, name


def test_commands_on_pages_are_commands(docs: ModuleType) -> None:
    known = {path.split()[1] for path, _command in docs.commands() if " " in path}
    for page in PAGES:
        code = "\n".join(re.findall(r"(?s)```.*?```|`[^`]+`", page.read_text("utf-8")))
        for word in re.findall(r"(?m)(?:^|`)whichhalf(?: -C \S+)? ([a-z]+)", code):
            assert word in known, f"{page.name}: whichhalf {word}"


def test_every_recipe_is_run_by_a_test() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for recipe in (ROOT / "docs" / "recipes").glob("*.md"):
        assert f'run_page("docs/recipes/{recipe.name}"' in tests
