"""`whichhalf quarantine replay`: read what was set aside again, under the settings it came with."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import orjson

from whichhalf.collect import quarantine
from whichhalf.collect.load import READERS, Loaded, Loader
from whichhalf.collect.reading import Parsed, Raw
from whichhalf.config import SourceConfig
from whichhalf.engines import LOADING, Engine
from whichhalf.project import Project


def replay(
    project: Project,
    *,
    reason: str | None = None,
    source: str | None = None,
    accept: bool = False,
) -> Loaded:
    """Read rows of quarantine again; those that are good now leave it. The caller holds the lock.

    Rows set aside as repeated_key stay: an older version would replace the newer. accept: from now
    on the properties of rows set aside as changed_type may have that type too.
    """
    total = Loaded("quarantine", "quarantine")
    reason = "changed_type" if accept else reason
    with project.engine(LOADING) as engine:
        engine.expose("quarantine", project.lake.scan(quarantine.TABLE))
        rows = engine.table(
            "select quarantine_id, options, raw, reason, source_name from quarantine"
            # Of rows with one key the last holds: the one that came last, else stands last.
            " where reason <> 'repeated_key'"
            " order by options, received_at, file, position, quarantine_id"
        ).to_pylist()
        wanted = [
            row
            for row in rows
            if reason in (None, row["reason"]) and source in (None, row["source_name"])
        ]
        for options in dict.fromkeys(row["options"] for row in wanted):
            group = [row for row in wanted if row["options"] == options]
            _replay_group(project, engine, options, group, total, accept=accept)
    return total


def _replay_group(
    project: Project,
    engine: Engine,
    options: str,
    rows: list[dict[str, Any]],
    total: Loaded,
    *,
    accept: bool,
) -> None:
    settings = orjson.loads(options)
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    source = SourceConfig(**settings)
    reader = import_module(READERS[source.kind])
    raws = [Raw(number, row["raw"]) for number, row in enumerate(rows, 1)]
    parsed: Parsed = reader.read_raw(raws, source, project.config)
    result = Loaded(source.name, parsed.table_name)
    loader = Loader(project, engine, source, result)
    texts = {raw.position: raw.text for raw in raws}
    checked = loader.again(parsed, texts, accept=accept)
    still = {bad.position for bad in checked.bad}
    total.lines += len(rows)
    total.split += checked.split
    total.quarantined.update(bad.reason for bad in checked.bad)
    total.notes += [note for note in result.notes if note not in total.notes]
    total.dropped.update(checked.dropped)
    total.loaded += result.loaded
    total.duplicates += result.duplicates
    ids = [row["quarantine_id"] for number, row in enumerate(rows, 1) if number not in still]
    quarantine.remove(project.lake, engine, ids)
