"""Products, payments, installs and clicks as CSV with the columns of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from whichhalf.world import catalog
from whichhalf.world.arrivals import Arrivals, Installs
from whichhalf.world.campaigns import Ads
from whichhalf.world.draws import DAY_MS, HOUR_MS, Flags, Ints, hex_strings, iso_times, mix, stream
from whichhalf.world.payments import KINDS, Payments
from whichhalf.world.people import People
from whichhalf.world.segment_files import anonymous_ids, click_ids, user_ids
from whichhalf.world.sources import PLACE_OF_CLICK_ID
from whichhalf.world.visits import Visits


@dataclass(frozen=True)
class AppTouches:
    """Which installs are seen as what, one place an install of Arrivals.installs.

    has_click: a row in clicks.csv. has_referrer: a referrer string in installs.csv. by_link: a link
    brought the install, so that the string names it, with the time of the click; else the store.
    """

    has_click: Flags
    has_referrer: Flags
    by_link: Flags

    @property
    def is_touch(self) -> Flags:
        """Whether the install row is a touch: it names a link whose click no other row tells."""
        return self.has_referrer & self.by_link & ~self.has_click


def draw_app_touches(
    seed: int, people: People, visits: Visits, installs: Installs, arrivals: Arrivals
) -> AppTouches:
    """Only Android hands on referrers. A click without click id is told in one place only."""
    rng = stream(seed, "app touches")
    model = people.device_model[visits.device[installs.visit]]
    android = np.array([row[0] == "android" for row in catalog.PHONES])[model]
    by_ad = arrivals.book.ads[installs.source] >= 0
    told = rng.random(len(model)) < np.where(android, 0.4, 0.8)
    told &= by_ad & (~android | arrivals.book.has_click_id[installs.source])
    return AppTouches(has_click=told, has_referrer=android, by_link=by_ad)


def install_ids(visit: Ints, seed: int) -> pa.Array:
    """Ids of installs, by their first visit.

    Without the prefix one in some thousand looked like 12e34…, an id that a spreadsheet mangled.
    """
    return pc.binary_join_element_wise("inst-", hex_strings(mix(visit, seed, "install")), "")


def touch_ids(visit: Ints, seed: int) -> pa.Array:
    """Ids of the rows of clicks.csv that led to an install, by its first visit."""
    return pc.binary_join_element_wise("touch-", hex_strings(mix(visit, seed, "touch")), "")


def write_products(path: Path) -> int:
    """Write products.csv; prices in US dollars."""
    rows = [
        {
            "product_id": name,
            "label": label,
            "list_price": str(prices["USD"]),
            "currency": "USD",
            "virtual_amount": units,
        }
        for name, label, units, prices, _ in catalog.PACKS
    ]
    return _write(path, pa.Table.from_pylist(rows))


def write_payments(path: Path, people: People, payments: Payments, users: Ints, seed: int) -> int:
    """Write payments.csv, by time. users: user id's number of each payment."""
    order = np.lexsort((np.arange(len(payments.paid_at)), payments.paid_at))
    ids = payment_ids(np.arange(len(order)), seed)
    named = pa.array(payments.names_charge == 1)
    apps = np.array(["web", "app"])[people.device_app[payments.person]]
    packs = np.array([row[0] for row in catalog.PACKS])[payments.pack]
    columns = {
        "app": pa.array(apps),
        "payment_id": ids,
        "user_id": user_ids(users),
        "paid_at": iso_times(payments.paid_at),
        "amount": amounts(payments.cents),
        "currency": pa.array(np.array(payments.currencies)[payments.currency]),
        "payment_kind": pa.array(np.array(KINDS)[payments.kind]),
        "product_id": pa.array(packs),
        "quantity": pa.array(payments.quantity),
        "refunded_payment_id": pc.if_else(named, ids.take(pa.array(payments.charge)), None),
    }
    return _write(path, pa.table(columns).take(pa.array(order)))


def payment_ids(number: Ints, seed: int) -> pa.Array:
    """Ids of payments."""
    return pc.binary_join_element_wise("pay-", hex_strings(mix(number, seed, "payment")), "")


def amounts(cents: Ints) -> pa.Array:
    """Money with two decimals, as text."""
    whole = pa.array(cents // 100).cast(pa.string())
    part = pc.utf8_lpad(pa.array(cents % 100).cast(pa.string()), 2, "0")
    return pc.binary_join_element_wise(whole, ".", part, "")


def write_installs(
    path: Path, people: People, visits: Visits, arrivals: Arrivals, seen: AppTouches, seed: int
) -> int:
    """Write installs.csv; the store tells of a click only where a link brought the install."""
    installs = arrivals.installs
    visit, device = installs.visit, visits.device[installs.visit]
    models = catalog.PHONES
    model = people.device_model[device]
    strings = [source.query.partition(PLACE_OF_CLICK_ID) for source in arrivals.book.sources]
    referrer = pa.array([text[0] for text in strings], pa.string()).take(pa.array(installs.source))
    click = pc.if_else(
        pa.array(arrivals.book.has_click_id[installs.source]), click_ids(visit, seed), ""
    )
    given, clicked = pa.array(seen.has_referrer), pa.array(seen.has_referrer & seen.by_link)
    referrer = pc.binary_join_element_wise(referrer, click, "")
    columns = {
        "app": pa.array(["app"] * len(visit), pa.string()),
        "install_id": install_ids(visit, seed),
        "first_open_at": iso_times(visits.start[visit]),
        "visitor_id": pc.binary_join_element_wise("a:", anonymous_ids(device, seed), ""),
        "referrer": pc.if_else(given, referrer, None),
        "referrer_click_at": pc.if_else(clicked, iso_times(installs.clicked_at), None),
        "install_begin_at": pc.if_else(given, iso_times(installs.begun_at), None),
        "country": _countries(people.country[visits.person[visit]]),
        "os": pa.array(np.array([row[0] for row in models])[model]),
        "device": pa.array(np.array([row[3] for row in models])[model]),
        "app_version": pa.array(["4.2.0"] * len(visit), pa.string()),
    }
    return _write(path, pa.table(columns))


def write_clicks(
    path: Path, drawn: tuple[Ads, People, Visits, Arrivals], seen: AppTouches, seed: int
) -> int:
    """Write clicks.csv: clicks that led to an install, and as many that led nowhere."""
    ads, people, visits, arrivals = drawn
    installs = arrivals.installs
    chosen = np.tile(np.flatnonzero(seen.has_click), 2)
    known = np.arange(len(chosen)) < len(chosen) // 2
    visit, source = installs.visit[chosen], installs.source[chosen]
    # Clicks that led nowhere: on the same ads, at other times of that day, by nobody known.
    shift = stream(seed, "clicks").integers(-3 * HOUR_MS, 3 * HOUR_MS, len(chosen) // 2)
    at = installs.clicked_at[chosen] + np.append(np.zeros_like(shift), shift)
    number = np.where(known, visit, visit + len(visits.start))
    device = visits.device[visit]
    visitor = pc.binary_join_element_wise("a:", anonymous_ids(device, seed), "")
    has_click_id = pa.array(arrivals.book.has_click_id[source])
    columns = {
        "app": pa.array(["app"] * len(visit), pa.string()),
        "touch_id": touch_ids(number, seed),
        "touched_at": iso_times(at),
        "visitor_id": pc.if_else(pa.array(known), visitor, None),
        **link_columns(ads, arrivals, source),
        "click_id": pc.if_else(has_click_id, click_ids(number, seed), None),
        "country": _countries(people.country[visits.person[visit]]),
        "os": pa.array(np.array([row[0] for row in catalog.PHONES])[people.device_model[device]]),
    }
    order = np.lexsort((number, at))
    return _write(path, pa.table(columns).take(pa.array(order)))


def link_columns(ads: Ads, arrivals: Arrivals, source: Ints) -> dict[str, pa.Array]:
    """What the ad's link says, and whose it is."""
    rows = []
    for entry in arrivals.book.sources:
        ad = ads.ads[entry.ad]
        campaign = ads.campaigns[ad.campaign]
        rows.append(
            {
                "network": campaign.account.network,
                "campaign_id": campaign.campaign_id,
                "ad_set_id": ad.ad_set_id,
                "ad_id": ad.ad_id,
                "source": entry.source,
                "medium": entry.medium,
                "campaign": entry.campaign,
                "content": entry.content,
                "term": entry.term,
                "utm_id": entry.utm_id,
                "click_id_kind": entry.click_id_kind,
            }
        )
    table = pa.Table.from_pylist(rows).take(pa.array(source))
    return dict(zip(table.column_names, table.columns, strict=True))


def visits_by_ad(people: People, visits: Visits, arrivals: Arrivals, ads: Ads) -> Ints:
    """Visits and installs that each ad brought on each UTC day, shape (ads, days)."""
    days = (people.end - people.start) // DAY_MS
    counts = np.zeros((len(ads.ads), days + 1), np.int64)
    installs = arrivals.installs
    for visit, source in (
        (np.arange(len(visits.start)), arrivals.source),
        (installs.visit, installs.source),
    ):
        ad = arrivals.book.ads[source]
        day = np.minimum((visits.start[visit] - people.start) // DAY_MS, days)
        np.add.at(counts, (ad[ad >= 0], day[ad >= 0]), 1)
    return counts[:, :days]


def _countries(codes: Ints) -> pa.Array:
    return pa.array(np.array([row[0] for row in catalog.COUNTRIES])[codes])


def _write(path: Path, table: pa.Table) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    csv.write_csv(table, path, csv.WriteOptions(quoting_style="needed"))
    return int(table.num_rows)
