"""Fixtures that every test may use: projects, and an engine in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from servers.moto_s3 import s3_lake, s3_server
from servers.postgres import postgres_url
from table_rows import ENGINES, make_project
from whichhalf.engines import Engine, open_engine
from whichhalf.engines.base import Limits
from whichhalf.project import Project

__all__ = ["postgres_url", "s3_lake", "s3_server"]  # fixtures that live in files of their own

ProjectOf = Callable[..., Project]

# Fixtures of a session that are dear: tests that ask for one are a group, so that one worker of
# xdist makes it, once. Java most of all: at first it is slow at everything.
_SHARED = {"local_spark": "spark", "world": "world"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group tests by file or dear fixture for `--dist loadgroup`; begin with groups of slow tests.

    So no worker is left alone at the end with what takes longest. Within a file the order stays.
    """
    groups = [_group(item) for item in items]
    slow = {
        group
        for item, group in zip(items, groups, strict=True)
        if item.get_closest_marker("slow") or group in _SHARED.values()
    }
    for item, group in zip(items, groups, strict=True):
        item.add_marker(pytest.mark.xdist_group(group))
    ranked = sorted(zip(items, groups, strict=True), key=lambda pair: _rank(pair[1], slow))
    items[:] = [item for item, _group in ranked]


def _group(item: pytest.Item) -> str:
    wanted = getattr(item, "fixturenames", ())
    file = item.path.relative_to(item.config.rootpath).as_posix()
    return next((group for name, group in _SHARED.items() if name in wanted), file)


def _rank(group: str, slow: Set[str]) -> int:
    return 0 if group == "spark" else 1 if group in slow else 2


# The same examples on every machine and in every run: a law that fails, fails for all.
settings.register_profile(
    "whichhalf",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("whichhalf")


@pytest.fixture
def project_of(tmp_path: Path) -> ProjectOf:
    """Make a project from the text of its whichhalf.toml."""

    def make(text: str = "", *, engine: str = ENGINES[0], name: str = "project") -> Project:
        return make_project(tmp_path / name, text, engine)

    return make


@pytest.fixture(scope="session")
def sql_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine in memory for all that computes without a lake."""
    engine = open_engine(ENGINES[0], Limits(2**30, 1, tmp_path_factory.mktemp("spill")))
    yield engine
    engine.close()
