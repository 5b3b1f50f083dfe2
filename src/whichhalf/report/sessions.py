"""Report `sessions`: visits, visitors and signups by where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.project import Project
from whichhalf.report import head, left_out, looked_up
from whichhalf.report.campaign_columns import share
from whichhalf.report.head import select
from whichhalf.report.looked_up import Dimension
from whichhalf.report.query import Query, bounds
from whichhalf.report.result import Cell, Column, Report

NEEDS = (*head.NEEDS, *left_out.NEEDS, "sessions", "sources")
_PAGES = pa.schema([("landing_url", pa.string()), ("page", pa.string())])
_DAYS = pa.schema(
    [("label", pa.string()), ("starts_at", pa.timestamp("us")), ("ends_at", pa.timestamp("us"))]
)


def sessions(project: Project, query: Query) -> Report:
    """The report over sessions that began in the period."""
    zone = head.zone_of(project)
    first, last = query.period
    starts_at, ends_at = bounds(first, last, zone)
    with project.engine() as engine:
        project.expose_read(engine, NEEDS)
        fresh = head.freshness(engine, project)
        dimension = looked_up.dimension(project, engine, query)
        _relations(engine, query, dimension.base, zone)
        _items(engine, dimension, starts_at, ends_at)
        rows = engine.table(select(engine, "session_rows")).to_pylist()
        total = engine.table(select(engine, "session_total")).to_pylist()[0]
        notes = list(left_out.left_out(engine, starts_at, ends_at))
    if not total["sessions"]:
        notes.insert(0, "No session began in the period.")
    if query.by == "day":
        rows = _every_day(rows, query)
    else:
        rows.sort(key=lambda row: (-row["sessions"], row["part"]))
    return Report(
        name="sessions",
        title=f"Sessions by {query.by}, {first} to {last}",
        currency=project.config.report.currency,
        facts=head.facts(project, query, fresh),
        columns=_columns(dimension),
        rows=tuple(_cells(row) for row in rows),
        total=_cells({**total, "part": "TOTAL"}),
        notes=tuple(notes),
    )


def _items(engine: Engine, dimension: Dimension, starts_at: datetime, ends_at: datetime) -> None:
    """Make `session_items` readable: sessions of the period under the value of the dimension."""
    parameters = {"starts_at": starts_at, "ends_at": ends_at, "by": dimension.base}
    items = select(engine, "session_items", **parameters)
    if dimension.is_own:
        engine.create("session_items", items)
        return
    engine.create("own_items", items)
    dimension.relabel(engine, engine.table("select distinct part from own_items"))
    engine.create("session_items", select(engine, "labelled_sessions", missing=dimension.missing))


def _relations(engine: Engine, query: Query, base: str, zone: ZoneInfo) -> None:
    """Make landing_pages and report_days readable; empty where the dimension needs none."""
    days = [_day(day, zone) for day in _days(query)] if base == "day" else []
    engine.relation("report_days", pa.Table.from_pylist(days, _DAYS))
    pages: list[dict[str, str]] = []
    if base == "landing":
        urls = engine.table(
            "select distinct landing_url from sessions where landing_url is not null"
        )
        pages = [{"landing_url": u, "page": page_of(u)} for u in urls.column(0).to_pylist()]
    engine.relation("landing_pages", pa.Table.from_pylist(pages, _PAGES))


def page_of(url: str) -> str:
    """Host and path of an address, without query and fragment; the address where it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.netloc}{parts.path or '/'}" if parts.netloc else parts.path or url


def _days(query: Query) -> list[date]:
    first, last = query.period
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _day(day: date, zone: ZoneInfo) -> dict[str, str | datetime]:
    starts_at, ends_at = bounds(day, day, zone)
    return {"label": day.isoformat(), "starts_at": starts_at, "ends_at": ends_at}


def _every_day(rows: list[dict[str, Any]], query: Query) -> list[dict[str, Any]]:
    """A row for every day of the period, in order: a day without sessions was measured as none."""
    found = {row["part"]: row for row in rows}
    none = {"sessions": 0, "visitors": 0, "signups": 0, "pages": 0}
    labels = [day.isoformat() for day in _days(query)]
    return [found.get(label, {**none, "part": label}) for label in labels]


def _columns(dimension: Dimension) -> tuple[Column, ...]:
    heading = dimension.by.replace("_", " ").capitalize()
    part = Column(dimension.column(column.name for column in _MEASURES), heading, "text")
    return (part, *_MEASURES)


_MEASURES = (
    Column("sessions", "Sessions", "count"),
    Column("visitors", "Visitors", "count", formula="people, each once a row"),
    Column("signups", "Signups", "count", formula="sessions that led to a signup"),
    Column("signup_rate", "Signup rate: signups / sessions", "share", 2, "signups / sessions", 2),
    Column("pages", "Pages", "count", 0, "page and screen views", 3),
    Column(
        "pages_per_session", "Pages a session: pages / sessions", "ratio", 2, "pages / sessions"
    ),
)


def _cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        row["part"],
        row["sessions"],
        row["visitors"],
        row["signups"],
        share(row["signups"], row["sessions"]),
        row["pages"],
        share(row["pages"], row["sessions"]),
    )
