"""What end-to-end tests share: data beside the repository, and the commands of a page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from required import lacking

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shared(name: str) -> Path:
    """Path of a file of ../shared; skips without it, or fails if WHICHHALF_REQUIRE=all."""
    path = next((p / "shared" / name for p in ROOT.parents if (p / "shared" / name).exists()), None)
    return path or lacking(f"shared/{name} is in no folder above the repository")


def run_page(page: str, folder: Path, **variables: str) -> str:
    """Run the ```bash blocks of a page in one shell, writing files from ```toml NAME; stdout."""
    script = ["set -euo pipefail"]
    for language, name, text in BLOCK.findall((ROOT / page).read_text("utf-8")):
        if language == "bash":
            script.append(text)
        elif name:
            script.append(f"cat > {name} <<'END OF FILE'\n{text}END OF FILE")
    return shell("\n".join(script), folder, **variables)


def shell(script: str, folder: Path, **variables: str) -> str:
    """Run a script of bash with this Python's programs first in PATH; its stdout."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout
