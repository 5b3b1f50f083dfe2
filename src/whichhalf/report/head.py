"""What stands over every report: what it counts, on which clock, how fresh, what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from whichhalf import sql
from whichhalf.engines import Engine
from whichhalf.project import Project
from whichhalf.report.query import BASES, MODELS, Query, first_instant
from whichhalf.report.result import Fact

PACKAGE = "whichhalf.report"
_NO_DAY = date(1970, 1, 2)  # of a table without rows
NEEDS = ("session_parts", "key_events", "payments", "ad_costs", "quarantine")


@dataclass(frozen=True)
class Freshness:
    """How far the data reaches: instants in UTC without a zone; None where there is no data.

    cost_at: end of the newest cost row. set_aside: rows in quarantine by table.
    """

    event_at: datetime | None
    cost_at: datetime | None
    payment_at: datetime | None
    snapshot_at: datetime | None
    set_aside: dict[str, int]

    def last_complete_day(self, zone: ZoneInfo) -> date | None:
        """The last local day that both costs and events cover to its end; None without data."""
        ends = [instant for instant in (self.event_at, self.cost_at) if instant is not None]
        return min((_complete_day(instant, zone) for instant in ends), default=None)


def zone_of(project: Project) -> ZoneInfo:
    """The zone whose days reports cut; the config was checked when it was read."""
    return ZoneInfo(project.config.report.time_zone)


def select(engine: Engine, name: str, **parameters: object) -> str:
    """One of the .sql files of this stage, rendered for the engine."""
    return _rendered(name, engine.flags.dialect, tuple(sorted(parameters.items())))


@lru_cache(256)
def _rendered(name: str, dialect: str, parameters: tuple[tuple[str, object], ...]) -> str:
    """Rendering takes longer than the query on a small project, and pages ask again and again."""
    return sql.load(PACKAGE, name).sql(dialect, **dict(parameters))


def freshness(engine: Engine, project: Project) -> Freshness:
    """Read how far the data reaches. Reads NEEDS."""
    days = engine.table(select(engine, "newest_days")).to_pylist()[0]
    days = {name: day or _NO_DAY for name, day in days.items()}
    since = days.pop("costs_on") - timedelta(days=1)
    newest = engine.table(select(engine, "newest", **days)).to_pylist()[0]
    costs = engine.table(select(engine, "newest_costs", since=since)).to_pylist()
    aside = engine.table(select(engine, "set_aside")).to_pylist()
    cost_at = max((row["newest_at"] + timedelta(hours=row["hours"]) for row in costs), default=None)
    return Freshness(
        newest["event_at"],
        cost_at,
        newest["payment_at"],
        _snapshot_at(project),
        {row["table_name"]: row["row_count"] for row in aside},
    )


def facts(project: Project, query: Query, fresh: Freshness, *shown: str) -> tuple[Fact, ...]:
    """The head of a report. shown: which of model, basis and window it depends on."""
    zone = zone_of(project)
    settings = project.config.report
    found = []
    if query.start is not None and query.end is not None:
        found.append(Fact("period", f"{query.start} to {query.end}, both inclusive"))
    if "model" in shown:
        found.append(Fact("model", f"{query.model}: {MODELS[query.model]} (attributed)"))
    if "basis" in shown:
        found.append(Fact("basis", f"{query.basis}: {BASES[query.basis]}"))
        if query.basis == "acquisition":
            found.append(Fact("window", f"{query.window_days} days after acquisition"))
    found += [
        Fact("time zone", settings.time_zone),
        Fact("currency", settings.currency),
        Fact("newest event", _local(fresh.event_at, zone)),
        Fact("newest cost", _local(fresh.cost_at, zone, what="up to ")),
        Fact("newest payment", _local(fresh.payment_at, zone)),
        Fact("snapshot", _local(fresh.snapshot_at, zone)),
        Fact("left out", _left_out(fresh)),
    ]
    return tuple(found)


def _left_out(fresh: Freshness) -> str:
    names = {"ad_costs": "cost rows", "payments": "payment rows"}
    parts = [f"{fresh.set_aside[name]:,} {names[name]}" for name in sorted(fresh.set_aside)]
    if not parts:
        return "nothing: no cost or payment row is in quarantine"
    return f"{' and '.join(parts)} in quarantine; see `whichhalf quarantine`"


def _local(instant: datetime | None, zone: ZoneInfo, what: str = "") -> str:
    if instant is None:
        return "none"
    return f"{what}{instant.replace(tzinfo=UTC).astimezone(zone):%Y-%m-%d %H:%M}"


def _complete_day(instant: datetime, zone: ZoneInfo) -> date:
    """The last local day that ends at or before an instant."""
    day = instant.replace(tzinfo=UTC).astimezone(zone).date()
    return (
        day - timedelta(days=1) if first_instant(day + timedelta(days=1), zone) > instant else day
    )


def _snapshot_at(project: Project) -> datetime | None:
    """When the snapshot that is shown was published."""
    shown = project.shown()
    return shown.published_at.astimezone(UTC).replace(tzinfo=None) if shown else None
