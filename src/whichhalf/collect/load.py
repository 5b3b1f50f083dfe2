"""`whichhalf load`: files into input tables, with counts that add up to the lines read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from whichhalf.collect.files import changed, files_of, named, unmatched
from whichhalf.collect.loader import Batch, Loaded, Loader
from whichhalf.collect.reading import Parsed
from whichhalf.config import SourceConfig
from whichhalf.control import LoadedFile
from whichhalf.engines import LOADING, Engine
from whichhalf.errors import BadDataError, ConfigError, UsageError, nearest
from whichhalf.project import Project
from whichhalf.tables import loadable
from whichhalf.tables.dimensions import dimension_named

__all__ = [
    "READERS",
    "Loaded",
    "Loader",
    "load_files",
    "load_lookup",
    "load_sources",
    "load_table",
    "raise_refused",
]

READERS: dict[str, str] = {
    "segment": "whichhalf.collect.events.segment",
    "access_log": "whichhalf.collect.events.access_log",
    "meta_csv": "whichhalf.collect.ad_costs.meta_csv",
    "google_ads_csv": "whichhalf.collect.ad_costs.google_ads_csv",
    "ecb_rates": "whichhalf.collect.rates",
    "lookup": "whichhalf.collect.look_ups",
    "table": "whichhalf.collect.table_files",
}
BATCH_ROWS = 2_000_000  # rows that are merged into the lake in one go

Told = Callable[[Loaded], None]
Refused = dict[Path, BadDataError]  # files that cannot be read truly


def load_sources(
    project: Project, names: Sequence[str] = (), told: Told | None = None
) -> list[Loaded]:
    """Load every source of whichhalf.toml (or those named) whose files are new or changed.

    The caller holds the run lock. told: called after each source. A file that is refused stops no
    other: BadDataError names all of them when the rest is loaded.
    """
    sources = sorted(_chosen(project, names), key=_rank)
    files = {source.name: files_of(project, source) for source in sources}
    results = []
    with project.engine(LOADING) as engine:
        for source in sources:
            result = load_files(project, engine, source, files[source.name])
            result.notes += unmatched(project, source)
            results.append(result)
            if told:
                told(result)
    raise_refused(results)
    return results


def raise_refused(results: Sequence[Loaded]) -> None:
    """Raise one BadDataError for all files that were refused, if any were."""
    refused = [f"{one.source}: {error}" for one in results for error in one.refused]
    if refused:
        count = "1 file was" if len(refused) == 1 else f"{len(refused)} files were"
        raise BadDataError("\n  ".join([f"{count} refused; all else was loaded.", *refused]))


def _rank(source: SourceConfig) -> int:
    """Money needs rates: quotes come first. Otherwise the order of whichhalf.toml holds."""
    return int(source.kind != "ecb_rates" and source.table != "rates")


def _chosen(project: Project, names: Sequence[str]) -> list[SourceConfig]:
    by_name = {source.name: source for source in project.config.sources}
    for name in names:
        if name not in by_name:
            raise ConfigError(
                f"No source named {name!r} in whichhalf.toml.{nearest(name, by_name)}"
                f" Sources: {', '.join(by_name) or 'none'}."
            )
    chosen = [by_name[name] for name in dict.fromkeys(names)] or list(by_name.values())
    for source in chosen:
        setting = {"table": "table", "lookup": "on"}.get(source.kind)
        try:
            if source.kind == "table":
                loadable(source.table)
            elif source.kind == "lookup":
                dimension_named(source.on)
        except UsageError as error:
            raise ConfigError(f"source {source.name!r}: {setting}: {error}") from None
    return chosen


def load_table(project: Project, name: str, files: Sequence[Path]) -> Loaded:
    """`whichhalf load TABLE FILE…`: files with the columns of a table. Always read."""
    loadable(name)
    source = SourceConfig(name=f"load {name}", kind="table", table=name)
    return _load_now(project, source, files)


def load_lookup(
    project: Project, on: str, files: Sequence[Path], *, name: str = "", key: str = ""
) -> Loaded:
    """`whichhalf load lookup FILE… --on DIMENSION`: columns of the user's own. Always read.

    name: of the look-up; that of the dimension where none is given. key: column with the keys.
    """
    dimension = dimension_named(on)
    source = SourceConfig(name=name or dimension, kind="lookup", on=on, key=key)
    return _load_now(project, source, files)


def _load_now(project: Project, source: SourceConfig, files: Sequence[Path]) -> Loaded:
    for path in files:
        if not path.is_file():
            what = "is a folder; name its files" if path.is_dir() else "no such file"
            where = "" if path.is_absolute() else f", looked for in {Path.cwd()}"
            raise BadDataError(f"{path}: {what}{where}.")
    with project.engine(LOADING) as engine:
        paths = [path.resolve() for path in files]
        return load_files(project, engine, source, paths, always=True)


def load_files(
    project: Project,
    engine: Engine,
    source: SourceConfig,
    files: list[Path],
    *,
    always: bool = False,
) -> Loaded:
    """Load those of the files that are new or changed (all, if `always`)."""
    result = Loaded(source.name, _table_name(source))
    known = {} if always else project.control.loaded(source.name)
    refused: Refused = {}
    fresh: dict[Path, LoadedFile] = {}
    for path in files:
        try:
            if state := changed(source, path, known):
                fresh[path] = state
        except OSError as error:
            refused[path] = _unreadable(project, path, error)
    result.files = len(fresh) + len(refused)
    result.skipped_files = len(files) - result.files
    loader = Loader(project, engine, source, result)
    begun: set[Path] = set()
    for batch in _batched(_parsed(project, source, list(fresh), refused)):
        loader.take(batch)
        begun |= {path for path, _part in batch}
    whole = {str(path): fresh[path] for path in fresh if path in begun - refused.keys()}
    project.control.note_loaded(source.name, whole)
    result.refused = [refused[path] for path in files if path in refused]
    return result


def _table_name(source: SourceConfig) -> str:
    if source.kind == "table":
        return loadable(source.table).name
    fixed = {"segment": "events", "access_log": "events", "ecb_rates": "loaded_rates"}
    fixed["lookup"] = "lookups"
    return fixed.get(source.kind, "ad_costs")


def _parsed(
    project: Project, source: SourceConfig, files: list[Path], refused: Refused
) -> Iterator[tuple[Path, Parsed]]:
    """Yield what the reader makes of each file; those that it refuses are put into `refused`."""
    reader = import_module(READERS[source.kind])
    if hasattr(reader, "read_files"):
        yield from reader.read_files(files, source, project.config, refused)
        return
    for path in files:
        try:
            yield path, reader.read_file(path, source, project.config)
        except BadDataError as error:
            refused[path] = error
        except OSError as error:
            refused[path] = _unreadable(project, path, error)


def _unreadable(project: Project, path: Path, error: OSError) -> BadDataError:
    shown = named(project.folder, path)
    return BadDataError(f"{shown}: cannot be read: {error.strerror or error}.")


def _batched(parts: Iterable[tuple[Path, Parsed]]) -> Iterator[Batch]:
    """Join parts up to BATCH_ROWS; a file may span batches."""
    batch: Batch = []
    for path, parsed in parts:
        batch.append((path, parsed))
        if sum(part.rows.num_rows for _path, part in batch) >= BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
