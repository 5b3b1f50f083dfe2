"""The built wheel, installed in an environment of its own, holds all that the program needs."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder), str(ROOT))
    return next(folder.glob("whichhalf-*.whl"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """whichhalf, installed from the wheel; its dependencies are those of this Python."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder),
        "install",
        "--no-deps",
        "--no-index",
    ]
    call(*pip, "--no-warn-script-location", "--quiet", str(wheel))
    return folder / "bin" / "whichhalf"


def call(*command: str, cwd: Path | None = None) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_file_of_the_package_is_in_it(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("whichhalf/")}
    package = ROOT / "src" / "whichhalf"
    expected = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert expected <= held
    assert not {name for name in held - expected if not name.endswith(".pyc")}


def test_it_is_the_installed_one_that_runs(program: Path, tmp_path: Path) -> None:
    where = "import whichhalf; print(whichhalf.__file__)"
    found = call(str(program.parent / "python"), "-c", where, cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(program.parents[1])


def test_it_runs(program: Path, tmp_path: Path) -> None:
    assert call(str(program), "--version").startswith("whichhalf, version ")
    call(str(program), "init", "shop", cwd=tmp_path)
    text = call(
        str(program), "-C", "shop", "sql", "session_parts", "--engine", "spark", cwd=tmp_path
    )
    assert "visit_stretches" in text
    call(str(program), "-C", "shop", "run", cwd=tmp_path)
