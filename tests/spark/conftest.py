"""Spark for tests: skipped, or failed where all must run, where Java or the jars are not there."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from required import lacking
from whichhalf.engines import spark_jars
from whichhalf.errors import EngineError

CONF = Path(__file__).parent / "conf"
sys.path.append(str(Path(__file__).parents[1] / "laws"))  # whose worlds and laws are run here


@pytest.fixture(scope="session")
def spark_settings() -> pytest.MonkeyPatch:
    """What Spark reads when it starts in this process: quick settings, little memory."""
    if importlib.util.find_spec("pyspark") is None:
        lacking("pyspark is not installed: pip install 'whichhalf[spark]'")
    if shutil.which("java") is None:
        lacking("there is no Java")
    try:
        spark_jars.found()
    except EngineError as error:
        lacking(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(CONF))
        patch.setenv("SPARK_DRIVER_MEMORY", "2g")
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        yield patch


@pytest.fixture(scope="session")
def local_spark(spark_settings: pytest.MonkeyPatch) -> str:
    """The engine whose driver and executor are one process with one task at a time."""
    return "local[1]"


@pytest.fixture
def heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Spark compute the few rows of a test as it computes many: files, shuffles, tasks."""
    monkeypatch.setattr("whichhalf.engines.spark_weights.LIGHT", -1)
    monkeypatch.setattr("whichhalf.engines.spark_weights.HELD", -1)
