"""The one Spark of this process: started with our settings, reused by every engine."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, resources
from typing import Any

from whichhalf.engines import spark_jars
from whichhalf.engines.base import Limits
from whichhalf.errors import ConfigError, EngineError

try:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession
except ImportError as error:
    raise ConfigError(
        "project.engine: Spark is not installed. Install it: pip install 'whichhalf[spark]', then"
        f" {spark_jars.COMMAND}."
    ) from error

PARTITIONS = "spark.sql.shuffle.partitions"
# What decides answers: the same whoever started this Spark, and whatever spark-defaults.conf says.
ANSWERS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what cannot be cast or counted raises, as elsewhere
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # not INT96
}
_DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.catalogImplementation": "in-memory",
    # A job leaves the files of its rows and nothing else.
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
# What decides speed and size only: spark-defaults.conf goes before it.
_PREFERRED = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "128m",
    "spark.sql.parquet.compression.codec": "snappy",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",  # a job lists files later
    "spark.python.sql.dataFrameDebugging.enabled": "false",  # looks up the Python line of each call
    "spark.driver.maxResultSize": "0",  # a result that comes back is wanted whole
}
# The second compiler of Java waits for a hundred times its usual number of calls of a method:
# a small run would spend half its time on it, and a large one is there within seconds.
_JAVA = (
    "-XX:+IgnoreUnrecognizedVMOptions -XX:Tier4InvocationThreshold=500000"
    " -XX:Tier4MinInvocationThreshold=60000 -XX:Tier4CompileThreshold=1500000"
    " -XX:Tier4BackEdgeThreshold=4000000"
)
_LOOPBACK = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


def open_session(master: str, limits: Limits) -> Any:
    """A session with names of its own on the Spark of `master`, which is started where it is not.

    A process has one driver: another master's ends first.
    """
    context = SparkContext._active_spark_context
    if context is not None and context.master != master:
        context.stop()
        context = None
    if context is None:
        _start(master, limits)
    session = SparkSession.builder.getOrCreate().newSession()
    for key, value in ANSWERS.items():
        session.conf.set(key, value)
    return session


def _start(master: str, limits: Limits) -> None:
    """Start the JVM where there is none, and in it the driver of `master`."""
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise EngineError(
            "Spark: no Java found: JAVA_HOME is not set and java is not on the PATH. Install Java"
            " 17 or newer; on Debian and Ubuntu: apt install openjdk-17-jre-headless."
        )
    limits.spill.mkdir(parents=True, exist_ok=True)
    log = limits.spill.parent / "spark.log"
    jars = SparkConf(loadDefaults=False).set("spark.jars", ",".join(map(str, spark_jars.found())))
    try:
        with _environment(master, limits), log.open("ab") as stderr:
            gateway = SparkContext._gateway or launch_gateway(jars, {"stderr": stderr})
        SparkContext(conf=_conf(master, limits, gateway.jvm), gateway=gateway)
        _hush()
    except Exception as error:
        raise EngineError(
            f"Spark: {master} could not be started: {error}\nIts own words are in {log}."
        ) from error


def _hush() -> None:
    """Keep what PySpark prints of itself off the screen: errors are told once, by us."""
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # It would warn of pandas 3, which is not used here, when it first converts an argument.
        warnings.simplefilter("ignore", FutureWarning)
        import_module("pyspark.testing.utils")


def _conf(master: str, limits: Limits, jvm: Any) -> Any:
    """Settings over those of spark-defaults.conf."""
    conf = SparkConf(_jvm=jvm).setMaster(master).setAppName("whichhalf").setAll(_DELTA.items())
    conf.setAll(ANSWERS.items())
    conf.set("spark.sql.warehouse.dir", str(limits.spill))
    preferred = dict(_PREFERRED)
    if is_local(master):
        preferred |= _LOOPBACK | {"spark.local.dir": str(limits.spill)}
    for key, value in preferred.items():
        conf.setIfMissing(key, value)
    return conf


def is_local(master: str) -> bool:
    """Whether driver and executors are one process."""
    return master.partition("[")[0] == "local"


@contextmanager
def _environment(master: str, limits: Limits) -> Iterator[None]:
    """What the JVM must know before it starts; spark-defaults.conf goes before the memory."""
    log4j = resources.files(__package__).joinpath("spark_log4j2.properties")
    own = os.environ.get("SPARK_SUBMIT_OPTS", "")
    options = f"{_JAVA} {own} -Dlog4j2.configurationFile=file:{log4j}"
    wanted = {"SPARK_SUBMIT_OPTS": options}
    if is_local(master):
        memory = f"{max(limits.memory_bytes >> 20, 512)}m"
        wanted["SPARK_DRIVER_MEMORY"] = os.environ.get("SPARK_DRIVER_MEMORY", memory)
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
