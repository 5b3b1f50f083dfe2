"""DuckDB against Spark on one lake: the same run over the same input tables.

    python -m benchmarks.spark [--project FOLDER | --size 2_000_000] [--master local[2]]

--project: a folder whose input tables are loaded, of any size; it is left as it is. Without one, a
lake of --size events is made. Each engine runs the whole way on a copy of the folder (hard links:
Parquet files are never changed), then the rows of every derived table are compared. Wall time, and
the processor time and most memory of all processes of this machine that the run began: of Spark,
the driver and what runs in it, not executors of a cluster.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import scale_events
from whichhalf.project import open_project
from whichhalf.tables import TABLES, Kind

DUCKDB = "duckdb"
WHICHHALF = [sys.executable, "-m", "whichhalf"]
DERIVED = sorted(name for name, table in TABLES.items() if table.kind is Kind.DERIVED)


def measure(project: Path, master: str, gigabytes: int) -> dict[str, float]:
    """Seconds and memory of a full run by engine, and how many rows differ between their tables."""
    with tempfile.TemporaryDirectory(dir=project.parent) as name:
        folders = {
            engine: Path(name) / place
            for engine, place in ((DUCKDB, "by_duckdb"), (master, "by_spark"))
        }
        result: dict[str, float] = {}
        for engine, folder in folders.items():
            _copy(project, folder)
            what = "duckdb" if engine == DUCKDB else "spark"
            result |= {f"{what}_{key}": value for key, value in _run(folder, engine, gigabytes)}
            print(f"{engine}: {result}", file=sys.stderr)
        result["spark_to_duckdb_ratio"] = round(
            result["spark_seconds"] / result["duckdb_seconds"], 2
        )
        result |= _compared(*folders.values())
    return result


def _run(folder: Path, engine: str, gigabytes: int) -> list[tuple[str, float]]:
    """Measures of one run, a process of its own, as a person would start it.

    Spark's start is in it. The environment goes before whichhalf.toml.
    """
    percent = max(gigabytes * 2**30 * 100 // (_PAGE * os.sysconf("SC_PHYS_PAGES")), 1)
    environ = {
        **os.environ,
        "WHICHHALF_PROJECT_ENGINE": engine,
        "WHICHHALF_PROJECT_MEMORY_LIMIT_PERCENT": str(percent),
    }
    command = [*WHICHHALF, "-C", str(folder), "run", "--no-load"]
    began = time.perf_counter()
    cpu: dict[int, float] = {}
    most = 0
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while process.poll() is None:
            used = _of_session(process.pid)
            cpu |= {pid: seconds for pid, (seconds, _held) in used.items()}
            most = max(most, sum(held for _seconds, held in used.values()))
            time.sleep(0.2)
    wall = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed on {engine}")
    measures = {"seconds": wall, "cpu_seconds": sum(cpu.values()), "peak_gigabytes": most / 2**30}
    return [(name, round(value, 2)) for name, value in measures.items()]


_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


def _of_session(leader: int) -> dict[int, tuple[float, int]]:
    """CPU seconds and resident bytes of every process of a session, by its id; from Linux's /proc.

    A JVM that Python began is waited for by nobody, so that no resource usage tells of it.
    """
    found = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == leader:
            seconds = (int(fields[11]) + int(fields[12])) / _TICKS
            found[int(place.parent.name)] = seconds, int(fields[21]) * _PAGE
    return found


def _made(folder: Path, size: int, seed: int) -> Path:
    """A project whose lake holds so many events."""
    crowd = scale_events.Crowd(size, seed)
    subprocess.run([*WHICHHALF, "init", str(folder)], check=True, capture_output=True)
    files = [str(folder / f"day{number}.parquet") for number in range(crowd.days)]
    for number, file in enumerate(files):
        scale_events.write_day(crowd, number, Path(file))
    command = [*WHICHHALF, "-C", str(folder), "load", "events", *files, "--in-place"]
    subprocess.run(command, check=True, capture_output=True)
    for file in files:
        Path(file).unlink()
    return folder


def _copy(project: Path, folder: Path) -> None:
    """The folder with its input tables, without what was derived from them."""

    def ignored(at: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(at).name == "lake" and name in DERIVED]

    shutil.copytree(project, folder, ignore=ignored, copy_function=_link)


def _link(source: str, target: str) -> None:
    """Parquet files are linked, since nobody changes them; all else is copied."""
    if source.endswith(".parquet"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def _compared(one: Path, other: Path) -> dict[str, float]:
    """Rows of both, and those that only one of them has, as multisets."""
    left, right = open_project(one), open_project(other)
    rows = differing = 0
    with left.engine() as engine:
        for name in DERIVED:
            columns = ", ".join(TABLES[name].by_name)
            engine.expose("left_rows", left.lake.scan(TABLES[name]))
            engine.expose("right_rows", right.lake.scan(TABLES[name]))
            sides = [f"select {columns} from {side}_rows" for side in ("left", "right")]
            rows += engine.table(f"select count(*) as n from ({sides[0]}) as t")["n"][0].as_py()
            for first, second in (sides, sides[::-1]):
                only = f"select count(*) as n from ({first} except all {second}) as t"
                differing += engine.table(only)["n"][0].as_py()
    return {"rows_compared": rows, "rows_that_differ": differing}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, help="a folder with loaded input tables")
    parser.add_argument("--size", type=int, default=2_000_000, help="events of a lake to make")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--master", default="local[2]", help="local[N] or spark://host:port")
    parser.add_argument("--memory", type=int, default=6, help="GB that an engine may use")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        project = options.project or _made(Path(name) / "project", options.size, options.seed)
        result = measure(project.resolve(), options.master, options.memory)
    if options.format == "json":
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:34} {value:>12,}")


if __name__ == "__main__":
    main()
