"""Report `returns` under the labels of a look-up: campaigns of one label are one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from whichhalf.report.campaign_columns import number, share
from whichhalf.report.looked_up import Dimension
from whichhalf.report.result import Cell, Column, Report

# Columns of a campaign that a label has none of.
_OF_CAMPAIGNS = ("network", "campaign", "account_id", "campaign_id", "started_on")
Row = Mapping[str, Any]


def grouped(own: Report, dimension: Dimension, campaigns: Sequence[Row]) -> Report:
    """The same report by label, most spend first; TOTAL is that of the campaigns.

    campaigns: rows behind the report's, with network, campaign_id, campaign_name and sums.
    """
    by_label: dict[str, list[Row]] = {}
    for row in campaigns:
        names = [row["campaign_id"], row["campaign_name"]]
        values = [row["network"]] if dimension.base == "network" else names
        by_label.setdefault(dimension.label(*values), []).append(row)
    kept = [column for column in own.columns if column.name not in _OF_CAMPAIGNS]
    part = Column(
        dimension.column({"campaigns", *own.names}), dimension.by.replace("_", " "), "text"
    )
    count = Column("campaigns", "Campaigns", "count")
    rows = [_cells(label, members) for label, members in by_label.items()]
    rows.sort(key=lambda row: (-row[2], str(row[0])))  # type: ignore[operator]
    totals = own.total_record
    return replace(
        own,
        title=f"{own.title}, by {dimension.by.replace('_', ' ')}",
        columns=(part, count, *kept),
        rows=tuple(rows),
        total=("TOTAL", len(campaigns), *(totals[column.name] for column in kept)),
    )


def _cells(label: str, members: Sequence[Row]) -> tuple[Cell, ...]:
    """A row: a person is acquired once, so people and buyers add up over campaigns."""
    spend, revenue = (sum((r[n] for r in members), Decimal(0)) for n in ("spend", "revenue"))
    acquired, buyers = (number(sum(r[name] for r in members)) for name in ("acquired", "buyers"))
    return (label, len(members), spend, acquired, buyers, revenue, share(revenue, spend), None)
