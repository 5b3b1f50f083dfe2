import csv
import gzip
import hashlib
import io
import json
import re
import time
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from plain_pipeline import Plain, milliseconds

from whichhalf.config import load_config
from whichhalf.tables import TABLES
from whichhalf.world import PRESETS, Summary, WorldConfig, generate

World = tuple[Path, Summary]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preset for tests, which has to be quick."""
    folder = tmp_path_factory.mktemp("tiny")
    begun = time.process_time()
    summary = generate(PRESETS["tiny"], 1, folder)
    assert time.process_time() - begun < 6
    assert summary.signups == 2_000
    assert summary.people > 3 * summary.signups
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def totals(folder: Path) -> dict:
    return json.loads((folder / "truth/totals.json").read_text())


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def segment_lines(folder: Path) -> list[dict]:
    lines = []
    for path in sorted(folder.glob("data/segment/*.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            try:
                lines.append(json.loads(line) | {"file": path.name})
            except ValueError:
                continue
    return lines


def test_the_same_seed_writes_the_same_bytes(
    world: World, config: WorldConfig, tmp_path: Path
) -> None:
    generate(config, 7, tmp_path / "same")
    generate(config, 8, tmp_path / "other")
    first, same, other = (digests(f) for f in (world[0], tmp_path / "same", tmp_path / "other"))
    assert first == same
    assert set(first) & set(other)
    changed = {name for name in first if first[name] != other.get(name)}
    assert changed >= {"data/payments.csv", "data/installs.csv", "truth/events.parquet"}


def test_the_project_reads_the_files(world: World) -> None:
    folder, summary = world
    config = load_config(folder, {})
    read = set()
    for source in config.sources:
        paths = {str(p.relative_to(folder)) for glob in source.files for p in folder.glob(glob)}
        assert paths or source.kind == "ecb_rates", source.name
        assert not read & paths, "a file that two sources read"
        read |= paths
    written = {str(p.relative_to(folder)) for p in folder.glob("data/**/*") if p.is_file()}
    assert read == written == set(summary.files)
    assert config.report.currency == "USD"


def test_tables_are_named_by_columns_that_exist(world: World) -> None:
    for source in load_config(world[0], {}).sources:
        if source.kind == "table":
            for path in world[0].glob(source.files[0]):
                assert set(rows_of(path)[0]) <= set(TABLES[source.table].by_name), path.name


def test_no_id_looks_like_a_number_that_a_spreadsheet_mangled(tiny: Path) -> None:
    for path in tiny.glob("data/*.csv"):
        for row in rows_of(path):
            ids = [value for name, value in row.items() if name.endswith("_id")]
            assert not [i for i in ids if re.fullmatch(r"[\d.]+[eE]\+?\d+", i)], path.name


def test_lines_add_up(world: World) -> None:
    folder, summary = world
    true = totals(folder)
    assert sum(true["broken"].values()) == sum(true["damages"].values()) > 8
    parts = (true["events"], true["retries"], true["duplicates"], sum(true["broken"].values()))
    assert sum(parts) == true["lines"] == summary.lines
    for name, rows in summary.files.items():
        if name.endswith(".gz"):
            assert gzip.decompress((folder / name).read_bytes()).count(b"\n") == rows
    segment = sum(n for name, n in summary.files.items() if "/segment/" in name)
    assert segment == true["lines"]
    events = pq.read_table(folder / "truth/events.parquet")
    assert events.num_rows == summary.events == true["events"]
    assert len(set(events["message_id"].to_pylist())) == summary.events


def test_files_hold_what_was_received_on_their_day(world: World) -> None:
    for line in segment_lines(world[0]):
        app, day = line["file"].removesuffix(".jsonl.gz").split("-", 1)
        assert line["receivedAt"].startswith(day)
        library = line["context"]["library"]["name"]
        assert library in {"web": ("analytics.js", "analytics-python")}.get(
            app, ("analytics-kotlin", "analytics-swift", "analytics-python")
        )


def test_spend_in_files_is_spend_in_truth(world: World) -> None:
    files: dict[tuple, Decimal] = defaultdict(Decimal)
    plain = Plain(world[0])
    for network, campaign, _, day, currency, spend in plain.costs:
        files[network, campaign, day, currency] += Decimal(spend)
    truth = {
        (row["network"], row["campaign_id"], str(row["local_on"]), row["currency"]): row[
            "account_spend"
        ]
        for row in pq.read_table(world[0] / "truth/spend.parquet").to_pylist()
    }
    assert dict(files) == truth
    assert {key[3] for key in files} == {"USD", "EUR", "TRY"}
    assert {key[0] for key in files} == {"meta", "google_ads", "tiktok", "apple_ads", "unity_ads"}
    assert len(plain.costs) == totals(world[0])["cost_rows"]


def test_totals_rows_of_cost_files(world: World) -> None:
    for path in world[0].glob("data/costs/meta/*.csv"):
        rows = rows_of(path)
        (column,) = [name for name in rows[0] if name.startswith("Amount spent (")]
        assert rows[0]["Campaign name"] == ""
        assert sum(Decimal(row[column]) for row in rows[1:]) == Decimal(rows[0][column])
    for path in world[0].glob("data/costs/google/*.csv"):
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
        assert rows[2][0] == "Day"
        assert len({len(row) for row in rows[2:]}) == 1
        place = rows[2].index("Cost")
        costs = [Decimal(row[place].replace(",", "")) for row in rows[3:]]
        assert sum(costs[:-3]) == costs[-1]


def test_revenue_in_files_is_revenue_in_truth(world: World) -> None:
    rows = rows_of(world[0] / "data/payments.csv")
    truth = pq.read_table(world[0] / "truth/revenue.parquet").to_pylist()
    assert {r["payment_id"]: Decimal(r["amount"]) for r in rows} == {
        r["payment_id"]: r["amount"] for r in truth
    }
    kinds = Counter(row["payment_kind"] for row in rows)
    assert kinds["charge"] > kinds["refund"] > 0
    returned = [row for row in rows if row["payment_kind"] != "charge"]
    assert {bool(row["refunded_payment_id"]) for row in returned} == {True, False}
    assert sum(row["value"] for row in truth) == Decimal(totals(world[0])["revenue"])


def test_retries_and_duplicates(world: World) -> None:
    calls = defaultdict(list)
    whole = Counter()
    for line in segment_lines(world[0]):
        whole[json.dumps(line, sort_keys=True)] += 1
        if "messageId" in line and not line["messageId"].startswith("broken"):
            calls[line["messageId"]].append(line)
    assert sum(n - 1 for n in whole.values()) == totals(world[0])["duplicates"]
    drifts = set()
    for copies in calls.values():
        times = sorted({milliseconds(copy["timestamp"]) for copy in copies})
        drifts.add(times[-1] - times[0])
    assert max(drifts) <= 40
    assert len(drifts) > 2


def test_corrected_time_is_the_timestamp(world: World) -> None:
    skews = set()
    for line in segment_lines(world[0]):
        if not line["messageId"].startswith("broken"):
            names = ("receivedAt", "sentAt", "originalTimestamp", "timestamp")
            received, sent, original, corrected = (milliseconds(line[name]) for name in names)
            assert received - (sent - original) == corrected <= received
            skews.add((original - corrected) // 60_000)
    assert len(skews) > 10


def test_what_makes_identity_hard_is_there(world: World) -> None:
    plain = Plain(world[0])
    events = plain.events.items()
    users_of = defaultdict(set)
    for (app, _), event in events:
        if event["visitor"] and event["user"]:
            users_of[app, event["visitor"]].add(plain.root(event["user"]))
    assert sum(len(users) > 1 for users in users_of.values()) >= 3, "no shared device"
    kinds = Counter(event["call"]["type"] for _, event in events)
    assert kinds["alias"] >= 5
    assert kinds["group"] > 0
    signups = [event for _, event in events if event["call"].get("event") == "Signed Up"]
    assert any(event["visitor"] is None for event in signups), "no signup told by the server"
    assert any(event["user"] is None for event in signups), "no late identify"
    assert len(signups) > 300, "nobody signed up twice"
    gaps = Counter()
    streams = defaultdict(list)
    for _, event in events:
        if event["visitor"]:
            streams[event["visitor"]].append(event["at"])
    for times in streams.values():
        times.sort()
        gaps.update(after - before for before, after in pairwise(times))
    assert gaps[1_200_000] >= 3
    assert gaps[1_200_001] >= 3


def test_campaigns_are_renamed_and_some_die(world: World) -> None:
    plain = Plain(world[0])
    names = defaultdict(set)
    for network, campaign, name, *_ in plain.costs:
        names[network, campaign].add(name)
    assert sum(len(own) == 2 for own in names.values()) == 2
    seen = {s[2].lower() for e in plain.events.values() if (s := e["source"]) and s[2]}
    assert any(all(name.lower() not in seen for name in own) for own in names.values())
    assert any(name.startswith("TR - M - 2040 - CPM - ") for own in names.values() for name in own)


def test_installs_that_no_link_brought_tell_of_no_click(world: World) -> None:
    rows = rows_of(world[0] / "data/installs.csv")
    organic = [row for row in rows if "google-play" in row["referrer"]]
    linked = [row for row in rows if row["referrer"] and "google-play" not in row["referrer"]]
    assert organic
    assert linked
    assert not any(row["referrer_click_at"] for row in organic)
    for row in linked:
        times = (row["referrer_click_at"], row["install_begin_at"], row["first_open_at"])
        assert "" < times[0] <= times[1] < times[2]


def test_signups_in_truth(world: World) -> None:
    table = pq.read_table(world[0] / "truth/signups.parquet")
    assert table.num_rows == 300 == world[1].signups
    first, last, at = (table[f"{name}_at"] for name in ("first", "last", "signed_up"))
    assert pc.all(pc.less_equal(first, last)).as_py()
    assert pc.all(pc.less_equal(last, at)).as_py()
    assert 0 < table["first_paid_touch_id"].null_count < 300
    assert any(i.startswith("install:") for i in table["first_touch_id"].to_pylist())
    assert any(i.startswith("touch-") for i in table["first_touch_id"].to_pylist())
