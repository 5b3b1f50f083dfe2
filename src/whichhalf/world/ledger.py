"""The ledger of causes: what each network and campaign brought that had not come without it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from whichhalf.world.campaigns import Ads
from whichhalf.world.causal_files import visitor_ids
from whichhalf.world.draws import Flags
from whichhalf.world.effects import CHANNELS, Effects
from whichhalf.world.truth import MONEY, person_ids

_ZERO = Decimal("0.000000")


def write_causes(folder: Path, effects: Effects, ads: Ads, seed: int) -> None:
    """Write causes.parquet and outcomes.parquet. Reads revenue.parquet, which must be there."""
    paid = _paid(folder / "revenue.parquet", len(effects.uniform))
    rows = [_row(effects, paid, number, None, "") for number in range(len(CHANNELS))]
    for number, channel in enumerate(CHANNELS):
        own = [c for c in ads.campaigns if c.account.network == channel.network]
        rows += [
            _row(effects, paid, number, push, campaign.campaign_id)
            for push, campaign in enumerate(own)
        ]
    money = pa.array([row.pop("incremental_revenue") for row in rows], MONEY)
    table = pa.Table.from_pylist(rows).append_column("incremental_revenue", money)
    pq.write_table(table, folder / "causes.parquet", compression="zstd")
    pq.write_table(outcomes(effects, seed), folder / "outcomes.parquet", compression="zstd")


def outcomes(effects: Effects, seed: int) -> pa.Table:
    """One row a person: what they did, and would have done without ads, or without a network's."""
    person = np.arange(len(effects.uniform))
    without = {
        f"without_{channel.network}": pa.array(effects.outcome(effects.without(number)))
        for number, channel in enumerate(CHANNELS)
    }
    return pa.table(
        {
            "person_id": person_ids(person),
            "visitor_id": visitor_ids(person, seed),
            "intent": pa.array(effects.intent),
            "signed_up": pa.array(effects.signed_up),
            "without_ads": pa.array(effects.anyway),
            **without,
        }
    )


def _row(
    effects: Effects, paid: list[Decimal], number: int, push: int | None, campaign_id: str
) -> dict[str, Any]:
    """What one network (push None) or one of its campaigns did."""
    channel = CHANNELS[number]
    own: Flags = np.ones(len(paid), bool) if push is None else effects.push[:, number] == push
    due = effects.due[:, number] & own
    shown = effects.shown[:, number] & own
    caused = effects.incremental(number, push)
    # The chance of those due, with the ad and without it, all other ads as they were.
    everybody = effects.shown.copy()
    everybody[:, number] |= due
    nobody = effects.shown.copy()
    nobody[:, number] &= ~due
    rise = effects.chance(everybody) - effects.chance(nobody)
    return {
        "network": channel.network,
        "campaign_id": campaign_id,
        "channel": channel.name,
        "due": int(due.sum()),
        "held_out": int((due & ~shown).sum()),
        "lift": float(rise[due].mean()) if due.any() else 0.0,
        "signups": int((effects.signed_up & shown).sum()),
        "incremental_signups": int(caused.sum()),
        "incremental_revenue": sum((paid[n] for n in np.flatnonzero(caused)), _ZERO),
    }


def _paid(path: Path, people: int) -> list[Decimal]:
    """What each person paid in the end, by number."""
    revenue = pq.read_table(path, columns=["person_id", "value"])
    paid = [_ZERO] * people
    for person, value in zip(
        revenue["person_id"].to_pylist(), revenue["value"].to_pylist(), strict=True
    ):
        paid[int(person.removeprefix("person-"))] += value
    return paid
