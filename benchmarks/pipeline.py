"""The demo's own work: simulate, load, run, report; then a run with nothing new; then --help.

    python -m benchmarks.pipeline [--preset demo] [--seed 7] [--format json]

Goals: simulate + load + run + report <= 20 s, `whichhalf --help` <= 150 ms
(beside it: a bare `python -c pass`).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import Timing, timed

WHICHHALF = [sys.executable, "-m", "whichhalf"]


def measure(preset: str, seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        world = str(Path(name) / "world")
        inside = [*WHICHHALF, "-C", world]
        generate = [*WHICHHALF, "world", "generate", "--preset", preset]
        parts = {
            "simulate": timed([*generate, "--seed", str(seed), "--out", world]),
            "load": timed([*inside, "load"]),
            "run": timed([*inside, "run", "--no-load"]),
            "report": timed([*inside, "report", "campaigns"]),
            "run_with_nothing_new": timed([*inside, "run"]),
        }
        size = sum(f.stat().st_size for f in (Path(world) / "lake").rglob("*") if f.is_file())
    result = {}
    for part, timing in parts.items():
        result[f"{part}_seconds"] = round(timing.wall, 2)
        result[f"{part}_cpu_seconds"] = round(timing.cpu, 2)
    own = [timing for part, timing in parts.items() if part != "run_with_nothing_new"]
    result["own_work_seconds"] = round(sum(timing.wall for timing in own), 2)
    result["own_work_cpu_seconds"] = round(sum(timing.cpu for timing in own), 2)
    result["peak_memory_megabytes"] = round(max(t.peak_bytes for t in parts.values()) / 1e6)
    result["lake_megabytes"] = round(size / 1e6, 1)
    return result | _help()


def _help() -> dict[str, float]:
    """Milliseconds of `whichhalf --help` and of a bare interpreter, medians of pairs."""
    pairs: list[tuple[Timing, Timing]] = [
        (timed([*WHICHHALF, "--help"]), timed([sys.executable, "-c", "pass"])) for _ in range(9)
    ]
    return {
        "help_milliseconds": round(1000 * statistics.median(ours.wall for ours, _bare in pairs)),
        "help_cpu_milliseconds": round(1000 * statistics.median(o.cpu for o, _bare in pairs)),
        "bare_python_milliseconds": round(1000 * statistics.median(b.wall for _o, b in pairs)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="demo")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    result = measure(options.preset, options.seed)
    if options.format == "json":
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:34} {value:>12,}")


if __name__ == "__main__":
    main()
