"""What commands say: tables to stdout, talk to stderr."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from whichhalf.collect.load import Loaded
    from whichhalf.pipeline import StepResult


def say(text: str) -> None:
    """Talk to the person."""
    click.echo(text, err=True)


def summary_of(loaded: Loaded) -> str:
    """One line for a source: counts that add up to the lines read; more lines for its notes."""
    if not loaded.files:
        return f"{loaded.source}: {loaded.skipped_files} files, nothing new"
    parts = [f"{loaded.lines:,} lines", f"{loaded.loaded:,} loaded"]
    if loaded.replaced:
        parts[-1] += f" ({loaded.replaced:,} in place of older)"
    parts += [f"{loaded.duplicates:,} duplicate"] if loaded.duplicates else []
    parts += [_counted(loaded.dropped, "dropped")] if loaded.dropped else []
    parts += [_counted(loaded.quarantined, "quarantined")] if loaded.quarantined else []
    lines = [f"{loaded.source} → {loaded.table}: {', '.join(parts)}"]
    return "\n".join(lines + [f"  {note}" for note in loaded.notes])


def _counted(counts: Counter[str], word: str) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))
    return f"{counts.total():,} {word} ({reasons})"


def step_line(result: StepResult) -> str:
    """One line for a step."""
    if result.is_fresh:
        return f"{result.step}: fresh"
    rows = ", ".join(f"{name} {count:,}" for name, count in result.rows.items())
    note = f" ({result.note})" if result.note else ""
    days = f"{result.days} days: " if result.days > 1 else ""
    return f"{result.step}: {days}{rows} rows{note}"
