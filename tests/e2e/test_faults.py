"""What breaks is named, table and day; the version before stands; the next run heals."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from e2e.test_kill import _contents as contents
from table_rows import make_rows
from whichhalf.cli import main
from whichhalf.engines import open_engine
from whichhalf.engines.base import Limits
from whichhalf.errors import EngineError, LakeError
from whichhalf.lake import Lake, Selected
from whichhalf.project import open_project
from whichhalf.tables import TABLES, Kind
from whichhalf.world import PRESETS, generate

Capture = pytest.CaptureFixture[str]
SEED = 20261122
KEY_EVENTS = TABLES["key_events"]
DAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world after a run."""
    folder = tmp_path_factory.mktemp("faults") / "shop"
    generate(replace(PRESETS["tiny"], users=40, days=4), SEED, folder)
    assert main(["-C", str(folder), "run"]) == 0
    return folder


def damage(folder: Path, table: str, how: str) -> tuple[str, str]:
    """Break a file of a table that its newest version has; return its path and day."""
    lake = open_project(folder).lake
    path, day = random.Random(SEED).choice(lake.scan(TABLES[table]).files)
    content = Path(path).read_bytes()
    if how == "truncated":
        Path(path).write_bytes(content[: len(content) // 2])
    elif how == "gone":
        Path(path).unlink()
    else:  # bytes of a column are others; head and footer are as they were
        middle = len(content) // 3
        Path(path).write_bytes(content[:middle] + bytes(40) + content[middle + 40 :])
    return path, str(day)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("table", "how"),
    [
        ("session_parts", "truncated"),
        ("touch_credits", "truncated"),
        ("persons", "gone"),
        ("key_events", "overwritten"),
    ],
)
def test_a_derived_file_that_is_damaged_is_computed_again(
    shop: Path, tmp_path: Path, capsys: Capture, table: str, how: str
) -> None:
    expected = contents(shop)
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    path, day = damage(folder, table, how)
    assert main(["-C", str(folder), "dump", table]) == 1
    said = capsys.readouterr().err
    for word in (table, path, "whichhalf run", *([] if day == "None" else [f"day {day}"])):
        assert word in said
    assert main(["-C", str(folder), "lake", "repair"]) == 1
    assert path in capsys.readouterr().err
    assert main(["-C", str(folder), "lake", "repair", "--drop-damaged"]) == 0
    assert main(["-C", str(folder), "run", "--no-load"]) == 0
    found = contents(folder)
    assert [name for name, rows in expected.items() if not found[name].equals(rows)] == []
    assert main(["-C", str(folder), "lake", "repair"]) == 0


@pytest.mark.e2e
def test_a_run_heals_what_it_stumbles_over(shop: Path, tmp_path: Path, capsys: Capture) -> None:
    """Another setting makes all sessions stale; among what is read for them is a damaged file."""
    folder, sound = tmp_path / "shop", tmp_path / "sound"
    for copy in (folder, sound):
        shutil.copytree(shop, copy)
        toml = copy / "whichhalf.toml"
        toml.write_text(toml.read_text("utf-8") + "\n[attribute]\nhalf_life_days = 3\n", "utf-8")
    path, day = damage(folder, "session_parts", "truncated")
    for copy in (folder, sound):
        capsys.readouterr()
        assert main(["-C", str(copy), "run", "--no-load"]) == 0
        said = capsys.readouterr().err
        assert (path in said and f"session_parts, day {day}" in said) == (copy == folder)
    expected, found = contents(sound), contents(folder)
    assert [name for name, rows in expected.items() if not found[name].equals(rows)] == []


@pytest.mark.e2e
def test_an_input_file_that_is_damaged_is_named_and_read_again(
    shop: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    path, day = damage(folder, "events", "truncated")
    assert main(["-C", str(folder), "run", "--full", "--no-load"]) == 1
    said = capsys.readouterr().err
    for word in (f"events, day {day}", path, "backup", "lake repair --drop-damaged"):
        assert word in said
    assert "Traceback" not in said
    # The tables that were made of it stand.
    assert main(["-C", str(folder), "dump", "session_parts"]) == 0
    assert main(["-C", str(folder), "lake", "repair", "--drop-damaged"]) == 0
    assert main(["-C", str(folder), "run"]) == 0
    expected, found = contents(shop), contents(folder)
    derived = [name for name in expected if TABLES[name].kind is Kind.DERIVED]
    different = [n for n in (*derived, "events") if not found[n].equals(expected[n])]
    assert different == []


def many_rows(count: int) -> pa.Table:
    one = {"message_id": "m", "event_kind": "login", "occurred_at": f"{DAY} 10:00:00"}
    row = make_rows("key_events", [one])
    ids = pa.array([f"{number:032x}" for number in range(count)])
    index = row.schema.get_field_index("message_id")
    return row.take(pa.array([0] * count)).set_column(index, row.schema.field(index), ids)


_FULL = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from e2e.test_faults import DAY, KEY_EVENTS, many_rows
from whichhalf.engines import open_engine
from whichhalf.engines.base import Limits
from whichhalf.errors import LakeError
from whichhalf.lake import Lake, Selected
rows = many_rows(200_000)
engine = open_engine("duckdb", Limits(2**30, 1, Path(sys.argv[1]) / "spill"))
engine.relation("made", rows)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
lake = Lake(Path(sys.argv[1]) / "lake")
try:
    lake.replace_days(KEY_EVENTS, Selected(engine, "select * from made") if sys.argv[2] == "engine"
                      else rows, {DAY: "2"})
except LakeError as error:
    print(error)
"""


@pytest.mark.e2e
@pytest.mark.parametrize("writer", ["engine", "lake"])
def test_a_full_disk_is_named_and_changes_nothing(tmp_path: Path, writer: str) -> None:
    """A file may grow to 300 kB and no further, as on a disk with so much left."""
    lake = Lake(tmp_path / "lake")
    small = many_rows(10)
    lake.replace_days(KEY_EVENTS, small, {DAY: "1"})
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path), writer, str(Path(__file__).parents[1])],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for word in ("key_events", "day 2026-03-01", "The disk is full", "run again"):
        assert word in done.stdout
    assert Lake(lake.root).version(KEY_EVENTS) == 0
    assert lake.replace_days(KEY_EVENTS, many_rows(20), {DAY: "2"}).rows == 20  # the next run


@pytest.mark.e2e
@pytest.mark.parametrize(("megabytes", "fits"), [(120, True), (2, False)])
def test_little_memory_spills_or_says_so(tmp_path: Path, megabytes: int, fits: bool) -> None:
    """600,000 rows are made distinct within 120 MB by way of the disk; within 2 MB nothing is."""
    lake = Lake(tmp_path / "lake")
    lake.replace_days(KEY_EVENTS, many_rows(600_000), {DAY: "1"})
    engine = open_engine("duckdb", Limits(megabytes * 2**20, 1, tmp_path / "spill"))
    engine.expose("key_events", lake.scan(KEY_EVENTS))
    chosen = Selected(engine, "select distinct * from key_events")
    if not fits:
        with pytest.raises(EngineError, match=r"(?s)key_events.*2026-03-01.*memory_limit_percent"):
            lake.replace_days(KEY_EVENTS, chosen, {DAY: "2"})
        assert Lake(lake.root).version(KEY_EVENTS) == 0
        return
    assert lake.replace_days(KEY_EVENTS, chosen, {DAY: "2"}).rows == 600_000
    engine.expose("key_events", lake.scan(KEY_EVENTS))
    ids = engine.table("select min(message_id) as least, max(message_id) as most from key_events")
    assert ids.to_pylist() == [{"least": f"{0:032x}", "most": f"{599_999:032x}"}]
    # It did need the disk.
    engine.connection.execute("set max_temp_directory_size = '0B'")
    with pytest.raises(LakeError, match=r"(?s)key_events.*The disk is full"):
        lake.replace_days(KEY_EVENTS, chosen, {DAY: "3"})
