"""Whole processes, timed: wall and CPU seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Timing:
    """wall, cpu: seconds. peak_bytes: of the process's resident memory. output: its stderr."""

    wall: float
    cpu: float
    peak_bytes: int
    output: str


def timed(command: Sequence[str], folder: Path | None = None) -> Timing:
    """Run a command to its end. A command that fails raises, with what it said."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    if status:
        raise RuntimeError(f"{' '.join(command)} failed:\n{said}")
    process.returncode = 0
    cpu = usage.ru_utime + usage.ru_stime
    return Timing(wall, cpu, usage.ru_maxrss * 1024, said)
