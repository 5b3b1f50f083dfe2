"""A world in which ads persuade, as its files tell it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest

from whichhalf.config import load_config
from whichhalf.world import PRESETS, Summary, generate
from whichhalf.world.effects import CHANNELS
from whichhalf.world.generate import World, draw

CONFIG = replace(
    PRESETS["causal"], causal_people=2_000, days=30, payer_share=0.5, social_lift=0.2,
    shared_device_share=0.1, second_device_share=0.2,
)  # fmt: skip
NETWORKS = {"google": "google_ads", "criteo": "criteo", "facebook": "meta"}
NETWORKS |= {"ttd": "the_trade_desk"}
Made = tuple[Path, Summary]


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("causal")
    return folder, generate(CONFIG, 3, folder)


@pytest.fixture(scope="module")
def drawn() -> World:
    return draw(CONFIG, 3)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "data" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def truth(folder: Path, name: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pq.read_table(folder / "truth" / name).to_pylist()
    return found


def clicks(folder: Path) -> set[tuple[str, str]]:
    """(visitor, network) of every tagged page, out of the raw lines."""
    found = set()
    for path in folder.glob("data/segment/*.gz"):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            if b"utm_campaign" not in line or not line.startswith(b"{"):
                continue
            try:
                call = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            given = parse_qs(urlsplit(call["context"]["page"]["url"]).query)
            network = NETWORKS.get(given["utm_source"][0])
            if network and given["utm_campaign"][0].count(" - ") == 2:  # an ad of ours
                found.add((f"a:{call['anonymousId']}", network))
    return found


def test_nobody_held_out_sees_an_ad_of_the_network(causal: Made) -> None:
    folder = causal[0]
    arms = {(row["unit"], row["network"]): row["arm"] for row in rows(folder, "experiments.csv")}
    seen = {(row["visitor_id"], row["network"]) for row in rows(folder, "impressions.csv")}
    touched = seen | clicks(folder)
    assert {arm for unit, arm in arms.items() if unit in touched} == {"treated"}
    treated = {unit for unit, arm in arms.items() if arm == "treated"}
    assert touched == treated  # each treated person has left a touch in the files
    held = sum(arm == "hold-out" for arm in arms.values())
    assert 0.07 < held / len(arms) < 0.13


def test_every_ad_comes_before_the_decision_and_is_logged_from_the_first(drawn: World) -> None:
    assert drawn.causes
    journeys, people = drawn.causes.journeys, drawn.people
    of_users = journeys.take(journeys.person < people.users)
    assert (of_users.at <= people.signup_at[of_users.person]).all()
    assert (journeys.at >= people.start).all() and (journeys.at < people.end).all()
    first = journeys.first_due
    firsts: dict[tuple[int, int], int] = {}
    for who, channel, at in zip(journeys.person, journeys.channel, journeys.at, strict=True):
        key = (int(who), int(channel))
        firsts[key] = min(firsts.get(key, int(at)), int(at))
    said = zip(first.person.tolist(), first.channel.tolist(), first.at.tolist(), strict=True)
    assert {(who, channel): at for who, channel, at in said} == firsts
    assert len(firsts) == drawn.causes.effects.due.sum()


def test_a_click_that_leads_to_a_signup_is_its_persons_last_ad(drawn: World) -> None:
    assert drawn.causes
    shown = drawn.causes.journeys.take(drawn.causes.journeys.is_shown)
    last = np.zeros(drawn.people.count, np.int64)
    np.maximum.at(last, shown.person, shown.at)
    ends = shown.take(shown.leads_to_signup)
    assert len(ends.at) == len(set(ends.person.tolist())) > 20
    assert (ends.at == last[ends.person]).all() and ends.is_click.all()
    assert (ends.at == drawn.people.signup_at[ends.person]).all()


def test_the_ledger_is_the_people(causal: Made) -> None:
    folder = causal[0]
    people = truth(folder, "outcomes.parquet")
    paid: dict[object, Decimal] = defaultdict(Decimal)
    for row in truth(folder, "revenue.parquet"):
        assert isinstance(row["value"], Decimal)
        paid[row["person_id"]] += row["value"]
    networks = [row for row in truth(folder, "causes.parquet") if not row["campaign_id"]]
    assert [row["network"] for row in networks] == [channel.network for channel in CHANNELS]
    for row in networks:
        caused = [p for p in people if p["signed_up"] and not p[f"without_{row['network']}"]]
        assert row["incremental_signups"] == len(caused)
        assert row["incremental_revenue"] == sum(paid[p["person_id"]] for p in caused)
    assert sum(bool(p["signed_up"]) for p in people) == causal[1].signups
    signed = {p["person_id"] for p in people if p["signed_up"]}
    assert {row["person_id"] for row in truth(folder, "signups.parquet")} == signed
    meta = next(row for row in networks if row["network"] == "meta")
    assert meta["lift"] == pytest.approx(0.2, abs=0.02)
    assert 50 < meta["incremental_signups"] < meta["signups"]


def test_campaigns_of_the_ledger_add_up(causal: Made) -> None:
    sums: dict[object, Counter[str]] = defaultdict(Counter)
    names = ("due", "held_out", "signups", "incremental_signups", "incremental_revenue")
    for row in truth(causal[0], "causes.parquet"):
        for name in names:
            sums[row["network"]][name] += row[name] if row["campaign_id"] else -row[name]
    assert all(not any(left.values()) for left in sums.values())


def test_the_experiments_name_campaigns_that_cost(causal: Made) -> None:
    spend = {(row["network"], row["campaign_id"]) for row in truth(causal[0], "spend.parquet")}
    named = {(row["network"], row["campaign_id"]) for row in rows(causal[0], "experiments.csv")}
    assert named == spend and len(named) == 8


def test_the_project_reads_them(causal: Made) -> None:
    tables = [source.table for source in load_config(causal[0], {}).sources]
    assert tables[-3:] == ["impressions", "experiments", ""]


def test_the_same_seed_writes_the_same_bytes(causal: Made, tmp_path: Path) -> None:
    generate(CONFIG, 3, tmp_path)
    files = [path for path in causal[0].rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        twin = tmp_path / path.relative_to(causal[0])
        same = hashlib.sha256(twin.read_bytes()).digest()
        assert same == hashlib.sha256(path.read_bytes()).digest(), twin
    assert re.search(r"causal_people\": 2000", (tmp_path / "truth/totals.json").read_text())
