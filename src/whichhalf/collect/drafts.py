"""A table on its way from cells to rows: its columns so far, and what is wrong with which row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Draft:
    """Columns of one length, `rows`.

    wrong: row → (reason, detail); what was found first holds. notes: for a person.
    """

    rows: int
    columns: Mapping[str, pa.Array]
    wrong: Mapping[int, tuple[str, str]]
    notes: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> pa.Array:
        return self.columns[name]

    def put(self, **columns: pa.Array) -> Draft:
        """Return the draft with these columns added or replaced."""
        return replace(self, columns={**self.columns, **columns})

    def fill(self, name: str, values: Any, arrow: pa.DataType) -> Draft:
        """Return the draft with the nulls of a column filled by an array or one value."""
        if not isinstance(values, pa.Array):
            values = pa.scalar(values, arrow)
        if name in self and not self[name].null_count:
            return self
        present = self[name] if name in self else pa.nulls(self.rows, arrow)
        return self.put(**{name: pc.coalesce(present, values)})

    def blame(self, mask: pa.Array, reason: str, detail: str | Callable[[int], str]) -> Draft:
        """Return the draft with the rows where `mask` is true called wrong; null is false."""
        hits = np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False))
        if not len(hits):
            return self
        told = {int(row): (reason, detail if isinstance(detail, str) else "") for row in hits}
        if not isinstance(detail, str):
            told = {row: (reason, detail(row)) for row in told}
        return replace(self, wrong={**told, **self.wrong})

    def blame_rows(self, wrong: Mapping[int, tuple[str, str]]) -> Draft:
        """Return the draft with these rows called wrong: row → (reason, detail)."""
        return replace(self, wrong={**wrong, **self.wrong})

    def note(self, text: str) -> Draft:
        """Return the draft with one more note."""
        return replace(self, notes=(*self.notes, text))
