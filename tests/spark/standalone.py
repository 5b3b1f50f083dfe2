"""A standalone cluster of Spark on this machine: a master and workers, each its own process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyspark

_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
_HOST = "127.0.0.1"
_START_SECONDS = 120
_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass
class Cluster:
    """url: of the master. workers: each the first process of a group, its executors beside it."""

    url: str
    folder: Path
    master: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def kill(self, number: int) -> None:
        """Take a worker away with all that runs on it, as if its machine went dark."""
        worker = self.workers[number]
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def log(self, name: str) -> str:
        """What a process of the cluster has said."""
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")


@contextmanager
def standalone(folder: Path, workers: int) -> Iterator[Cluster]:
    """Start a master and its workers; all of them are ended at the end, by their ids."""
    port = _free_port()
    cluster = Cluster(f"spark://{_HOST}:{port}", folder)
    try:
        cluster.master = _start(
            folder, "master", "master.Master", "--host", _HOST, "--port", str(port),
            "--webui-port", "0",
        )  # fmt: skip
        _wait(lambda: "New state: ALIVE" in cluster.log("master"), cluster.master)
        for number in range(workers):
            place = folder / f"worker{number}"
            cluster.workers.append(
                _start(
                    folder,
                    place.name,
                    "worker.Worker",
                    "--host",
                    _HOST,
                    "--webui-port",
                    "0",
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--work-dir",
                    str(place),
                    cluster.url,
                )
            )
        for worker in cluster.workers:
            _wait(lambda: cluster.log("master").count("Registering worker") == workers, worker)
        yield cluster
    finally:
        for process in filter(None, [*cluster.workers, cluster.master]):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _start(folder: Path, name: str, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": _JVM,
        "SPARK_LOCAL_IP": _HOST,
        "SPARK_CONF_DIR": str(folder),
    }
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [str(_CLASS), f"org.apache.spark.deploy.{kind}", *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, start_new_session=True,
        )  # fmt: skip


def _wait(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while not is_so():
        assert process.poll() is None, "a process of the cluster ended"
        assert time.monotonic() < until, f"the cluster did not start in {_START_SECONDS} s"
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        return int(listener.getsockname()[1])
