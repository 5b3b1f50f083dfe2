"""The README's commands do what it says. (`make` is not run inside `make test`; see `make -n`.)"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from pages import BLOCK, ROOT, shell

pytestmark = pytest.mark.e2e


def blocks() -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    return [block for language, _name, block in BLOCK.findall(text) if language == "bash"]


def planned(*arguments: str, folder: Path = ROOT) -> str:
    """What make would run."""
    done = subprocess.run(
        ["make", "-n", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_first_two_commands_are_the_demo_and_the_tests() -> None:
    assert blocks()[0].split("\n")[:2] == ["make demo", "make test"]
    assert "whichhalf demo" in planned("demo")
    assert "-m pytest" in planned("test")
    assert re.search(r"(?m)^make test$", (ROOT / ".ci" / "run").read_text("utf-8"))


def test_ten_targets_at_most_each_with_its_line_of_help() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"(?m)^([a-z-]+):", makefile)
    assert len(targets) <= 10
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split()[1] for line in listed.stdout.splitlines()] == targets


def test_a_fresh_machine_is_set_up_first(tmp_path: Path) -> None:
    pom = "src/whichhalf/engines/spark_pom.xml"
    (tmp_path / pom).parent.mkdir(parents=True)
    for name in ("Makefile", "constraints.txt", "pyproject.toml", pom):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    demo, test = planned("demo", folder=tmp_path), planned("test", folder=tmp_path)
    assert "-m venv" in demo and "--editable ." in demo and "--group dev" not in demo
    assert demo.index("--editable .") < demo.index("whichhalf demo")
    assert test.index("--group dev") < test.index("-m pytest")


def test_constraints_are_exact_and_name_no_host() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.+]+", pin) for pin in pins)
    named = {re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower() for pin in pins}
    wanted = re.findall(r'(?m)^    "([\w.-]+)[><=]', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in wanted} <= named


def test_demo_measures_a_world_and_says_what_next(tmp_path: Path) -> None:
    script = (
        "whichhalf demo --preset tiny 2> told; whichhalf demo --preset tiny 2> again | tail -n 1"
    )
    screen = shell(script, tmp_path)
    assert re.search(r"(?m)^ TOTAL .*\d,\d{3}\.\d\d", screen)
    assert "model: last_paid" in screen and "window: 7 days" in screen
    told = (tmp_path / "told").read_text("utf-8")
    parts = re.findall(r"(?m)^ *\d+\.\d s  (\w+)", told)
    assert parts == ["simulated", "loaded", "stitched", "made"]
    assert len(told.split("Next", 1)[1].strip().splitlines()) == 3
    assert "holds this world already" in (tmp_path / "again").read_text("utf-8")
    for line in told.split("Next", 1)[1].splitlines():
        if "world score" in line:
            command = line.split(":", 1)[1].strip()
            assert "1.0" in shell(command, tmp_path)


def test_your_data_in_three_commands(tmp_path: Path) -> None:
    init, run, report = blocks()[1].strip().splitlines()
    shell(init, tmp_path)
    (tmp_path / "shop" / "data" / "payments.csv").write_text(
        "payment_id,user_id,paid_at,payment_kind,amount,currency\n"
        "p1,7,2026-07-01T10:00:00Z,charge,12.50,USD\n",
        "utf-8",
    )
    path = tmp_path / "shop" / "whichhalf.toml"
    text = path.read_text("utf-8")
    block = text[text.index('#[[source]]\n#name = "payments"') :].split("\n\n")[0]
    path.write_text(text.replace(block, re.sub(r"(?m)^#", "", block)), "utf-8")
    shell(run, tmp_path)
    assert "12.50" in shell(f"{report} --basis event", tmp_path)
