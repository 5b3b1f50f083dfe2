"""The whole history of a large product, then a day on top of it, then one late login.

    python -m benchmarks.attribution_scale --size 1M|10M|100M|800M --dir D [--format json] [--keep]

Events are made in D/SIZE (a million a day, as Parquet with the columns of the lake), linked into a
project without a copy, and attributed to sign-ups by `whichhalf run --until attribute`, a process
of its own. Beside it, in the same run and under the same memory limit:
  (a) the bare sort: DuckDB's `create table s as select anonymous_id, timestamp from the files
      order by anonymous_id, timestamp`;
  (b) the usual query: the same job as one query, two windows and arg_min over the merged stream;
  (c) the four hours a night that Frame.io's 800 million actions took on Aurora.
(a) and (b) are measured up to 100M; above, 100M is measured and multiplied, and marked so.
Everything but the result is removed at the end, unless --keep.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
from sqlalchemy import create_engine, select

from benchmarks import scale_events
from benchmarks.processes import Timing, timed
from benchmarks.scale_events import Crowd
from benchmarks.scale_queries import BARE_SORT, USUAL_QUERY
from whichhalf.control import RUNS
from whichhalf.project import open_project

Figures = dict[str, Any]
SIZES = {"1M": 10**6, "10M": 10**7, "100M": 10**8, "800M": 8 * 10**8}
LARGEST_PEER = "100M"  # what the peers sort at most: a larger table does not fit the disk
FRAME_IO_SECONDS = 4 * 3600
MEMORY_BYTES = 7 * 2**30  # what an engine may use; the target is 8 GiB in all
WHICHHALF = [sys.executable, "-m", "whichhalf"]
CONFIG = """[project]
name = "scale"
memory_limit_percent = {percent}
[report]
currency = "USD"
[events]
signup = ["Signed Up"]
[lake]
compact_seconds = 0
"""


def measure(size: str, folder: Path, keep: bool) -> Figures:
    """All figures of a size; seconds are of wall time where not said otherwise."""
    crowd = Crowd(SIZES[size])
    with _project(folder / size, keep) as project:
        _make_events(crowd, project)
        result = _backfill(crowd, project)
        result |= _increment(crowd, project)
        result |= _late_login(crowd, project)
        result["ratio_to_frame_io"] = round(
            result["backfill_seconds"] / FRAME_IO_SECONDS * 800e6 / crowd.events, 3
        )
        return result | _compared(result, crowd, folder, keep)


def _compared(result: Figures, crowd: Crowd, folder: Path, keep: bool) -> Figures:
    """Seconds of the peers, for as many events as the backfill had, and the ratios to them."""
    size = min(crowd.events, SIZES[LARGEST_PEER])
    ratio = crowd.events / size
    found: Figures = {"peers_are_extrapolated": str(ratio > 1).lower()}
    peers = _peers(next(name for name in SIZES if SIZES[name] == size), folder, keep)
    for name, timing in peers.items():
        wall, cpu = timing.wall * ratio, timing.cpu * ratio
        found[f"{name}_seconds"] = round(wall, 1)
        found[f"{name}_cpu_seconds"] = round(cpu, 1)
        found[f"ratio_to_{name}"] = round(result["backfill_seconds"] / wall, 2)
        found[f"cpu_ratio_to_{name}"] = round(result["backfill_cpu_seconds"] / cpu, 2)
    return found


@contextmanager
def _project(folder: Path, keep: bool) -> Iterator[Path]:
    """A project folder; its lake is removed before, but for events that an earlier run kept."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "lake", ignore_errors=True)
    shutil.rmtree(folder / ".whichhalf", ignore_errors=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    text = CONFIG.format(percent=MEMORY_BYTES * 100 // memory)
    (folder / "whichhalf.toml").write_text(text, "utf-8")
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder)


def events_of(crowd: Crowd, folder: Path, number: int) -> Path:
    """The file of a day's events, beside the lake that it is linked into."""
    return folder / "events" / f"{crowd.day(number)}.parquet"


def _make_events(crowd: Crowd, folder: Path) -> None:
    """Make the days that are not there yet, and the day after them, in two processes."""
    wanted = [n for n in range(crowd.days + 1) if not events_of(crowd, folder, n).exists()]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(_make_day, crowd, folder, number) for number in wanted]:
            done.result()


def _make_day(crowd: Crowd, folder: Path, number: int) -> None:
    whole = events_of(crowd, folder, number)
    arriving = whole.with_suffix(".arriving")
    scale_events.write_day(crowd, number, arriving)
    os.replace(arriving, whole)


def _backfill(crowd: Crowd, folder: Path) -> Figures:
    files = [str(events_of(crowd, folder, number)) for number in range(crowd.days)]
    load = timed([*WHICHHALF, "-C", str(folder), "load", "events", *files, "--in-place"])
    run = _run(folder)
    project = open_project(folder)
    count = sum(pq.read_metadata(file).num_rows for file in files)
    result = {
        "events": count,
        "signups": project.table("signups").arrow().num_rows,
        "event_bytes": round(sum(os.path.getsize(file) for file in files) / count, 1),
        "load_seconds": round(load.wall, 1),
        "backfill_seconds": round(load.wall + run.wall, 1),
        "backfill_cpu_seconds": round(load.cpu + run.cpu, 1),
        "peak_memory_bytes": run.peak_bytes,
        "derived_bytes": _derived_bytes(folder),
    }
    return result | _steps(folder)


def _run(folder: Path) -> Timing:
    return timed([*WHICHHALF, "-C", str(folder), "run", "--no-load", "--until", "attribute"])


def _steps(folder: Path) -> Figures:
    """Seconds of each step of the last run, as the run ledger has them."""
    path = folder / ".whichhalf" / "control.db"
    query = select(RUNS.c.step, RUNS.c.started_at, RUNS.c.ended_at).order_by(RUNS.c.run_id)
    with create_engine(f"sqlite:///{path}").connect() as connection:
        return {
            f"{step}_seconds": round((ended - started).total_seconds(), 1)
            for step, started, ended in connection.execute(query).all()
        }


def _derived_bytes(folder: Path) -> int:
    files = (path for path in (folder / "lake").rglob("*.parquet") if path.stat().st_nlink == 1)
    return sum(path.stat().st_size for path in files)


def _increment(crowd: Crowd, folder: Path) -> Figures:
    """One more day on top of the history: loaded, and all that it changes computed."""
    file = str(events_of(crowd, folder, crowd.days))
    load = timed([*WHICHHALF, "-C", str(folder), "load", "events", file, "--in-place"])
    run = _run(folder)
    return {
        "increment_seconds": round(load.wall + run.wall, 1),
        "increment_cpu_seconds": round(load.cpu + run.cpu, 1),
        "increment_peak_memory_bytes": run.peak_bytes,
    } | {f"increment_{key}": value for key, value in _steps(folder).items()}


def _late_login(crowd: Crowd, folder: Path) -> Figures:
    """A visitor of the first day turns out, now, to be somebody who signed up."""
    first = str(events_of(crowd, folder, 0))
    signed_up = open_project(folder).table("signups").arrow().slice(0, 1).to_pylist()[0]
    (visitor,) = duckdb.execute(
        "select visitor_id from read_parquet($1) where user_id is null"
        " group by visitor_id order by count(*) desc, visitor_id limit 1",
        [first],
    ).fetchall()[0]
    moment = datetime.combine(crowd.day(crowd.days), time(12)) + timedelta(minutes=1)
    call = {
        "app": scale_events.APP, "message_id": "late-login", "visitor_id": visitor,
        "user_id": signed_up["person_id"], "call": "identify",
        "occurred_at": f"{moment}Z", "received_at": f"{moment}Z",
    }  # fmt: skip
    file = folder / "late_login.jsonl"
    file.write_text(json.dumps(call) + "\n", "utf-8")
    load = timed([*WHICHHALF, "-C", str(folder), "load", "events", str(file)])
    run = _run(folder)
    return {
        "late_login_load_seconds": round(load.wall, 1),
        "late_login_seconds": round(run.wall, 1),
        "late_login_cpu_seconds": round(run.cpu, 1),
    } | {f"late_login_{key}": value for key, value in _steps(folder).items()}


def _peers(size: str, folder: Path, keep: bool) -> dict[str, Timing]:
    """The bare sort and the usual query over the same files, or those of the largest peer."""
    crowd, place = Crowd(SIZES[size]), folder / size
    was_there = place.exists()
    _make_events(crowd, place)
    files = [str(events_of(crowd, place, number)) for number in range(crowd.days)]
    queries = {"bare_sort": BARE_SORT, "usual_query": USUAL_QUERY}
    result = {name: _alone(query, files, place / "spill") for name, query in queries.items()}
    if not (was_there or keep):
        shutil.rmtree(place)
    return result


def _alone(query: str, files: Sequence[str], spill: Path) -> Timing:
    """Run a query in a process of its own, within the same memory."""
    code = (
        "import sys, duckdb\n"
        "c = duckdb.connect()\n"
        f"c.execute(\"set memory_limit = '{MEMORY_BYTES}B'; set temp_directory = '{spill}'\")\n"
        "c.execute('set preserve_insertion_order = false')\n"
        "c.execute(sys.argv[1])\n"
    )
    try:
        return timed([sys.executable, "-c", code, query.format(files=list(files))])
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="1M")
    parser.add_argument("--dir", type=Path, required=True, help="where events and lake are put")
    parser.add_argument("--keep", action="store_true", help="leave events and lake there")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    result = measure(options.size, options.dir.resolve(), options.keep)
    if options.format == "json":
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:40} {value if isinstance(value, str) else format(value, ','):>18}")


if __name__ == "__main__":
    main()
