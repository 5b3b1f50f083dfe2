"""Steps over collected costs: the campaign register, rates by day, spend by day of the report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa

from whichhalf import sql
from whichhalf.collect.quotes import rates_between
from whichhalf.config import Config, time_zone
from whichhalf.engines import Engine
from whichhalf.errors import BadDataError

_PACKAGE = "whichhalf.collect"
_REPORT_DAYS = pa.schema(
    [
        ("report_on", pa.date32()),
        ("starts_at", pa.timestamp("us")),
        ("ends_at", pa.timestamp("us")),
    ]
)

# Tables that carry money, and their day.
_MONEY = (
    ("ad_costs", "local_on"),
    ("payments", "day"),
    ("key_events", "day"),
    ("loaded_conversions", "day"),
)


def campaigns(engine: Engine, _config: Config) -> Mapping[str, str]:
    """Return the SELECT of campaigns. Reads: ad_costs, loaded_campaigns."""
    return {"campaigns": sql.load(_PACKAGE, "campaigns").sql(engine.flags.dialect)}


def rates(engine: Engine, config: Config) -> Mapping[str, pa.Table]:
    """Return table rates, dense over every day that carries money.

    Reads: loaded_rates, ad_costs, payments, key_events, loaded_conversions.
    """
    spans = " union all ".join(
        f"select min({day}) as first_on, max({day}) as last_on from {name}" for name, day in _MONEY
    )
    query = f"select min(first_on) as first_on, max(last_on) as last_on from ({spans}) as spans"
    span = engine.table(query).to_pylist()[0]
    first_on = span["first_on"] or date(1970, 1, 1)
    last_on = span["last_on"] or first_on
    return {"rates": rates_between(engine, config, first_on, last_on)}


def cost_days(engine: Engine, config: Config) -> Mapping[str, str]:
    """Return the SELECT of cost_days. Reads: ad_costs, rates.

    BadDataError names a currency and day without a rate: its spend would vanish from reports.
    """
    missing = engine.table(
        "select a.currency, count(*) as row_count, min(a.local_on) as first_on from ad_costs as a"
        " left join rates as r on a.currency = r.currency and a.local_on = r.rate_on"
        " where r.rate is null group by a.currency order by a.currency limit 1"
    ).to_pylist()
    if missing:
        row = missing[0]
        raise BadDataError(
            f"ad_costs: {row['row_count']} rows in {row['currency']} from {row['first_on']} on have"
            f" no rate to {config.report.currency} at most"
            f" {config.collect.max_rate_age_days} days old. Load quotes: a source of kind"
            " ecb_rates, or `whichhalf load rates FILE`."
        )
    span = engine.table("select min(starts_at) as a, max(starts_at) as b from ad_costs")
    first, last = (column[0].as_py() for column in span.columns)
    engine.relation("report_days", report_days(config, first, last))
    return {"cost_days": sql.load(_PACKAGE, "cost_days").sql(engine.flags.dialect)}


def report_days(config: Config, first: datetime | None, last: datetime | None) -> pa.Table:
    """Days of [report] time_zone around two UTC instants, each with its UTC begin and end."""
    if first is None or last is None:
        return _REPORT_DAYS.empty_table()
    zone = time_zone(config.report.time_zone, "report.time_zone")
    day = first.date() - timedelta(days=2)
    days = []
    while day <= last.date() + timedelta(days=3):
        bounds = (datetime.combine(d, time(), zone) for d in (day, day + timedelta(days=1)))
        starts_at, ends_at = (at.astimezone(UTC).replace(tzinfo=None) for at in bounds)
        days.append({"report_on": day, "starts_at": starts_at, "ends_at": ends_at})
        day += timedelta(days=1)
    return pa.Table.from_pylist(days, schema=_REPORT_DAYS)
