"""Impressions, and the log of the hold-out: who was due an ad, shown or not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from whichhalf.world.app_files import link_columns
from whichhalf.world.arrivals import Arrivals
from whichhalf.world.campaigns import Ads
from whichhalf.world.config import WorldConfig
from whichhalf.world.draws import Ints, hex_strings, iso_times, mix
from whichhalf.world.effects import CHANNELS
from whichhalf.world.journeys import Journeys
from whichhalf.world.segment_files import anonymous_ids

TREATED, HELD_OUT = "treated", "hold-out"


def impression_ids(number: Ints, seed: int) -> pa.Array:
    """Ids of impressions; their texts come after those of clicks."""
    return pc.binary_join_element_wise("view-", hex_strings(mix(number, seed, "impression")), "")


def visitor_ids(person: Ints, seed: int) -> pa.Array:
    """Ids of people's first browsers, with their prefix."""
    return pc.binary_join_element_wise("a:", anonymous_ids(person, seed), "")


def write_impressions(
    path: Path, ads: Ads, arrivals: Arrivals, impressions: Journeys, seed: int
) -> int:
    """Write impressions.csv, by time."""
    number = np.arange(len(impressions.person))
    links = link_columns(ads, arrivals, arrivals.of_ads(impressions.ad))
    columns = {
        "app": pa.array(["web"] * len(number), pa.string()),
        "touch_id": impression_ids(number, seed),
        "touched_at": iso_times(impressions.at),
        "visitor_id": visitor_ids(impressions.person, seed),
        # Nobody clicked: there is no click id.
        **{name: values for name, values in links.items() if name != "click_id_kind"},
    }
    order = np.lexsort((number, impressions.at))
    return _write(path, pa.table(columns).take(pa.array(order)))


def write_experiments(
    path: Path, config: WorldConfig, ads: Ads, journeys: Journeys, seed: int
) -> int:
    """Write experiments.csv: one experiment a network, one row for each person due its ads."""
    first = journeys.first_due
    networks = pa.array([channel.network for channel in CHANNELS]).take(pa.array(first.channel))
    campaigns = pa.array([ads.campaigns[ad.campaign].campaign_id for ad in ads.ads])
    last = config.start_on + timedelta(days=config.days - 1)
    count = len(first.person)
    columns = {
        "app": pa.array(["web"] * count, pa.string()),
        "experiment": pc.binary_join_element_wise(networks, "ghost-ads", "-"),
        "unit": visitor_ids(first.person, seed),
        "unit_kind": pa.array(["visitor"] * count, pa.string()),
        "arm": pc.if_else(pa.array(first.is_shown), TREATED, HELD_OUT),
        "starts_on": pa.array([config.start_on] * count, pa.date32()),
        "ends_on": pa.array([last] * count, pa.date32()),
        "network": networks,
        "campaign_id": campaigns.take(pa.array(first.ad)),
        "is_exposed": pa.array(np.ones(count, bool)),
        "exposed_at": iso_times(first.at),
    }
    return _write(path, pa.table(columns))


def _write(path: Path, table: pa.Table) -> int:
    csv.write_csv(table, path, csv.WriteOptions(quoting_style="needed"))
    return int(table.num_rows)
