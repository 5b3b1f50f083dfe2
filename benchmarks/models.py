"""Attribution models over frames, beside ChannelAttribution and beside one DuckDB GROUP BY.

    python -m benchmarks.models [--sizes 10000 1000000] [--repeats 3] [--peer PYTHON]
                                [--format json]

Each contender has a process of its own and the same paths in memory (30 channels, 1 to 20 touches,
one in ten persons converts); printed are medians of seconds from frame to answer. The peer is the
PyPI package ChannelAttribution (Markov by simulation, its default run), in an environment that is
not ours: python -m venv peer; peer/bin/pip install ChannelAttribution matplotlib pyarrow; then
--peer peer/bin/python. The limit of Shapley's conversions game is the same question in SQL.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.processes import Timing, timed

CHANNELS = 30
Times = dict[str, float]  # wall and cpu, seconds
# What every contender's program begins with: a clock, and the last line that it reports by.
CLOCK = """
import json, statistics, sys, time
file, repeats = sys.argv[1], int(sys.argv[2])
def median(call):
    wall, cpu = [], []
    for _ in range(repeats):
        began, spent = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - spent)
    return {"wall": statistics.median(wall), "cpu": statistics.median(cpu)}
def report(**times):
    print(json.dumps(times), file=sys.stderr)
"""
OURS = (
    CLOCK
    + """
import pyarrow.parquet as pq
from whichhalf.attribute import markov, shapley
paths = pq.read_table(file)
report(markov=median(lambda: markov(paths)), shapley=median(lambda: shapley(paths)))
"""
)
GROUP_BY = (
    CLOCK
    + """
import duckdb
connection = duckdb.connect()
connection.execute("create table paths as select * from read_parquet(?)", [file])
kind = connection.sql("select typeof(path) from paths limit 1").fetchall()[0][0]
path = "path" if kind.endswith("[]") else "string_split(path, ' > ')"
query = (
    "select channel, sum(share) from"
    " (select unnest(met) as channel, conversions / len(met) as share"
    f" from (select list_distinct({path}) as met, conversions from paths)) group by channel"
)
report(group_by=median(lambda: connection.sql(query).fetchall()))
"""
)
PEER = (
    CLOCK
    + """
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()):
    import ChannelAttribution
import pandas
paths = pandas.read_parquet(file)
def run():
    with contextlib.redirect_stdout(io.StringIO()):
        ChannelAttribution.markov_model(paths, "path", "conversions", var_null="nulls")
report(peer=median(run))
"""
)


def make(folder: Path, size: int) -> dict[str, Path]:
    """Write the same paths as lists and as texts."""
    draw = np.random.default_rng(1)
    chance = 1 / np.arange(1, CHANNELS + 1) ** 0.8
    lengths = draw.geometric(0.3, size).clip(1, 20)
    codes = draw.choice(CHANNELS, lengths.sum(), p=chance / chance.sum())
    names = pa.array([f"channel {number:02}" for number in range(CHANNELS)])
    offsets = np.concatenate(([0], lengths.cumsum())).astype(np.int32)
    lists = pa.ListArray.from_arrays(offsets, names.take(pa.array(codes)))
    converts = (draw.random(size) < 0.1).astype(np.int64)
    counts = {"conversions": converts, "nulls": 1 - converts}
    files = {"lists": folder / "lists.parquet", "texts": folder / "texts.parquet"}
    pq.write_table(pa.table({"path": lists, **counts}), files["lists"])
    texts = pc.binary_join(lists, " > ")
    pq.write_table(pa.table({"path": texts, **counts}), files["texts"])
    return files


def run(program: str, file: Path, repeats: int, python: str) -> tuple[dict[str, Times], Timing]:
    timing = timed([python, "-c", program, str(file), str(repeats)])
    times: dict[str, Times] = json.loads(timing.output.strip().splitlines()[-1])
    return times, timing


def named(name: str, times: Times) -> dict[str, float]:
    return {
        f"{name}_seconds": round(times["wall"], 3),
        f"{name}_cpu_seconds": round(times["cpu"], 3),
    }


def ratio(one: Times, other: Times, clock: str = "wall") -> float:
    return round(one[clock] / other[clock], 2)


def measure(size: int, repeats: int, peer: str | None) -> dict[str, Any]:
    result: dict[str, Any] = {"paths": size}
    with tempfile.TemporaryDirectory() as name:
        files = make(Path(name), size)
        for form, file in files.items():
            ours, timing = run(OURS, file, repeats, sys.executable)
            limit, _ = run(GROUP_BY, file, repeats, sys.executable)
            result |= named(f"{form}_markov", ours["markov"])
            result |= named(f"{form}_shapley", ours["shapley"])
            result |= named(f"{form}_group_by", limit["group_by"])
            result[f"{form}_shapley_by_group_by"] = ratio(ours["shapley"], limit["group_by"])
            result[f"{form}_peak_megabytes"] = round(timing.peak_bytes / 1e6)
            markov = ours["markov"]
        if peer:  # on texts, which come last
            theirs, timing = run(PEER, files["texts"], 1, peer)
            result |= named("peer_markov", theirs["peer"])
            result["peer_by_markov"] = ratio(theirs["peer"], markov)
            result["peer_by_markov_cpu"] = ratio(theirs["peer"], markov, "cpu")
            result["peer_peak_megabytes"] = round(timing.peak_bytes / 1e6)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", help="a Python that has ChannelAttribution, matplotlib, pyarrow")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    if not options.peer:
        print("without ChannelAttribution: no --peer given", file=sys.stderr)
    results = [measure(size, options.repeats, options.peer) for size in options.sizes]
    if options.format == "json":
        flat = {f"{row['paths']}_{key}": cell for row in results for key, cell in row.items()}
        print(json.dumps(flat))
        return
    for key in results[0]:
        cells = (f"{row[key]:,}" for row in results)
        print(f"{key:26}" + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
