"""Loading gzipped Segment JSON lines, beside DuckDB's bare read_json of the same file.

    python -m benchmarks.load_segment [--events 600000] [--pairs 3] [--format json]

Each pair runs both in processes of their own, one after the other; printed are medians of wall and
CPU seconds, events a second, and the ratio of a load to the bare read (the limit: it only
parses JSON into columns; whichhalf also checks, takes addresses apart, de-duplicates, writes).
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import sys
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import timed

SYSTEMS = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
AGENTS = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0"
    " Safari/537.36"
    for system in SYSTEMS
    for version in range(100, 140)
]
BARE = """
import duckdb, sys
connection = duckdb.connect()
connection.execute("create table events as select * from read_json(?, format='newline_delimited')",
                   [sys.argv[1]]).fetchall()
"""


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def make(path: Path, events: int) -> None:
    """Write events like those of a web site: seven in ten page views, one in five with a user."""
    draw = random.Random(1)
    visitors = [str(uuid.UUID(int=draw.getrandbits(128))) for _ in range(max(events // 12, 1))]
    with gzip.open(path, "wt", compresslevel=6) as file:
        for number in range(events):
            at = 1_760_000_000 + number * 30 * 86_400 / events + draw.random()
            page = draw.random() < 0.7
            url = f"https://shop.example/p{draw.randrange(2000)}"
            if draw.random() < 0.15:
                url += f"?utm_source=facebook&utm_medium=cpc&utm_campaign=c{draw.randrange(100)}"
            event = {
                "type": "page" if page else "track",
                "messageId": str(uuid.UUID(int=draw.getrandbits(128))),
                "anonymousId": draw.choice(visitors),
                "userId": None if draw.random() < 0.8 else f"u{draw.randrange(10_000)}",
                "originalTimestamp": iso(at),
                "sentAt": iso(at + 0.2),
                "receivedAt": iso(at + 0.5),
                "timestamp": iso(at + 0.3),
                "context": {
                    "ip": "192.0.2.1",
                    "userAgent": draw.choice(AGENTS),
                    "page": {"url": url, "referrer": "https://www.google.com/", "title": "Shop"},
                    "library": {"name": "analytics.js", "version": "4.1.0"},
                    "locale": "en-US",
                },
                "properties": {"price": draw.random(), "sku": f"s{draw.randrange(500)}"},
            }
            if not page:
                event["event"] = draw.choice(("Signed Up", "Signed In", "Button Clicked"))
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def load_command(folder: Path, file: Path) -> list[str]:
    """A fresh project that loads the file."""
    folder.mkdir()
    (folder / "whichhalf.toml").write_text(
        f'[[source]]\nname = "web"\nkind = "segment"\napp = "web"\nfiles = ["{file}"]\n'
    )
    return [sys.executable, "-m", "whichhalf", "-C", str(folder), "load"]


def measure(events: int, pairs: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "events.jsonl.gz"
        make(file, events)
        bare, ours = [], []
        for number in range(pairs):
            bare.append(timed([sys.executable, "-c", BARE, str(file)]))
            ours.append(timed(load_command(folder / f"project-{number}", file)))
    wall = statistics.median(run.wall for run in ours)
    bare_wall = statistics.median(run.wall for run in bare)
    pairs_run = list(zip(ours, bare, strict=True))
    return {
        "events": events,
        "load_seconds": round(wall, 2),
        "load_cpu_seconds": round(statistics.median(run.cpu for run in ours), 2),
        "load_events_per_second": round(events / wall),
        "bare_seconds": round(bare_wall, 2),
        "bare_cpu_seconds": round(statistics.median(run.cpu for run in bare), 2),
        "bare_events_per_second": round(events / bare_wall),
        "ratio_wall": round(statistics.median(o.wall / b.wall for o, b in pairs_run), 2),
        "ratio_cpu": round(statistics.median(o.cpu / b.cpu for o, b in pairs_run), 2),
        "peak_memory_megabytes": round(max(run.peak_bytes for run in ours) / 1e6),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=600_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    result = measure(options.events, options.pairs)
    if options.format == "json":
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:26} {value:>12,}")


if __name__ == "__main__":
    main()
