"""Report `returns`: what each campaign cost and returned in its first days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.errors import UsageError
from whichhalf.project import Project
from whichhalf.report import grouped_returns, head, looked_up
from whichhalf.report.campaign_columns import number, share
from whichhalf.report.head import Freshness, select
from whichhalf.report.query import Query, bounds
from whichhalf.report.result import Cell, Column, Fact, Report

NEEDS = (*head.NEEDS, "conversions", "credits", "sources", "campaigns", "cost_days")
_WINDOWS = pa.schema(
    [
        ("network", pa.string()),
        ("account_id", pa.string()),
        ("campaign_id", pa.string()),
        ("first_on", pa.date32()),
        ("last_on", pa.date32()),
        ("starts_at", pa.timestamp("us")),
        ("ends_at", pa.timestamp("us")),
    ]
)
Row = Mapping[str, Any]


def returns(project: Project, query: Query) -> Report:
    """The report: campaigns that are `age_days` old on a day, or at least that old."""
    zone = head.zone_of(project)
    with project.engine() as engine:
        project.expose_read(engine, NEEDS)
        fresh = head.freshness(engine, project)
        dimension = looked_up.dimension(project, engine, query)
        on = query.on or _last_complete_day(fresh, zone)
        starts = engine.table(select(engine, "campaign_starts")).to_pylist()
        chosen = [row for row in starts if _is_wanted(row["started_on"], on, query)]
        rows = _measured(engine, query, chosen, zone)
    facts = head.facts(project, query, fresh, "model")
    currency = project.config.report.currency
    own = Report(
        name="returns",
        title=_title(query, on),
        currency=currency,
        facts=(Fact("campaigns", _which(query, on)), *facts),
        columns=_columns(query.age_days, currency),
        rows=tuple(_cells(row) for row in rows),
        total=_total(rows),
        notes=tuple(_notes(query, on, fresh, zone, starts, rows)),
    )
    return own if dimension.is_own else grouped_returns.grouped(own, dimension, rows)


def _last_complete_day(fresh: Freshness, zone: ZoneInfo) -> date:
    day = fresh.last_complete_day(zone)
    if day is None:
        raise UsageError(
            "There are no costs and no events, so no last complete day. Load them and"
            " `whichhalf run`, or name a day with --on DATE."
        )
    return day


def _is_wanted(started_on: date, on: date, query: Query) -> bool:
    latest = on - timedelta(days=query.age_days)
    return started_on <= latest if query.every_older else started_on == latest


def _measured(
    engine: Engine, query: Query, chosen: Sequence[Row], zone: ZoneInfo
) -> list[dict[str, Any]]:
    """Rows of the chosen campaigns, the newest first, then the most spend."""
    windows = []
    for row in chosen:
        last = row["started_on"] + timedelta(days=query.age_days - 1)
        starts_at, ends_at = bounds(row["started_on"], last, zone)
        times = {"starts_at": starts_at, "ends_at": ends_at}
        windows.append({**row, **times, "first_on": row["started_on"], "last_on": last})
    engine.relation("campaign_windows", pa.Table.from_pylist(windows, _WINDOWS))
    engine.create("acquisitions", select(engine, "acquisitions"))
    rows: list[dict[str, Any]] = engine.table(
        select(engine, "campaign_returns", model=query.model)
    ).to_pylist()
    keys = ("network", "account_id", "campaign_id")
    rows.sort(key=lambda r: (-r["started_on"].toordinal(), -r["spend"], [r[key] for key in keys]))
    return rows


def _columns(age: int, currency: str) -> tuple[Column, ...]:
    return (
        Column("network", "Network", "text"),
        Column("campaign", "Campaign", "text"),
        Column("account_id", "Account id", "text", rank=9),
        Column("campaign_id", "Campaign id", "text", rank=9),
        Column("started_on", "Started on", "date", formula="first day with spend"),
        Column("spend", f"Cost so far {currency}", "money", 2, f"spend of its first {age} days"),
        Column("acquired", "People acquired", "count", 0, f"in its first {age} days", 3),
        Column("buyers", "Buyers", "count", 0, "people with a purchase by then", 4),
        Column("revenue", f"Return so far {currency}", "money", 2, "what they had paid by then"),
        Column("roas", "ROAS: return / cost", "ratio", 2, "revenue / spend"),
        Column(
            "expected_return",
            f"Expected return {currency}",
            "money",
            2,
            "– until customer values are estimated",
            5,
            is_estimate=True,
        ),
    )


def _cells(row: Row) -> tuple[Cell, ...]:
    return (
        row["network"],
        row["campaign_name"] or row["campaign_id"] or "(no campaign)",
        row["account_id"],
        row["campaign_id"],
        row["started_on"],
        row["spend"],
        number(row["acquired"]),
        number(row["buyers"]),
        row["revenue"],
        share(row["revenue"], row["spend"]),
        None,
    )


def _total(rows: Sequence[Row]) -> tuple[Cell, ...]:
    """Sums: a person is acquired once, so people and buyers add up over campaigns."""
    money = {name: sum((r[name] for r in rows), Decimal(0)) for name in ("spend", "revenue")}
    counts = {name: number(sum(r[name] for r in rows)) for name in ("acquired", "buyers")}
    roas = share(money["revenue"], money["spend"])
    texts = ("TOTAL", "", "", "", "")
    return (
        *texts,
        money["spend"],
        counts["acquired"],
        counts["buyers"],
        money["revenue"],
        roas,
        None,
    )


def _title(query: Query, on: date) -> str:
    least = " and older" if query.every_older else ""
    return f"Returns of campaigns at {query.age_days} days{least}, on {on}"


def _which(query: Query, on: date) -> str:
    latest = on - timedelta(days=query.age_days)
    if query.every_older:
        return f"first cost day on {latest} or before"
    return f"first cost day on {latest}"


def _notes(
    query: Query,
    on: date,
    fresh: Freshness,
    zone: ZoneInfo,
    starts: Sequence[Row],
    rows: Sequence[Row],
) -> Iterator[str]:
    complete = fresh.last_complete_day(zone)
    if complete is None or on > complete:
        yield f"Not final: data is complete to {complete or 'no day'}, the report is as of {on}."
    if not rows:
        latest = on - timedelta(days=query.age_days)
        older = sum(1 for row in starts if row["started_on"] <= latest)
        yield (
            f"No campaign had its first cost day {'by' if query.every_older else 'on'} {latest}."
            f" Campaigns at least {query.age_days} days old: {older:,}"
            f"{'' if query.every_older or not older else '; --every-older shows them'}."
        )
