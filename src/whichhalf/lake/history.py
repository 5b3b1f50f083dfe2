"""What happened to a table: its versions, as the Delta log tells them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from deltalake import DeltaTable

from whichhalf.lake.place import Place

LOG = "_delta_log"


@dataclass(frozen=True)
class Entry:
    """One version of a table.

    committed_at: UTC. operation: as Delta calls it. days: those whose files changed, in order;
    none for a table without days. rows_added: None where the log does not count them.
    """

    version: int
    committed_at: datetime
    operation: str
    days: tuple[str, ...]
    rows_added: int | None
    files_added: int
    files_removed: int


def history(place: Place, delta: DeltaTable, limit: int | None = None) -> list[Entry]:
    """The last versions of a table, newest first; those that a vacuum cut off are gone."""
    log, newest = place / LOG, int(delta.version())
    kept = {name for name in log.names() if name.endswith(".json")}
    found: list[Entry] = []
    for version in range(newest, -1, -1):
        name = f"{version:020d}.json"
        if name not in kept or len(found) == limit:
            break
        found.append(_entry(version, log.read(name)))
    return found


def _entry(version: int, content: bytes) -> Entry:
    actions = [orjson.loads(line) for line in content.splitlines() if line]
    said: dict[str, Any] = next((a["commitInfo"] for a in actions if "commitInfo" in a), {})
    added = [action["add"] for action in actions if "add" in action]
    removed = [action["remove"] for action in actions if "remove" in action]
    return Entry(
        version,
        datetime.fromtimestamp(said.get("timestamp", 0) / 1000, UTC),
        said.get("operation", "?"),
        tuple(sorted(set(_days([*added, *removed])))),
        _rows(added),
        len(added),
        len(removed),
    )


def _days(files: list[dict[str, Any]]) -> Iterator[str]:
    """Days of files: by their partition, else by their path, as a removal need not name it."""
    for file in files:
        day = (file.get("partitionValues") or {}).get("day")
        if not day and file["path"].startswith("day="):
            day = file["path"].split("/")[0].removeprefix("day=")
        if day:
            yield day


def _rows(added: list[dict[str, Any]]) -> int | None:
    counted = [orjson.loads(file.get("stats") or "{}").get("numRecords") for file in added]
    return None if None in counted else sum(counted)
