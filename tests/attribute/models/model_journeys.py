"""Journeys for the model tests, drawn by Hypothesis, and answers as dictionaries."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

Row = tuple[tuple[str, ...], int, int]  # path, conversions, nulls


def rows(
    channels: str = "abcde", *, shortest: int = 0, most: int = 12
) -> st.SearchStrategy[list[Row]]:
    path = st.lists(st.sampled_from(channels), min_size=shortest, max_size=6).map(tuple)
    row = st.tuples(path, st.integers(0, 5), st.integers(0, 5))
    return st.lists(row, min_size=1, max_size=most)


def frame(journeys: list[Row], **more: Any) -> pa.Table:
    path, conversions, nulls = zip(*journeys, strict=True)
    columns = {
        "path": pa.array([list(p) for p in path], pa.list_(pa.string())),
        "conversions": pa.array(conversions, pa.int64()),
        "nulls": pa.array(nulls, pa.int64()),
    }
    return pa.table({**columns, **more})


def column(answer: pa.Table, name: str = "conversions") -> dict[str | None, Any]:
    return dict(
        zip(answer.column("channel").to_pylist(), answer.column(name).to_pylist(), strict=True)
    )
