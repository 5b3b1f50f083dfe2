"""`make bench`: every benchmark, one after the other; JSON goes to .benchmarks/."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = ("load_segment", "pipeline", "credits", "models")


def main() -> None:
    folder = Path(".benchmarks")
    folder.mkdir(exist_ok=True)
    for name in BENCHMARKS:
        command = [sys.executable, "-m", f"benchmarks.{name}", "--format", "json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        (folder / f"{name}.json").write_text(done.stdout)
        print(f"\n{name}")
        for key, value in json.loads(done.stdout).items():
            print(f"  {key:34} {value:>12,}")


if __name__ == "__main__":
    main()
