"""Files of a source: which there are, and which are new or changed since they were loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import orjson

from whichhalf.config import SourceConfig
from whichhalf.control import LoadedFile
from whichhalf.errors import ConfigError
from whichhalf.project import Project


def files_of(project: Project, source: SourceConfig) -> list[Path]:
    """Files of a source, sorted by name. ConfigError where a path that is no pattern is missing."""
    if source.kind == "ecb_rates" and not source.files:
        from whichhalf.collect.rates import bundled

        return [bundled()]
    found: dict[Path, None] = {}
    for pattern in source.files:
        matches = _matches(project.folder, pattern, source.name)
        if not matches and not any(sign in pattern for sign in "*?["):
            is_folder = (project.folder / pattern).is_dir()
            what = f"{pattern} is a folder" if is_folder else f"no file {pattern}"
            raise ConfigError(
                f"source {source.name!r}: {what}, looked for in {project.folder}."
                " Put the file there, or correct `files`; a pattern like *.csv may match none."
            )
        found |= dict.fromkeys(matches)
    return list(found)


def unmatched(project: Project, source: SourceConfig) -> list[str]:
    """Return a note for each pattern of a source that matches no file."""
    if not source.files and source.kind != "ecb_rates":
        return ["the source names no files; set `files`"]
    return [
        f"no file matches {pattern}, looked for in {project.folder}"
        for pattern in source.files
        if not _matches(project.folder, pattern, source.name)
    ]


def named(folder: Path, path: Path) -> str:
    """Return the path as people name it: from the project folder where it is inside."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _matches(folder: Path, pattern: str, source: str) -> list[Path]:
    """Files of a pattern, sorted; a file of just that name comes before what it matches."""
    whole = folder / pattern
    if whole.is_file():
        return [whole]
    start = Path(whole.anchor) if Path(pattern).is_absolute() else folder
    try:
        found = start.glob(str(whole.relative_to(start)) if whole.anchor == str(start) else pattern)
        return sorted(path for path in found if not path.is_dir())
    except (ValueError, IndexError, NotImplementedError) as error:
        raise ConfigError(f"source {source!r}: files: {pattern!r}: {error}.") from None


def changed(source: SourceConfig, path: Path, known: Mapping[str, LoadedFile]) -> LoadedFile | None:
    """The file's state, or None if it was loaded like this before."""
    before, stat = known.get(str(path)), path.stat()
    untouched = before and (before.size, before.modified_ns) == (stat.st_size, stat.st_mtime_ns)
    if before and untouched and before.fingerprint.endswith(_rules(source)):
        return None
    state = _fingerprint(source, path)
    return None if before and before.fingerprint == state.fingerprint else state


def _fingerprint(source: SourceConfig, path: Path) -> LoadedFile:
    stat = path.stat()
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    return LoadedFile(content + _rules(source), stat.st_size, stat.st_mtime_ns)


def _rules(source: SourceConfig) -> str:
    """Hash of the settings that say how a file is read."""
    settings = orjson.dumps({**asdict(source), "files": []}, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(settings, digest_size=8).hexdigest()
