"""What cannot be ends with one clear message and the right exit code, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from whichhalf.cli import COMMANDS, main

TOML = '[[source]]\nname = "pay"\nkind = "table"\ntable = "payments"\nfiles = ["pay.csv"]\n'
GOOD = """\
payment_id,user_id,paid_at,payment_kind,amount,currency
1,7,2026-07-01T10:00:00Z,charge,2.5,USD
"""

Fails = Callable[..., str]


@pytest.fixture
def fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fails:
    """Run a command in a project and return its message; the exit code must be `code`."""

    def run(code: int, *arguments: str, toml: str | None = TOML, **files: str | bytes) -> str:
        if toml is not None:
            (tmp_path / "whichhalf.toml").write_text(toml, "utf-8")
        for name, content in files.items():
            raw = content.encode() if isinstance(content, str) else content
            (tmp_path / name.replace("_", ".")).write_bytes(raw)
        assert main(["-C", str(tmp_path), *arguments]) == code
        captured = capsys.readouterr()
        assert not captured.out
        assert "Traceback" not in captured.err and "fault of whichhalf" not in captured.err
        return captured.err

    return run


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (2, ["reprot"], "Did you mean 'report'?"),
        (2, ["run", "--ful"], "--ful"),
        (2, ["report", "campaigns", "--start", "yesterday"], "yesterday"),
        (2, ["report", "campaign"], "Did you mean 'campaigns'?"),
        (2, ["report", "campaigns", "--format", "exel"], "Formats: table, csv"),
        (2, ["report", "campaigns", "--format", "xlsx"], "-o campaigns.xlsx"),
        (2, ["report", "campaigns", "--window", "soon", "--start", "2026-07-01", "--end",
             "2026-07-02"], "7d"),
        (2, ["report", "campaigns", "--start", "2026-07-02", "--end", "2026-07-01"], "Swap"),
        (2, ["report", "campaigns", "--model", "lats_paid", "--start", "2026-07-01", "--end",
             "2026-07-01"], "'last_paid'"),
        (2, ["dump", "session"], "Did you mean 'sessions'?"),
        (2, ["dump", "sessions", "--format", "xml"], "xml"),
        (2, ["sql", "sesions"], "Did you mean 'sessions'?"),
        (2, ["sql", "sessions", "--engine", "oracle"], "oracle"),
        (2, ["load", "payment", "x.csv"], "Did you mean 'payments'?"),
        (2, ["load", "sessions", "x.csv"], "cannot be loaded"),
        (2, ["load", "payments"], "whichhalf load payments FILE"),
        (2, ["demo", "--preset", "tinny"], "Did you mean 'tiny'?"),
        (3, ["load", "--source", "web"], "Sources: pay"),
        (4, ["load", "payments", "nowhere.csv"], "nowhere.csv: no such file"),
        (1, ["report", "campaigns"], "nothing to report"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else None,
)  # fmt: skip
def test_message_and_code(fails: Fails, code: int, arguments: list[str], said: str) -> None:
    assert said in fails(code, *arguments)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[report\n", "not valid TOML"),
        ("[reports]\n", "Did you mean 'report'?"),
        ('[report]\ncurency = "EUR"\n', "Did you mean 'currency'?"),
        ('[sessionize]\nsession_gap_minutes = "20"\n', "must be a whole number"),
        ('[report]\ntime_zone = "Europe/Berln"\n', "Did you mean 'Europe/Berlin'?"),
        ('[[source]]\nname = "a"\nkind = "segmnt"\n', "Did you mean 'segment'?"),
    ],
)
def test_settings_that_cannot_be(fails: Fails, toml: str, said: str) -> None:
    assert said in fails(3, "run", toml=toml)


def test_no_project(fails: Fails) -> None:
    assert "whichhalf init" in fails(3, "run", toml=None)


def test_a_file_that_is_missing(fails: Fails) -> None:
    toml = TOML.replace("pay.csv", "nowhere/pay.csv")
    assert "nowhere/pay.csv" in fails(3, "run", toml=toml)


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 a workbook", b"\x1f\x8b\x08 half a gzip", b"some,other,columns\n1,2,3\n"],
    ids=["zip", "broken gzip", "other columns"],
)
def test_a_file_in_no_readable_format(fails: Fails, content: bytes) -> None:
    assert "pay.csv" in fails(4, "run", pay_csv=content)


def test_output_that_cannot_be_written(fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "whichhalf.toml").write_text(TOML, "utf-8")
    (tmp_path / "pay.csv").write_text(GOOD, "utf-8")
    assert main(["-C", str(tmp_path), "run"]) == 0
    path = str(tmp_path / "no" / "such" / "folder.csv")
    assert path in fails(1, "report", "campaigns", "--basis", "event", "-o", path).splitlines()[-1]


def test_debug_shows_the_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "whichhalf", "--debug", "-C", "/nowhere", "run"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" in done.stderr


def test_help_imports_nothing_heavy() -> None:
    """`whichhalf --help` takes 150 ms of CPU at most; what would cost more is not imported."""
    script = (
        "import sys; from whichhalf.cli import main; main(['--help']);"
        "heavy = {'duckdb', 'pyarrow', 'rich', 'sqlalchemy', 'sqlglot', 'numpy', 'deltalake'};"
        "sys.exit(f'imported: {found}' if (found := heavy & set(sys.modules)) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_a_folder_that_reads_like_a_pattern(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shop [2026]"
    folder.mkdir()
    (folder / "whichhalf.toml").write_text("", "utf-8")
    assert main(["-C", str(folder), "run"]) == 3
    assert "Move the project" in capsys.readouterr().err
