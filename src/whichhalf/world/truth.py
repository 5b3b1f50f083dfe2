"""The ledger: what is true of a world, as Parquet and JSON. Docs: docs/world.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from whichhalf.world.app_files import install_ids, payment_ids, touch_ids
from whichhalf.world.causal_files import impression_ids
from whichhalf.world.config import WorldConfig
from whichhalf.world.costs import Cost
from whichhalf.world.delivery import BROKEN, DAMAGES, DUPLICATE, RETRY, Lines
from whichhalf.world.draws import Ints, digits, strings_of
from whichhalf.world.events import Events
from whichhalf.world.money import converted, ecb_quotes, total
from whichhalf.world.payments import CHARGE, KINDS, Payments
from whichhalf.world.segment_files import APPS, message_ids
from whichhalf.world.sources import SourceBook
from whichhalf.world.touches import CLICK, INSTALL, VIEW, WHICH, Signups, Touches

MONEY = pa.decimal128(18, 6)
INSTANT = pa.timestamp("us", "UTC")
_ROWS_AT_ONCE = 500_000


def person_ids(person: Ints) -> pa.Array:
    """Ids of people, known to nobody but the truth."""
    return pc.binary_join_element_wise("person-", strings_of(digits(person, 8)), "")


def write_events(path: Path, events: Events, seed: int) -> None:
    """Write whose each event is: app, message_id, person_id."""
    text = pa.string()
    schema = pa.schema([("app", text), ("message_id", text), ("person_id", text)])
    apps = pa.array(APPS)
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for first in range(0, len(events.at), _ROWS_AT_ONCE):
            rows = np.arange(first, min(len(events.at), first + _ROWS_AT_ONCE))
            columns = [
                apps.take(pa.array(events.app[rows])),
                message_ids(rows, seed),
                person_ids(events.person[rows]),
            ]
            file.write_table(pa.table(columns, schema=schema))


def write_signups(
    path: Path, signups: Signups, touches: Touches, events: Events, book: SourceBook, seed: int
) -> None:
    """Write one row a person who signed up, with the four touches."""
    columns: dict[str, Any] = {
        "person_id": person_ids(signups.person),
        "app": pa.array(APPS).take(pa.array(events.app[signups.event])),
        "conversion_id": message_ids(signups.event, seed),
        "signed_up_at": _instants(signups.at),
        "sessions_before": pa.array(signups.sessions_before),
    }
    said = _said(book)
    ids = _touch_ids(touches, seed)
    for which in WHICH:
        place = signups.chosen[which]
        index = pa.array(place, mask=place < 0)
        columns[f"{which}_touch_id"] = ids.take(index)
        columns[f"{which}_at"] = _instants(touches.at).take(index)
        source = pa.array(touches.source).take(index)
        for name, values in said.items():
            columns[f"{which}_{name}"] = values.take(source)
    pq.write_table(pa.table(columns), path, compression="zstd")


def _said(book: SourceBook) -> dict[str, pa.Array]:
    """What reports say of each source, by code; all null for direct visits."""
    sources = [source if source.credits else None for source in book.sources]
    text = pa.string()
    return {
        "source": pa.array([s and (s.source or s.referrer_host) for s in sources], text),
        "medium": pa.array([s and s.medium for s in sources], text),
        "campaign": pa.array([s and s.campaign for s in sources], text),
        "referrer": pa.array([s and s.referrer_host for s in sources], text),
    }


def _touch_ids(touches: Touches, seed: int) -> pa.Array:
    installs = pc.binary_join_element_wise("install:", install_ids(touches.number, seed), "")
    ids = pc.if_else(pa.array(touches.kind == INSTALL), installs, message_ids(touches.number, seed))
    ids = pc.if_else(pa.array(touches.kind == CLICK), touch_ids(touches.number, seed), ids)
    return pc.if_else(pa.array(touches.kind == VIEW), impression_ids(touches.number, seed), ids)


def _instants(milliseconds: Ints) -> pa.Array:
    return pa.array(milliseconds * 1000).cast(INSTANT)


def write_spend(path: Path, costs: list[Cost], reporting: str) -> Decimal:
    """Write spend by campaign and local day, in both currencies; return the total in `reporting`.

    Each row of a report is converted by itself.
    """
    sums: dict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    quotes = ecb_quotes()
    for cost in costs:
        account = cost.account
        rate = quotes.rate(account.currency, reporting, cost.on)
        key = (account.network, account.account_id, cost.campaign.campaign_id, cost.on)
        row = sums[*key, account.currency]
        row[0] += cost.spend
        row[1] += converted(cost.spend, rate)
    names = ("network", "account_id", "campaign_id", "local_on", "currency")
    columns: dict[str, Any] = {name: [key[n] for key in sums] for n, name in enumerate(names)}
    columns["account_spend"] = pa.array([row[0] for row in sums.values()], MONEY)
    columns["spend"] = pa.array([row[1] for row in sums.values()], MONEY)
    pq.write_table(pa.table(columns), path, compression="zstd")
    return total(row[1] for row in sums.values())


def write_revenue(path: Path, payments: Payments, reporting: str, seed: int) -> Decimal:
    """Write one row a payment with its signed value; return Σ charges − refunds − chargebacks."""
    quotes = ecb_quotes()
    amounts = [Decimal(cents).scaleb(-2) for cents in payments.cents.tolist()]
    currencies = [payments.currencies[place] for place in payments.currency.tolist()]
    rates, values = [], []
    for number, charge in enumerate(payments.charge.tolist()):
        # What is given back takes the rate of the day on which it was paid.
        paid_on = datetime.fromtimestamp(int(payments.paid_at[charge]) / 1000, UTC).date()
        rates.append(quotes.rate(currencies[number], reporting, paid_on))
        value = converted(amounts[number], rates[-1])
        values.append(value if payments.kind[number] == CHARGE else -value)
    columns = {
        "payment_id": payment_ids(np.arange(len(values)), seed),
        "person_id": person_ids(payments.person),
        "payment_kind": pa.array(np.array(KINDS)[payments.kind]),
        "paid_at": _instants(payments.paid_at),
        "currency": pa.array(currencies, pa.string()),
        "amount": pa.array(amounts, MONEY),
        "rate": pa.array(rates, pa.decimal128(18, 12)),
        "value": pa.array(values, MONEY),
    }
    pq.write_table(pa.table(columns), path, compression="zstd")
    return total(values)


def write_totals(
    path: Path, config: WorldConfig, seed: int, lines: Lines, counts: dict[str, Any]
) -> None:
    """Write totals.json: seed, config, counts, and how many lines are broken, for which reason."""
    sizes = np.bincount(lines.copy[lines.copy >= BROKEN] - BROKEN, minlength=len(DAMAGES))
    broken: Counter[str] = Counter()
    for reason, size in zip(DAMAGES.values(), sizes.tolist(), strict=True):
        broken[reason] += size
    content = {
        "seed": seed,
        **counts,
        "lines": len(lines.copy),
        "retries": int((lines.copy == RETRY).sum()),
        "duplicates": int((lines.copy == DUPLICATE).sum()),
        "broken": dict(broken),
        "damages": dict(zip(DAMAGES, sizes.tolist(), strict=True)),
        "config": {item.name: getattr(config, item.name) for item in fields(config)},
    }
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
