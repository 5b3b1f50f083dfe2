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
    found: list[Path] = []
    for pattern in source.files:
        matches = sorted(project.folder.glob(pattern)) if not Path(pattern).is_absolute() else []
        if not matches and Path(pattern).is_absolute():
            absolute = Path(pattern)
            matches = sorted(absolute.parent.glob(absolute.name))
        if not matches and not any(sign in pattern for sign in "*?["):
            raise ConfigError(
                f"source {source.name!r}: no file {pattern}, looked for in {project.folder}."
                " Put it there, or correct `files`."
            )
        found += [path for path in matches if path not in found]
    return found


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
