"""Puts what a reader made of files into the lake, and counts what became of every line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect import property_types, quarantine
from whichhalf.collect.events.json_lines import lines_at
from whichhalf.collect.files import named
from whichhalf.collect.money_checks import PRICED, without_rate
from whichhalf.collect.reading import Bad, Parsed
from whichhalf.collect.referrer_clicks import clicks_of_installs
from whichhalf.collect.store_parts import store_parts
from whichhalf.config import SourceConfig
from whichhalf.engines import Engine
from whichhalf.errors import BadDataError
from whichhalf.project import Project
from whichhalf.tables import TABLES

Batch = list[tuple[Path, Parsed]]
RawOf = Callable[[Path, set[int]], Mapping[int, str]]  # text of lines by position


@dataclass
class Loaded:
    """What became of a source's lines.

    loaded + duplicates + dropped + quarantined == lines + split, always.
    split: rows beyond the first that one line became. refused: files that cannot be read truly.
    """

    source: str
    table: str
    files: int = 0
    skipped_files: int = 0
    lines: int = 0
    split: int = 0
    loaded: int = 0
    replaced: int = 0
    duplicates: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    refused: list[BadDataError] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        """Whether every line read is accounted for."""
        told = self.loaded + self.duplicates + self.dropped.total() + self.quarantined.total()
        return told == self.lines + self.split


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
        typed = self._same_types(batch, lines_at)
        checked = self._priced(typed)
        self._set_aside(checked)
        self._store(checked)

    def again(self, part: Parsed, raws: Mapping[int, str], *, accept: bool = False) -> Parsed:
        """Store rows of a replay; return what was made of them. Nothing is set aside anew.

        raws: their text, by position. accept: properties may have the types that they have here.
        """
        if accept and part.structures is not None:
            structures = pa.chunked_array([part.structures])
            property_types.accept(self._project.lake, self._engine, part.rows, structures)
        path = Path("(replayed)")
        typed = self._same_types([(path, part)], lambda _path, _positions: raws)
        [(path, checked)] = self._priced(typed)
        self._store([(path, checked)])
        return checked

    def _store(self, checked: Batch) -> None:
        table = TABLES[self._result.table]
        days = self._project.config.collect.dedupe_days
        lake, rows = self._project.lake, [part.rows for _path, part in checked]
        stored = store_parts(lake, self._engine, table, rows, days)
        self._result.loaded += stored.loaded
        self._result.duplicates += stored.duplicates
        self._result.replaced += stored.replaced
        if table.name == "installs":
            clicks = [clicks_of_installs(one) for one in rows]
            store_parts(lake, self._engine, TABLES["clicks"], clicks, days)

    def _priced(self, batch: Batch) -> Batch:
        """Set aside money without a rate."""
        if self._result.table not in PRICED:
            return batch
        lake, config = self._project.lake, self._project.config
        parts = without_rate(lake, self._engine, config, [part for _path, part in batch])
        return [(path, part) for (path, _part), part in zip(batch, parts, strict=True)]

    def _same_types(self, batch: Batch, raw_of: RawOf) -> Batch:
        """Set aside events with a property whose type changed; announce new properties."""
        structures = [part.structures for _path, part in batch if part.structures is not None]
        if not structures:
            return batch
        rows = pa.concat_tables([part.rows for _path, part in batch])
        seen_in = f"{self._source.name}:{batch[0][0].name}"
        found = property_types.check(
            self._project.lake, self._engine, rows, pa.chunked_array(structures), seen_in
        )
        if found.new:
            self._result.notes.append(f"new properties: {', '.join(found.new)}")
        if not found.details:
            return batch
        kept, start = [], 0
        for path, part in batch:
            end = start + part.rows.num_rows
            details = {i - start: d for i, d in found.details.items() if start <= i < end}
            kept.append((path, _without_changed(path, part, details, raw_of) if details else part))
            start = end
        return kept

    def _set_aside(self, checked: Batch) -> None:
        now, folder = quarantine.utc_now(), self._project.folder
        rows = [
            quarantine.rows_of(part.bad, self._source, part.table_name, named(folder, path), now)
            for path, part in checked
            if part.bad
        ]
        if rows:
            quarantine.add(self._project.lake, self._engine, pa.concat_tables(rows))
        for _path, part in checked:
            self._result.lines += part.lines
            self._result.split += part.split
            self._result.dropped.update(part.dropped)
            self._result.quarantined.update(bad.reason for bad in part.bad)
            self._result.notes += [n for n in part.notes if n not in self._result.notes]


def _without_changed(path: Path, part: Parsed, details: Mapping[int, str], raw_of: RawOf) -> Parsed:
    """Move rows whose properties changed type to quarantine; their lines are read again for it."""
    if part.positions is None:
        raise AssertionError(f"{path}: rows with properties need their positions")
    positions = part.positions.take(pa.array(sorted(details)))
    raw = raw_of(path, set(positions.to_pylist()))
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
