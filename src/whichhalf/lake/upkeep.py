"""Upkeep of the lake: small files of a day into one, and the files that nothing needs any more."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable

from whichhalf.lake.commits import KEEP_LOGS, parquet_properties
from whichhalf.lake.history import LOG
from whichhalf.lake.lake import STATE_KEY, Lake
from whichhalf.tables import Table

SMALL_BYTES = 64 * 2**20  # a smaller file costs more to open than it gives
# One commit: so many bytes are rewritten, of so many days, before the clock is looked at again.
BATCH_BYTES, BATCH_DAYS = 128 * 2**20, 31
_COMMIT = re.compile(rf"{LOG}/(\d{{20}})\.json")
_IN_LOG = re.compile(rf"{LOG}/(\d{{20}})\.")


@dataclass(frozen=True)
class Compacted:
    """What became of a table: days rewritten (1 for a table without days), files before, after.

    left: days with many small files that the time did not suffice for.
    """

    table: str
    days: int
    before: int
    after: int
    left: int = 0


@dataclass(frozen=True)
class Vacuumed:
    """What a table does not need: files, their bytes, and versions of its log."""

    table: str
    files: int
    size: int
    versions: int


def small_files(lake: Lake, table: Table, at_least: int) -> dict[date | None, tuple[int, int]]:
    """Days with at least so many small files → (files, bytes); the most files first."""
    delta = lake.open(table)
    if delta is None:
        return {}
    actions = pa.table(delta.get_add_actions(flatten=True))
    sizes = actions.column("size_bytes").to_pylist()
    days = [None] * len(sizes)
    if table.partitioned:
        days = actions.column("partition.day").to_pylist()
    found: dict[date | None, list[int]] = defaultdict(list)
    for day, size in zip(days, sizes, strict=True):
        if size < SMALL_BYTES:
            found[day].append(size)
    many = {day: (len(of), sum(of)) for day, of in found.items() if len(of) >= max(at_least, 2)}
    return dict(sorted(many.items(), key=lambda item: (-item[1][0], str(item[0]))))


def compact(
    lake: Lake,
    tables: Iterable[Table],
    *,
    at_least: int,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Compacted]:
    """Write small files of a day into one, table by table; no row changes, and no state.

    at_least: only days with so many. seconds: begin nothing after them; None: to the end.
    """
    ends = None if seconds is None else clock() + seconds
    done = []
    for table in tables:
        many = small_files(lake, table, at_least)
        if not many:
            continue
        days, before, after = 0, 0, 0
        for batch in _batches(many):
            if ends is not None and clock() >= ends:
                break
            removed, added = _compact_days(lake, table, batch)
            days, before, after = days + len(batch), before + removed, after + added
        done.append(Compacted(table.name, days, before, after, left=len(many) - days))
    return done


def _batches(many: dict[date | None, tuple[int, int]]) -> Iterator[list[date | None]]:
    batch: list[date | None] = []
    size = 0
    for day, (_files, weight) in many.items():
        if batch and (len(batch) == BATCH_DAYS or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(day)
        size += weight
    yield batch


def _compact_days(lake: Lake, table: Table, days: Sequence[date | None]) -> tuple[int, int]:
    """One commit that has the state of the table as it was; return files before and after."""
    with lake.writing(table, "small files cannot be compacted") as delta:
        filters = [("day", "in", [str(day) for day in days])] if table.partitioned else None
        told = delta.optimize.compact(
            partition_filters=filters,
            target_size=2 * SMALL_BYTES,
            writer_properties=parquet_properties(table),
            commit_properties=_unchanged(lake, table),
            post_commithook_properties=KEEP_LOGS,
        )
    return int(told["numFilesRemoved"]), int(told["numFilesAdded"])


def _unchanged(lake: Lake, table: Table) -> CommitProperties:
    metadata = {STATE_KEY: lake.state(table).text}
    return CommitProperties(custom_metadata=metadata, max_commit_retries=0)


def vacuum(
    lake: Lake, table: Table, needed: Iterable[int], *, dry_run: bool = False
) -> Vacuumed | None:
    """Delete every file of a table that neither its newest version nor a needed one has.

    Among them what killed writers left. None where there is no such table. Versions of the log go
    that are older than all that are needed, once a checkpoint stands for them.
    """
    delta = lake.open(table)
    if delta is None:
        return None
    sizes = lake.place(table).sizes()
    logged = _logged(sizes)
    newest = int(delta.version())
    kept = sorted({v for v in needed if v in logged} | {newest})
    with lake.writing(table, "files that nothing needs cannot be deleted"):
        gone = _vacuum(lake, table, delta, kept, dry_run=True)
        if gone and not dry_run:
            _vacuum(lake, table, delta, kept, dry_run=False)
        old = _before_checkpoint(sizes, kept[0])
        for name in () if dry_run else old:
            lake.place(table).delete(name)
    size = sum(sizes.get(name, 0) for name in (*gone, *old))
    return Vacuumed(table.name, len(gone), size, len(_logged(old)))


def _vacuum(
    lake: Lake, table: Table, delta: DeltaTable, kept: list[int], *, dry_run: bool
) -> list[str]:
    found: list[str] = delta.vacuum(
        0,  # what is needed is told by version, not by age
        dry_run=dry_run,
        enforce_retention_duration=False,
        full=True,
        keep_versions=kept,
        commit_properties=_unchanged(lake, table),
        post_commithook_properties=KEEP_LOGS,
    )
    return found


def _logged(names: Iterable[str]) -> set[int]:
    """Versions whose commits are among the files of a table."""
    return {int(found[1]) for name in names if (found := _COMMIT.fullmatch(name))}


def _before_checkpoint(names: Iterable[str], oldest: int) -> list[str]:
    """Files of the log that no version from `oldest` on is read by."""
    found = [(int(m[1]), name) for name in names if (m := _IN_LOG.match(name))]
    checkpoints = [version for version, name in found if ".checkpoint" in name]
    begins = max((version for version in checkpoints if version <= oldest), default=0)
    return sorted(name for version, name in found if version < begins)
