"""Rows of the campaign report under the labels of a look-up or of companies."""

from __future__ import annotations

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.report.head import select
from whichhalf.report.looked_up import PERSON, Dimension

NOT_BROKEN_DOWN = "(not broken down)"

# Dimension → columns of `row_keys` under which its values are sought, the closest first.
_SOUGHT: dict[str, tuple[str, ...]] = {
    "network": ("network",),
    "campaign": ("campaign_id", "campaign_name"),
    "adset": ("ad_set_id", "ad_set_name"),
    "ad": ("ad_id", "ad_name"),
}
_KEYS = ("is_matched", "network", "account_id", "campaign_id", "ad_set_id", "ad_id", "part")
_LABELS = pa.schema(
    [("is_matched", pa.int64()), *((name, pa.string()) for name in (*_KEYS[1:], "label"))]
)


def relabel(engine: Engine, dimension: Dimension, placed: str, costing: str) -> None:
    """Make `placed_items` and `row_costs` readable, both under the dimension's labels.

    placed, costing: SELECTs of the same two by the dimension's base.
    """
    engine.create("own_items", placed)
    engine.create("own_costs", costing)
    if dimension.base == PERSON:
        people = dimension.labels or {}
        # Costs name no people.
        shown = {"": NOT_BROKEN_DOWN, **people}
        blank = {**dict.fromkeys(_KEYS, ""), "is_matched": 1}
        rows = [{**blank, "part": part, "label": label} for part, label in shown.items()]
    else:
        sought = _SOUGHT.get(dimension.base, ("part",))
        rows = [
            {**{name: key[name] for name in _KEYS}, "label": dimension.label(*map(key.get, sought))}
            for key in engine.table(select(engine, "row_keys")).to_pylist()
        ]
    engine.relation("row_labels", pa.Table.from_pylist(rows, _LABELS))
    missing = {"missing": dimension.missing}
    engine.create("placed_items", select(engine, "labelled_items", **missing))
    engine.create("row_costs", select(engine, "labelled_costs", **missing))
