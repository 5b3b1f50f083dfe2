"""What a reader of the campaign report must know beside its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta

from whichhalf.engines import Engine
from whichhalf.project import Project
from whichhalf.report.head import Freshness, select, zone_of
from whichhalf.report.left_out import left_out
from whichhalf.report.looked_up import Dimension
from whichhalf.report.query import Query, bounds


def notes(
    engine: Engine, project: Project, query: Query, dimension: Dimension, fresh: Freshness
) -> tuple[str, ...]:
    """Notes on a computed report. Reads: items, credited_items, acquisitions and their inputs."""
    found = [*_on_time(project, query, fresh), *_on_credit(engine)]
    if query.basis == "acquisition":
        found += _on_cohort(engine, project, query)
    found += [*_on_parts(engine, dimension), *_on_kinds(engine, project, query)]
    found += left_out(engine, *bounds(*query.period, zone_of(project)))
    return tuple(found)


def _on_time(project: Project, query: Query, fresh: Freshness) -> Iterator[str]:
    """Whether costs and windows are complete."""
    zone = zone_of(project)
    _first, last = query.period
    _starts_at, ends_at = bounds(*query.period, zone)
    if fresh.cost_at is not None and fresh.cost_at < ends_at:
        reached = fresh.cost_at.replace(tzinfo=UTC).astimezone(zone)
        yield f"Costs reach to {reached:%Y-%m-%d %H:%M}; the period ends with {last}."
    if query.basis == "acquisition" and fresh.event_at is not None:
        mature = fresh.event_at - timedelta(days=query.window_days)
        if mature < ends_at:
            reached = mature.replace(tzinfo=UTC).astimezone(zone)
            yield (
                f"Not final: people acquired after {reached:%Y-%m-%d %H:%M} have not had all of"
                f" their {query.window_days} days yet."
            )


def _on_credit(engine: Engine) -> Iterator[str]:
    for row in engine.table(select(engine, "unexplained") + " order by measure").to_pylist():
        why = (
            "whose person was never acquired" if row["measure"] == "logins" else "without a reason"
        )
        yield f"Under organic: {row['item_count']:,} {row['measure']} {why}."
    unmatched = engine.table(select(engine, "unmatched")).to_pylist()[0]
    if unmatched["source_count"]:
        yield (
            f"Paid sources that match no campaign: {unmatched['source_count']:,}, with revenue of"
            f" {unmatched['revenue']:,.2f}. Their spend is not known: check their UTM tags."
        )


def _on_parts(engine: Engine, dimension: Dimension) -> Iterator[str]:
    """Spend that the source does not split by what the report asks for, or that is not known."""
    if dimension.is_own and dimension.by not in ("country", "os", "channel"):
        return
    rows = engine.table(
        "select part, spend from row_costs where spend > 0 and part in ('(not broken down)',"
        " '(no touches)', '(several channels)', '(not in lookup)') order by part"
    )
    for row in rows.to_pylist():
        yield (
            f"Spend {row['part']} is {row['spend']:,.2f}: the ROAS of a single {dimension.by}"
            " leaves it out."
        )


def _on_cohort(engine: Engine, project: Project, query: Query) -> Iterator[str]:
    """What lies before the acquisition of its person."""
    starts_at, ends_at = bounds(*query.period, zone_of(project))
    parameters = {"starts_at": starts_at, "ends_at": ends_at}
    row = engine.table(select(engine, "earlier", **parameters)).to_pylist()[0]
    if row["signups"] or row["payments"]:
        yield (
            f"Before the acquisition of their person, so in no cohort: signups {row['signups']:,},"
            f" payments {row['payments']:,} worth {row['revenue']:,.2f}."
        )


def _on_kinds(engine: Engine, project: Project, query: Query) -> Iterator[str]:
    total = engine.table(select(engine, "total_measures")).to_pylist()[0]
    if total["ad_revenue"]:
        yield f"Revenue holds {total['ad_revenue']:,.2f} of ad revenue, which is no purchase."
    starts_at, ends_at = bounds(*query.period, zone_of(project))
    parameters = {"starts_at": starts_at, "ends_at": ends_at}
    rows = engine.table(select(engine, "other_kinds", **parameters) + " order by conversion_kind")
    for row in rows.to_pylist():
        yield (
            f"Conversions of kind {row['conversion_kind']} have no column:"
            f" {row['conversion_count']:,} in the period."
        )
