"""Projects with files, and what loading them says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from whichhalf.collect.load import Loaded, load_sources
from whichhalf.collect.replay import replay
from whichhalf.errors import BadDataError
from whichhalf.project import Project, open_project

WEB = '[[source]]\nname = "web"\nkind = "segment"\nfiles = ["web/**/*.jsonl"]\n'
META = (
    '[[source]]\nname = "fb"\nkind = "meta_csv"\nfiles = ["fb/*.csv"]\n'
    'account_id = "1"\ntime_zone = "America/New_York"\n'
)
PAID = '[[source]]\nname = "paid"\nkind = "table"\ntable = "payments"\nfiles = ["paid/*.csv"]\n'
PAYMENT = "payment_id,user_id,paid_at,payment_kind,amount,currency\n"
CAMPAIGNS = "Day,Campaign name,Campaign ID,Amount spent (USD),Impressions,Clicks (all)\n"
ADS = (
    "Day,Campaign name,Campaign ID,Ad set name,Ad set ID,Ad name,Ad ID,Amount spent (USD),"
    "Impressions,Clicks (all)\n"
)


def make(folder: Path, toml: str, **files: str | bytes) -> Project:
    """A project; files by their names, with __ for / and _dot_ for a dot."""
    folder.mkdir(exist_ok=True)
    (folder / "whichhalf.toml").write_text(toml, "utf-8")
    for name, content in files.items():
        put(folder, name, content)
    return open_project(folder)


def put(folder: Path, name: str, content: str | bytes) -> None:
    """Write a file of the project."""
    path = folder / name.replace("__", "/").replace("_dot_", ".")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def load(project: Project) -> dict[str, Loaded]:
    """Load every source; every line must be told of, refused files or not."""
    told: list[Loaded] = []
    with project.lock():
        try:
            load_sources(project, told=told.append)
        except BadDataError:
            assert any(one.refused for one in told)
    assert all(one.adds_up for one in told), told
    return {one.source: one for one in told}


def again(project: Project, **options: Any) -> Loaded:
    """Replay what is in quarantine."""
    with project.lock():
        told = replay(project, **options)
    assert told.adds_up, told
    return told


def rows(project: Project, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of a table as it is now, sorted."""
    found = project.newest(table).select(list(columns)).to_pylist()
    return sorted(tuple(map(str, row.values())) for row in found)
