"""Files that cannot be read: found, named by table and day, and healed from what made them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.transaction import RemoveAction

from whichhalf.engines.base import Scan
from whichhalf.errors import EngineError, LakeError, WhichhalfError
from whichhalf.lake.commits import Commit
from whichhalf.lake.faults import explained, is_known
from whichhalf.lake.lake import STATE_KEY, Lake, files_of
from whichhalf.provenance import WHOLE, Stamp, State
from whichhalf.tables import TABLES, Kind, Table

# How engines speak of files that are not what they should be, or not there.
_ABOUT_FILES = re.compile(
    r"parquet|snappy|zstd|thrift|decompress|corrupt|magic|no files found|no such file|not found"
    r"|footer|page|truncat|too small|end of (file|stream)|unexpected|PATH_NOT_FOUND|TProtocol"
    r"|invalid data|IO Error",
    re.IGNORECASE,
)


class DamagedFile(LakeError):
    """A file of a table that cannot be read. table, day (None: the table has no days), path."""

    def __init__(self, table: str, day: date | None, path: str, reason: str) -> None:
        self.table, self.day, self.path = table, day, path
        where = f"{table}, day {day}" if day else table
        super().__init__(f"{where}: {path} cannot be read: {reason}\n{_advice(TABLES.get(table))}")

    @property
    def is_derived(self) -> bool:
        """Whether its rows can be computed again."""
        found = TABLES.get(self.table)
        return found is not None and found.kind is Kind.DERIVED


def _advice(table: Table | None) -> str:
    if table is not None and table.kind is Kind.DERIVED:
        return "Its rows are computed from others: `whichhalf run` does so."
    return (
        "Put the file back from a backup, then run again. Without one: `whichhalf lake repair"
        " --drop-damaged` gives up its rows, and the next `whichhalf run` reads the source files"
        " that are still there again."
    )


def told(error: EngineError, scans: Mapping[tuple[str, int | None], Scan]) -> WhichhalfError:
    """The error of an engine that read some tables, with the file or the setting that is at fault.

    scans: what it could read, by table and version.
    """
    text = str(error)
    if is_known(text):
        read = ", ".join(sorted({name for name, _version in scans})) or "the tables"
        return explained(f"Reading {read}", "the engine stopped", error)
    if _ABOUT_FILES.search(text):
        for (name, _version), scan in scans.items():
            for found in unreadable(name, scan):
                return found
    return error


def unreadable(name: str, scan: Scan) -> Iterator[DamagedFile]:
    """Every file of a scan that cannot be read to its end."""
    for path, day in scan.files:
        if reason := _fault(path, scan):
            yield DamagedFile(name, day, path, reason)


def _fault(path: str, scan: Scan) -> str:
    """Why a file cannot be read; "" if it can."""
    try:
        with pq.ParquetFile(path, filesystem=scan.filesystem) as file:
            for _batch in file.iter_batches(batch_size=65_536):
                pass
    except (pa.ArrowException, OSError, EOFError) as error:
        return str(error).split("\n")[0][:200]
    return ""


def find(lake: Lake, tables: Iterable[Table]) -> list[DamagedFile]:
    """Every file of the newest versions that cannot be read; reads all of them."""
    return [found for table in tables for found in unreadable(table.name, lake.scan(table))]


def drop(lake: Lake, damaged: Iterable[DamagedFile]) -> None:
    """Take damaged files out of their tables.

    Derived: the whole day goes and is stale, and what is computed by changes forgets what it has
    seen, since it can no longer compare. Input: the rows of the file alone are given up.
    """
    derived = False
    for one in damaged:
        _give_up(lake, TABLES[one.table], one)
        derived |= one.is_derived
    if derived:
        for table in TABLES.values():
            if table.kind is Kind.DERIVED and lake.state(table).consumed:
                _transact(lake, table, [], {}, forgets=True)


def _give_up(lake: Lake, table: Table, damaged: DamagedFile) -> None:
    """Commit that a file is no longer of a table, or that no file of its day is.

    The day is of another version then, made from nothing known: whatever reads it is stale, and so
    is the day itself where it is derived.
    """
    delta = lake.open(table)
    if delta is None:
        return
    gone = [
        RemoveAction(name, True, 0)
        for name, day in files_of(delta, table)
        if (day == damaged.day if damaged.is_derived else damaged.path.endswith(f"/{name}"))
    ]
    stamps = {damaged.day.isoformat() if damaged.day else WHOLE: ""}
    _transact(lake, table, gone, stamps)


def _transact(
    lake: Lake,
    table: Table,
    gone: list[RemoveAction],
    stamps: Mapping[str, str],
    *,
    forgets: bool = False,
) -> None:
    """Commit removals, and the state after them; no row is written."""
    state = lake.state(table)
    with lake.writing(table, "damaged files cannot be taken out") as delta:
        version = int(delta.version()) + 1
        days = {**state.days, **{day: Stamp(version, print_) for day, print_ in stamps.items()}}
        after = State(days, {} if forgets else state.consumed, state.is_uniform)
        metadata = {STATE_KEY: after.text}
        Commit(table, lake.place(table), delta, (), metadata, lake.check_lock).of_actions(gone)
