"""`whichhalf load TABLE FILE… --in-place`: Parquet files that become part of the lake, unread."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from whichhalf.collect.loader import Loaded
from whichhalf.errors import BadDataError, SchemaError, UsageError
from whichhalf.lake import Placed
from whichhalf.lake.files import clock_days, described
from whichhalf.project import Project
from whichhalf.tables import Table, loadable


def load_in_place(project: Project, name: str, files: Sequence[Path]) -> Loaded:
    """Link Parquet files into the lake, in one commit; the caller holds the run lock.

    Each holds rows of one UTC day, in the columns and types of the table. Footers are checked; rows
    are not read, so nothing is de-duplicated: that is the caller's promise. A file that is linked
    already is skipped. BadDataError names the first file that does not fit; nothing is loaded then.
    """
    table = loadable(name)
    if not table.partitioned or table.name != name:
        raise UsageError(f"{name} cannot be loaded in place: only tables with days can, as events.")
    folder = project.lake.path(table)
    told = Loaded(f"load {name} --in-place", table.name)
    present = {path for path, _day in project.lake.scan(table).files}
    arriving = {_target(folder, table, file): file for file in files}
    new = {target: file for target, file in arriving.items() if str(target) not in present}
    told.files, told.skipped_files = len(new), len(files) - len(new)
    try:
        for target, file in new.items():
            _link(file, target)
        paths = [str(target.relative_to(folder)) for target in new]
        found = [described(folder, path, table) for path in paths]
        days = {date.fromisoformat(file.day) for file in found if file.day}
        if new:
            told.loaded = project.lake.append(table, Placed(tuple(paths)), sorted(days)).rows
    except BaseException:
        for target in new:
            target.unlink(missing_ok=True)
        raise
    told.lines = told.loaded
    return told


def _target(folder: Path, table: Table, file: Path) -> Path:
    """Where a file is linked to: by the day of its rows, and by which file it is."""
    if not file.is_file():
        raise BadDataError(f"{file}: no such file. Name Parquet files.")
    try:
        days = clock_days(file, table)
    except (SchemaError, OSError, ValueError) as error:
        raise BadDataError(f"{file}: {error}") from None
    if len(days) > 1:
        raise BadDataError(
            f"{file}: holds rows of {days[0]} to {days[1]}. A file that is loaded in place holds"
            f" one UTC date of {table.clock}; load it without --in-place, or split it."
        )
    return folder / f"day={days[0]}" / f"{file.stem}-{file.stat().st_ino:x}.parquet"


def _link(file: Path, target: Path) -> None:
    """Make the file a part of the lake without copying it: a second name for the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # what a killed load left
    try:
        os.link(file, target)
    except OSError as error:
        raise BadDataError(
            f"{file}: cannot be linked into {target.parent}: {error.strerror}. It must lie on the"
            " lake's file system: move it there, or load it without --in-place."
        ) from None
