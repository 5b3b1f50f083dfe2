"""The plan of the house, read from the imports: arrows point down, no stage knows another."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

import whichhalf
from whichhalf.tables import TABLES

ROOT = Path(whichhalf.__file__).parent
STAGES = ("collect", "track", "stitch", "sessionize", "screen", "attribute", "value", "score")
STAGES += ("report", "act", "console", "notify", "world")
# From the roof down. A module imports its own floor's package and what lies below.
FLOORS = (
    ("whichhalf", "__main__"),
    ("cli",),
    ("verify",),
    ("pipeline", "changes"),
    ("steps", "rendered"),
    STAGES,
    ("beside",),
    ("project",),
    ("views", "dump", "starter"),
    ("lake", "control"),
    ("provenance",),
    ("engines", "sql"),
    ("config", "ids"),
    ("tables",),
    ("errors",),
)
# Longer than the rule allows today; none may grow, and none may be added without a word.
LONG_FILES = {"tables/inputs.py": 380}
MAX_LINES, MAX_FUNCTION_LINES = 300, 45

FILES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in FILES.items()}


def module_of(file: str) -> str:
    dotted = file.removesuffix(".py").replace("/", ".").removesuffix("__init__").rstrip(".")
    return f"whichhalf.{dotted}" if dotted else "whichhalf"


MODULES = {module_of(name) for name in FILES}


def imports(name: str) -> Iterator[tuple[str, int]]:
    """(module of ours, line) of every import, also inside functions and as "module:Name"."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: say whichhalf.…, not a dot"
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = re.findall(r"^(whichhalf(?:\.\w+)+):\w+$", node.value)  # imported when asked
        else:
            continue
        for target in found:
            while target not in MODULES and "." in target:
                target = target.rpartition(".")[0]  # noqa: PLW2901
            if target.split(".")[0] == "whichhalf" and (target != "whichhalf" or "." not in target):
                yield target, node.lineno


def part_of(module: str) -> str:
    """cli, pipeline, collect … : the first name below the package."""
    return module.split(".")[1] if "." in module else "whichhalf"


def floor_of(module: str) -> int:
    found = [number for number, floor in enumerate(FLOORS) if part_of(module) in floor]
    assert found, f"{module} is on no floor: give it one in tests/test_architecture.py"
    return found[0]


# The engines are chosen by name, the loaders of sources too: no import, hence no arrow.
LATE = {
    ("engines/base.py", f"whichhalf.engines.{name}") for name in ("duckdb", "postgres", "spark")
}


def arrows() -> Iterator[tuple[str, str, str]]:
    for name in FILES:
        for target, line in imports(name):
            yield module_of(name), target, f"{name}:{line} imports {target}"


def test_imports_point_down() -> None:
    upward = [
        text
        for source, target, text in arrows()
        if target != "whichhalf" and floor_of(target) < floor_of(source)
    ]
    assert not upward


def test_no_stage_imports_another() -> None:
    crossing = [
        text
        for source, target, text in arrows()
        if part_of(source) in STAGES
        and part_of(target) in STAGES
        and part_of(source) != part_of(target)
        and part_of(source) != "console"  # pages over the reports
    ]
    assert not crossing


def test_no_loops() -> None:
    graph = nx.DiGraph()
    for name in FILES:
        package = module_of(name) if name.endswith("__init__.py") else None
        for target, _line in imports(name):
            # A package that hands on its own names, and a text that names a module, tie no knot.
            if not target.startswith(str(package)) and (name, target) not in LATE:
                graph.add_edge(module_of(name), target)
    assert not [cycle for cycle in nx.simple_cycles(graph) if len(cycle) > 1]


def test_engines_name_no_table() -> None:
    # "events" or "sources" may be an ordinary word; as a whole text it is the name of a table.
    named = [
        f"{name}:{node.lineno} {node.value!r}"
        for name in FILES
        if name.startswith("engines/")
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Constant) and node.value in TABLES
    ]
    assert not named


def test_shared_code_names_no_engine() -> None:
    # What an engine is called: the dialect of the files, the setting, the registry, the choice of
    # `whichhalf sql`. And the reader of event files, which parses JSON with the engine (design §4).
    allowed = {"sql/portable.py", "config/sections.py", "engines/base.py", "cli/tables.py"}
    allowed |= {"collect/events/segment.py"}
    named = [
        f"{name}:{node.lineno}"
        for name in FILES
        if not name.startswith(("engines/duckdb", "engines/spark")) and name not in allowed
        for node in ast.walk(TREES[name])
        if (isinstance(node, ast.Constant) and node.value in ("duckdb", "spark"))
        or (
            isinstance(node, ast.Import | ast.ImportFrom)
            and any(word in ast.unparse(node) for word in ("duckdb", "pyspark"))
        )
    ]
    assert not named


@pytest.mark.parametrize("word", ["utils", "util", "common", "helpers", "helper", "misc"])
def test_names_say_something(word: str) -> None:
    assert not [name for name in FILES if word in name.removesuffix(".py").split("/")]


def test_files_are_short() -> None:
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in FILES.items()}
    assert not {n: k for n, k in lines.items() if k > LONG_FILES.get(n, MAX_LINES)}


def test_functions_are_short() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}: {length} lines"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert not long
