"""Total rows of exports: left out of the costs, but held against their sum."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from whichhalf.collect.ad_costs.columns import LEVEL_COLUMNS
from whichhalf.collect.ad_costs.csv_export import Export
from whichhalf.collect.ad_costs.draft import Draft
from whichhalf.collect.ad_costs.numbers import Unreadable, amount

# "Total: Account" of Google; what Meta's exports and spreadsheets call a total in one language or
# the other. A campaign may be called so too: such a row is a total only where it has no day.
_GOOGLE = re.compile(r"totals?\s*:.*", re.IGNORECASE)
_TOTAL = re.compile(
    r"(grand )?totals?\b.*|total .*|gesamt.*|insgesamt|toplam.*|totale.*|totais|totaux"
    r"|results from \d+.*|ergebnisse (von|aus) .*"
    r"|resultados .*totales|resultados de .*|résultats .*",
    re.IGNORECASE,
)
_DAY = re.compile(r"\d")
_CENT = Decimal("0.01")


def split_totals(draft: Draft) -> tuple[Export, list[int]]:
    """Return the export without its total rows, and their numbers.

    A total has no name or id in any column, or is called a total and has no day.
    """
    names = [draft.texts(meaning) for meaning in LEVEL_COLUMNS if draft.has(meaning)]
    nameless = np.ones(draft.size, bool)
    called = called_by_google = np.zeros(draft.size, bool)
    for name in names:
        nameless = nameless & name.where(lambda label: not label)
        called = called | name.where(lambda label: bool(_TOTAL.fullmatch(label)))
        called_by_google = called_by_google | name.where(lambda label: bool(_GOOGLE.match(label)))
    dayless = draft.texts("day" if draft.has("day") else "starts").where(lambda day: not day)
    is_total = nameless | called_by_google | (called & dayless)
    totals = np.flatnonzero(is_total).tolist()
    if not totals:
        return draft.export, []
    kept = np.flatnonzero(~is_total).tolist()
    export = draft.export
    rows, positions = [export.rows[row] for row in kept], [export.positions[row] for row in kept]
    return replace(export, rows=rows, positions=positions), totals


def total_notes(draft: Draft, totals: Sequence[int], total: Decimal, mark: str) -> tuple[str, ...]:
    """Return a note where no total of the export equals the sum of its rows.

    One that does is enough: exports also carry totals of the account, or of a network. Totals of
    single days are summed.
    """
    if not totals:
        return ()
    days, cells = draft.texts("day"), draft.texts("spend")
    overall: list[Decimal] = []
    daily: list[Decimal] = []
    for row in totals:
        try:
            value = amount(cells.values[cells.codes[row]], mark)
        except Unreadable:
            continue
        is_day = _DAY.match(days.values[days.codes[row]])
        (daily if is_day else overall).append(value)
    if daily:
        overall.append(sum(daily, Decimal(0)))
    if not overall or any(abs(one - total) < _CENT for one in overall):
        return ()
    shown = ", ".join(f"{one.quantize(_CENT)}" for one in overall)
    return (
        f"{draft.export.file}: the rows sum to {total.quantize(_CENT)}, its total rows say {shown}."
        " Were rows set aside, deleted or filtered out?",
    )
