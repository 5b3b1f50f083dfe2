"""What commands say: tables to stdout, talk to stderr."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from whichhalf.collect.load import Loaded
    from whichhalf.pipeline import StepResult


NO_SOURCES = (
    "whichhalf.toml names no [[source]], so there is nothing to load. Add one, or load files of a"
    " table: whichhalf load TABLE FILE…"
)


def say(text: str) -> None:
    """Talk to the person."""
    click.echo(text, err=True)


def summary_of(loaded: Loaded) -> str:
    """One line for a source: counts that add up to the lines read; more lines for its notes."""
    notes = [f"  {note}" for note in loaded.notes]
    notes += [f"  refused: {error}" for error in loaded.refused]
    if not loaded.files:
        files = "1 file" if loaded.skipped_files == 1 else f"{loaded.skipped_files:,} files"
        return "\n".join([f"{loaded.source}: {files}, nothing new", *notes])
    lines = "1 line" if loaded.lines == 1 else f"{loaded.lines:,} lines"
    split = f" (and {loaded.split:,} by splitting)" if loaded.split else ""
    parts = [lines + split, f"{loaded.loaded:,} loaded"]
    if loaded.replaced:
        parts[-1] += f" ({loaded.replaced:,} in place of older)"
    parts += [f"{loaded.duplicates:,} duplicate"] if loaded.duplicates else []
    parts += [_counted(loaded.dropped, "dropped")] if loaded.dropped else []
    parts += [_counted(loaded.quarantined, "quarantined")] if loaded.quarantined else []
    return "\n".join([f"{loaded.source} → {loaded.table}: {', '.join(parts)}", *notes])


def _counted(counts: Counter[str], word: str) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))
    return f"{counts.total():,} {word} ({reasons})"


def step_line(result: StepResult) -> str:
    """One line for a step; more lines for its notes."""
    notes = "".join(f"\n  {note}" for note in result.note.splitlines())
    if result.is_fresh:
        return f"{result.step}: fresh{notes}"
    rows = ", ".join(f"{name} {count:,}" for name, count in result.rows.items())
    days = f"{result.days} days: " if result.days > 1 else ""
    return f"{result.step}: {days}{rows} rows{notes}"
