"""Many small random worlds as one: what is a law for each is a law for all of them together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from golden_batches import marked
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

Row = dict[str, Any]


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many examples: the same on every machine and in every run, as the profile says."""
    found: list[Any] = []

    @settings(max_examples=count, phases=[Phase.generate])
    @given(strategy)
    def keep(example: Any) -> None:
        found.append(example)

    keep()
    return found


def united(worlds: Iterable[Iterable[Row]]) -> list[Row]:
    """Rows of all worlds, the ids of each with a token of its own."""
    return [marked(row, number) for number, rows in enumerate(worlds) for row in rows]
