"""Where a lake lies: a folder of this machine, or a prefix of an S3 bucket."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pyarrow import fs

from whichhalf.lake import s3

_ARRIVING = ".arriving"


@dataclass(frozen=True)
class Place:
    """A folder by its absolute path, or s3://bucket/prefix.

    options: what deltalake needs to reach it; credentials among them, so they are never printed.
    """

    uri: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(root: Path | Place) -> Place:
        """A folder as a place; a place as it is."""
        return root if isinstance(root, Place) else Place(str(root))

    def __truediv__(self, name: str) -> Place:
        return Place(f"{self.uri}/{name}", self.options)

    @property
    def folder(self) -> Path | None:
        """The folder; None where it is no folder of this machine."""
        return None if self.uri.startswith(s3.SCHEME) else Path(self.uri)

    @cached_property
    def filesystem(self) -> fs.FileSystem:
        """What reads and writes its files."""
        return fs.LocalFileSystem() if self.folder else s3.filesystem(self.options)

    @property
    def path(self) -> str:
        """The place as its file system names it."""
        return self.uri.removeprefix(s3.SCHEME)

    def names(self) -> list[str]:
        """Names of the files directly in it, in order; none where there is no such place."""
        chosen = fs.FileSelector(self.path, allow_not_found=True)
        found = self.filesystem.get_file_info(chosen)
        return sorted(one.base_name for one in found if one.is_file and one.size)

    def sizes(self) -> dict[str, int]:
        """Bytes of each file below it, by its path relative to the place."""
        chosen = fs.FileSelector(self.path, allow_not_found=True, recursive=True)
        found = self.filesystem.get_file_info(chosen)
        return {one.path[len(self.path) + 1 :]: one.size for one in found if one.is_file}

    def read(self, name: str) -> bytes:
        """Content of a file. FileNotFoundError where there is none."""
        with self.filesystem.open_input_stream(f"{self.path}/{name}") as file:
            return bytes(file.read())

    def write(self, name: str, content: bytes) -> None:
        """Write a file that is there wholly or not at all."""
        folder = self.folder
        if folder is None:  # S3 shows an object when it is whole
            with self.filesystem.open_output_stream(f"{self.path}/{name}") as file:
                file.write(content)
            return
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _ARRIVING).write_bytes(content)
        os.replace(folder / _ARRIVING, folder / name)

    def delete(self, name: str) -> None:
        """Delete a file of it."""
        self.filesystem.delete_file(f"{self.path}/{name}")

    def remove(self) -> None:
        """Remove it with all that lies in it; nothing happens where there is nothing."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif self.sizes():
            self.filesystem.delete_dir(self.path)
