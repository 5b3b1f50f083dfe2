"""Snapshots: the versions of all tables after each good run, and when they were published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson
from pyarrow import fs

from whichhalf.errors import LakeError
from whichhalf.lake.faults import named
from whichhalf.lake.place import Place

_ENDING = ".json"


@dataclass(frozen=True)
class Snapshot:
    """number: from 1 on, never used again. published_at: UTC, with its zone.

    versions: version of every table that there was.
    """

    number: int
    published_at: datetime
    versions: Mapping[str, int]


class Snapshots:
    """The snapshots of a lake, a small file each."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def all(self) -> list[Snapshot]:
        """Every snapshot that is kept, oldest first."""
        with self._named("cannot be read"):
            return [self._read(name) for name in self._names()]

    def newest(self) -> Snapshot | None:
        """The newest, or None before the first good run."""
        with self._named("cannot be read"):
            names = self._names()
            return self._read(names[-1]) if names else None

    def as_of(self, instant: datetime) -> Snapshot:
        """The newest that was published at or before an instant. LakeError where there is none."""
        kept = self.all()
        found = [one for one in kept if one.published_at <= instant]
        if found:
            return max(found, key=lambda one: (one.published_at, one.number))
        if not kept:
            raise LakeError("There is no snapshot: no run ended well yet. First: whichhalf run")
        first = kept[0]
        gone = f" Snapshots 1 to {first.number - 1} were vacuumed" if first.number > 1 else ""
        raise LakeError(
            f"There is no snapshot as of {instant:%Y-%m-%d %H:%M:%S %Z}.{gone}"
            f"{'; the' if gone else ' The'} oldest that is kept was published at"
            f" {first.published_at.astimezone(instant.tzinfo):%Y-%m-%d %H:%M:%S %Z}. See:"
            " whichhalf lake history"
        )

    def publish(self, versions: Mapping[str, int], now: datetime) -> Snapshot:
        """Publish versions as the newest; the newest itself where it says the same."""
        newest = self.newest()
        if newest and newest.versions == versions:
            return newest
        made = Snapshot(newest.number + 1 if newest else 1, now.astimezone(UTC), dict(versions))
        with self._named(f"number {made.number} cannot be published"):
            self.place.write(f"{made.number:08d}{_ENDING}", _content(made))
        return made

    def drop(self, numbers: Iterable[int]) -> None:
        """Forget snapshots."""
        with self._named("cannot be dropped"):
            for number in numbers:
                self.place.delete(f"{number:08d}{_ENDING}")

    def kept_since(self, instant: datetime) -> list[Snapshot]:
        """What answers for every moment since: those published since, and the one in force then.

        The newest is always among them.
        """
        kept = self.all()
        before = [one for one in kept if one.published_at <= instant]
        return [*before[-1:], *(one for one in kept if one.published_at > instant)]

    def _named(self, fails: str) -> AbstractContextManager[None]:
        return named("snapshots", fails, f"They lie at {self.place.uri}.")

    def _names(self) -> list[str]:
        return [name for name in self.place.names() if name.endswith(_ENDING)]

    def _read(self, name: str) -> Snapshot:
        content = orjson.loads(self.place.read(name))
        number = int(name.removesuffix(_ENDING))
        if "published_at" in content:
            at = datetime.fromisoformat(content["published_at"])
            return Snapshot(number, at, content["versions"])
        # Written before snapshots said so themselves: the time of the file.
        file = self.place.filesystem.get_file_info(f"{self.place.path}/{name}")
        assert isinstance(file, fs.FileInfo)
        return Snapshot(number, datetime.fromtimestamp(file.mtime_ns / 1e9, UTC), content)


def followed(snapshot: Snapshot, moved: Mapping[str, tuple[int, int]]) -> Snapshot:
    """The snapshot after commits that changed no row.

    moved: table → version of its last change of data, its newest version. A table that changed
    since the snapshot stays where it was.
    """
    versions = {
        name: moved[name][1] if name in moved and version >= moved[name][0] else version
        for name, version in snapshot.versions.items()
    }
    return replace(snapshot, versions=versions)


def _content(snapshot: Snapshot) -> bytes:
    told = {"published_at": snapshot.published_at.isoformat(), "versions": snapshot.versions}
    return orjson.dumps(told)
