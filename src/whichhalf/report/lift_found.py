"""What the engine finds for report `lift`: arms, spend and credit by experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.report import head
from whichhalf.report.head import select
from whichhalf.report.query import Query, bounds

NEEDS = (
    *head.NEEDS,
    *("experiments", "users", "persons", "conversions", "credits", "sources", "cost_days"),
    "campaigns",
)
_KEY = ("experiment", "network", "campaign_id")
_WINDOWS = pa.schema(
    [
        ("experiment", pa.string()),
        ("is_logged", pa.int64()),
        ("first_on", pa.date32()),
        ("last_on", pa.date32()),
        ("starts_at", pa.timestamp("us")),
        ("ends_at", pa.timestamp("us")),
    ]
)
_EXPERIMENTS = """
    select
        experiment, min(starts_on) as first_on, max(ends_on) as last_on,
        max(case when ends_on is null then 1 else 0 end) as is_open,
        max(case when is_exposed is not null or exposed_at is not null then 1 else 0 end)
            as is_logged
    from experiments group by experiment order by experiment
"""
_NAMES = """
    select network, campaign_id, max(campaign_name) as campaign_name
    from campaigns group by network, campaign_id
"""
_MODELS = """
    select model, max(case when conversion_kind = 'signup' then 1 else 0 end) as has_signups
    from credits group by model order by model
"""
_IN_BOTH = """
    select experiment, count(*) as people from lift_people where arm_count > 1
    group by experiment
"""
_KNOWN = "select network from sources union select network from campaigns"
Key = tuple[str, str, str]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What the engine found. arms: sums by row and arm, spend and models by row.

    models: model → what it credits at all, of signups and revenue. known: networks that a touch or
    a campaign names.
    """

    windows: Sequence[Row]
    rows: Sequence[Row]
    arms: Mapping[tuple[Key, str], Row]
    spend: Mapping[Key, Decimal]
    attributed: Mapping[tuple[Key, str], Row]
    models: Mapping[str, frozenset[str]]
    names: Mapping[tuple[str, str], str]
    known: frozenset[str]
    left_out: Sequence[Row]


def find(engine: Engine, query: Query, zone: ZoneInfo) -> Found:
    """Everything that the report shows. Reads NEEDS."""
    windows = [
        row
        for found in engine.table(_EXPERIMENTS).to_pylist()
        if (row := _window(found, query, zone)) is not None
    ]
    engine.relation("lift_windows", pa.Table.from_pylist(windows, _WINDOWS))
    engine.create("lift_units", select(engine, "lift_units", by=query.by))
    engine.create("lift_people", select(engine, "lift_people"))
    engine.create("lift_rows", select(engine, "lift_rows"))
    names = {
        (row["network"], row["campaign_id"]): row["campaign_name"] or row["campaign_id"]
        for row in engine.table(_NAMES).to_pylist()
    }
    return Found(
        windows=windows,
        rows=engine.table("select * from lift_rows").to_pylist(),
        arms={(key_of(row), row["arm"]): row for row in _rows(engine, "lift_arms")},
        spend={key_of(row): row["spend"] for row in _rows(engine, "lift_spend")},
        attributed={(key_of(row), row["model"]): row for row in _rows(engine, "lift_attributed")},
        models={query.model: frozenset()} | _models(engine),
        names=names,
        known=frozenset(row["network"] for row in engine.table(_KNOWN).to_pylist()),
        left_out=_left_out(engine),
    )


def key_of(row: Row) -> Key:
    """What a row of the report is: experiment, network, campaign id."""
    experiment, network, campaign = (row[name] for name in _KEY)
    return experiment, network, campaign


def _rows(engine: Engine, name: str) -> list[Row]:
    rows: list[Row] = engine.table(select(engine, name)).to_pylist()
    return rows


def _models(engine: Engine) -> dict[str, frozenset[str]]:
    return {
        row["model"]: frozenset({"signups", "revenue"} if row["has_signups"] else {"revenue"})
        for row in engine.table(_MODELS).to_pylist()
    }


def _left_out(engine: Engine) -> list[Row]:
    """By experiment: who is in no arm, and why."""
    crossed = {row["experiment"]: row["people"] for row in engine.table(_IN_BOTH).to_pylist()}
    rows = sorted(_rows(engine, "lift_left_out"), key=lambda row: str(row["experiment"]))
    return [{**row, "in_both": crossed.get(row["experiment"], 0)} for row in rows]


def _window(found: Row, query: Query, zone: ZoneInfo) -> dict[str, Any] | None:
    """Days of an experiment within the period, as the report's zone cuts them; None: none are."""
    first, last = query.period
    ends: date = last if found["is_open"] else min(last, found["last_on"])
    begins: date = max(first, found["first_on"])
    if ends < begins:
        return None
    starts_at, ends_at = bounds(begins, ends, zone)
    return {
        "experiment": found["experiment"],
        "is_logged": found["is_logged"],
        **{"first_on": begins, "last_on": ends, "starts_at": starts_at, "ends_at": ends_at},
    }
