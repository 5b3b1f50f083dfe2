"""Fixtures that every test may use: projects, and an engine in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

# What takes longest is begun first, so that no worker is left alone with it at the end. All that
# runs in this process's Spark is one group: Java is slow at first, and each worker would start it.
_FIRST = ("tests/spark/test_spark_cluster.py", "tests/e2e/test_kill.py", "tests/e2e/test_daily.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the files of a worker to it whole; see `pytest --dist loadgroup` in the Makefile."""
    for item in items:
        group = "spark" if "local_spark" in getattr(item, "fixturenames", ()) else _file(item)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_rank)  # stable: in a file nothing changes its place


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(item.config.rootpath).as_posix()


def _rank(item: pytest.Item) -> int:
    """0 for what runs in Spark, then the files named above, then the rest."""
    group = item.get_closest_marker("xdist_group")
    assert group is not None
    name = group.args[0]
    if name == "spark":
        return 0
    return 1 + _FIRST.index(name) if name in _FIRST else 1 + len(_FIRST)


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
