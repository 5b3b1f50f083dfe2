"""Quotes out of loaded_rates: those that can bear on a span of days, no others."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from whichhalf.collect.dense_rates import dense
from whichhalf.config import Config
from whichhalf.engines import Engine


def rates_between(engine: Engine, config: Config, first_on: date, last_on: date) -> pa.Table:
    """Return table rates for every day from first_on to last_on. Reads: loaded_rates.

    Quotes older than [collect] max_rate_age_days before the first day convert nothing: they are
    not even read.
    """
    max_age = config.collect.max_rate_age_days
    oldest = first_on - timedelta(days=max_age)
    quotes = engine.table(
        "select rate_source, priority, quoted_on, base, currency, units_per_base from loaded_rates"
        f" where quoted_on >= date '{oldest}' and quoted_on <= date '{last_on}'"
    )
    return dense(quotes, config.report.currency, first_on, last_on, max_age)
