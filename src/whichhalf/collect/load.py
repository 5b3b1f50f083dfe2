"""`whichhalf load`: files into input tables, with counts that add up to the lines read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect import property_types, quarantine
from whichhalf.collect.files import changed, files_of
from whichhalf.collect.money_checks import without_rate
from whichhalf.collect.reading import Bad, Parsed
from whichhalf.collect.referrer_clicks import clicks_of_installs
from whichhalf.collect.store import store
from whichhalf.config import SourceConfig
from whichhalf.control import LoadedFile
from whichhalf.engines import Engine
from whichhalf.errors import BadDataError, ConfigError
from whichhalf.project import Project
from whichhalf.tables import TABLES, loadable

READERS: dict[str, str] = {
    "segment": "whichhalf.collect.events.segment",
    "access_log": "whichhalf.collect.events.access_log",
    "meta_csv": "whichhalf.collect.ad_costs.meta_csv",
    "google_ads_csv": "whichhalf.collect.ad_costs.google_ads_csv",
    "ecb_rates": "whichhalf.collect.rates",
    "table": "whichhalf.collect.table_files",
}
BATCH_ROWS = 2_000_000  # rows that are merged into the lake in one go


@dataclass
class Loaded:
    """What became of a source's lines: loaded + duplicates + dropped + quarantined == lines."""

    source: str
    table: str
    files: int = 0
    skipped_files: int = 0
    lines: int = 0
    loaded: int = 0
    replaced: int = 0
    duplicates: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        """Whether every line read is accounted for."""
        told = self.loaded + self.duplicates + self.dropped.total() + self.quarantined.total()
        return told == self.lines


Told = Callable[[Loaded], None]


def load_sources(
    project: Project, names: Sequence[str] = (), told: Told | None = None
) -> list[Loaded]:
    """Load every source of whichhalf.toml (or those named) whose files are new or changed.

    The caller holds the run lock. told: called after each source.
    """
    sources = _chosen(project, names)
    results = []
    with project.engine() as engine:
        for source in sorted(sources, key=_rank):
            result = load_files(project, engine, source, files_of(project, source))
            results.append(result)
            if told:
                told(result)
    return results


def _rank(source: SourceConfig) -> int:
    """Money needs rates: quotes come first. Otherwise the order of whichhalf.toml holds."""
    return int(source.kind != "ecb_rates" and source.table != "rates")


def _chosen(project: Project, names: Sequence[str]) -> list[SourceConfig]:
    by_name = {source.name: source for source in project.config.sources}
    for name in names:
        if name not in by_name:
            raise ConfigError(
                f"No source named {name!r} in whichhalf.toml. Sources: {', '.join(by_name)}."
            )
    return [by_name[name] for name in names] if names else list(project.config.sources)


def load_table(project: Project, name: str, files: Sequence[Path]) -> Loaded:
    """`whichhalf load TABLE FILE…`: files with the columns of a table. Always read."""
    loadable(name)
    source = SourceConfig(name=f"load {name}", kind="table", table=name)
    for path in files:
        if not path.is_file():
            raise BadDataError(f"{path}: no such file.")
    with project.engine() as engine:
        return load_files(project, engine, source, list(files), always=True)


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
    fresh = {path: state for path in files if (state := changed(source, path, known))}
    result.files, result.skipped_files = len(fresh), len(files) - len(fresh)
    loader = Loader(project, engine, source, result)
    begun: dict[str, LoadedFile] = {}
    for batch in _batched(_parsed(project, source, list(fresh))):
        loader.take(batch)
        begun |= {str(path): fresh[path] for path, _part in batch}
    project.control.note_loaded(source.name, begun)
    return result


def _table_name(source: SourceConfig) -> str:
    if source.kind == "table":
        return loadable(source.table).name
    fixed = {"segment": "events", "access_log": "events", "ecb_rates": "loaded_rates"}
    return fixed.get(source.kind, "ad_costs")


def _parsed(
    project: Project, source: SourceConfig, files: list[Path]
) -> Iterator[tuple[Path, Parsed]]:
    reader = import_module(READERS[source.kind])
    if hasattr(reader, "read_files"):
        yield from reader.read_files(files, source, project.config)
        return
    for path in files:
        yield path, reader.read_file(path, source, project.config)


Batch = list[tuple[Path, Parsed]]


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


class Loader:
    """Puts parsed parts of one source into the lake and counts them."""

    def __init__(
        self, project: Project, engine: Engine, source: SourceConfig, result: Loaded
    ) -> None:
        self._project = project
        self._engine = engine
        self._source = source
        self._result = result

    def take(self, batch: Batch) -> None:
        """Store one batch: rows, what hangs on them, and what was set aside."""
        checked = [(path, self._priced(part)) for path, part in self._same_types(batch)]
        self._set_aside(checked)
        self._store(checked)

    def again(self, part: Parsed) -> Parsed:
        """Store rows of a replay; return what was made of them. Nothing is set aside anew."""
        checked = self._priced(replace(part, positions=None))
        self._store([(Path("(replayed)"), checked)])
        return checked

    def _store(self, checked: Batch) -> None:
        table = TABLES[self._result.table]
        days = self._project.config.collect.dedupe_days
        # Events of a batch may repeat; any other table takes a file at a time: the later one holds.
        groups = [checked] if table.name == "events" else [[item] for item in checked]
        for group in groups:
            rows = pa.concat_tables([part.rows for _path, part in group])
            stored = store(self._project.lake, self._engine, table, rows, days)
            self._result.loaded += stored.loaded
            self._result.duplicates += stored.duplicates
            self._result.replaced += stored.replaced
            if table.name == "installs":
                clicks = clicks_of_installs(rows)
                store(self._project.lake, self._engine, TABLES["clicks"], clicks, days)

    def _priced(self, part: Parsed) -> Parsed:
        """Set aside money without a rate."""
        if part.table_name not in ("ad_costs", "payments", "loaded_conversions"):
            return part
        return without_rate(self._project.lake, self._engine, self._project.config, part)

    def _same_types(self, batch: Batch) -> Batch:
        """Set aside events with a property whose type changed; announce new properties."""
        if any(part.positions is None for _path, part in batch):
            return batch
        rows = pa.concat_tables([part.rows for _path, part in batch])
        seen_in = f"{self._source.name}:{batch[0][0].name}"
        found = property_types.check(self._project.lake, self._engine, rows, seen_in)
        if found.new:
            self._result.notes.append(f"new properties: {', '.join(found.new)}")
        if not found.details:
            return batch
        kept, start = [], 0
        for path, part in batch:
            end = start + part.rows.num_rows
            details = {i - start: d for i, d in found.details.items() if start <= i < end}
            kept.append((path, _without_changed(path, part, details) if details else part))
            start = end
        return kept

    def _set_aside(self, checked: Batch) -> None:
        now = quarantine.utc_now()
        rows = [
            quarantine.rows_of(part.bad, self._source, part.table_name, path.name, now)
            for path, part in checked
            if part.bad
        ]
        if rows:
            quarantine.add(self._project.lake, self._engine, pa.concat_tables(rows))
        for _path, part in checked:
            self._result.lines += part.lines
            self._result.dropped.update(part.dropped)
            self._result.quarantined.update(bad.reason for bad in part.bad)
            self._result.notes += [n for n in part.notes if n not in self._result.notes]


def _without_changed(path: Path, part: Parsed, details: dict[int, str]) -> Parsed:
    """Move rows whose properties changed type to quarantine; their lines are read again for it."""
    from whichhalf.collect.events.json_lines import lines_at

    if part.positions is None:
        return part
    positions = part.positions.take(pa.array(sorted(details)))
    raw = lines_at(path, set(positions.to_pylist()))
    bad = [
        Bad(position, "changed_type", details[index], raw[position])
        for index, position in zip(sorted(details), positions.to_pylist(), strict=True)
    ]
    gone = pc.is_in(pa.array(range(part.rows.num_rows)), pa.array(sorted(details)))
    kept = pc.invert(gone)
    return replace(
        part,
        rows=part.rows.filter(kept),
        positions=part.positions.filter(kept),
        bad=(*part.bad, *bad),
    )
