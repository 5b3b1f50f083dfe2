"""A real campaign report of 2016: our ratios give the ratios that a marketing team saw."""

import csv
from pathlib import Path

from required import lacking
from whichhalf.report.campaign_columns import with_ratios

PACKS = (2000, 3000, 5000, 12000, 25000, 65000, 140000, 330000)
# Misprints read off the slide: rows with the identities of its README that they deny. Nothing else
# may differ. TOTAL needs 466 buyers and says 456; 18,400 / 14 is 1,314, not 3,114 …
MISPRINTS = {
    "TOTAL": ["buyer_rate", "arppu"],
    "EU - M - 2250 - CPA - 160728 - F - swipe - Profit ALL (Android)": ["arpu", "arppu"],
    "EU - M - 1855 - CPA - 160721 - F - ver1_ver - LowCPA (Android)": [
        "buying_frequency",
        "revenue",
    ],
    "TR - M - 2031 - CPM - 151111": ["arppu"],
}
NAME = Path("shared/data/campaign_report_2016/report.csv")


def rows():
    for folder in Path(__file__).resolve().parents:
        for place in (folder / NAME, folder / Path(*NAME.parts[1:])):
            if place.is_file():
                with place.open(encoding="utf-8", newline="") as file:
                    return list(csv.DictReader(file))
    return lacking(f"{NAME} is in no folder above this test")


def sums(row):
    counts = {name: int(row[name]) for name in ("registrations", "buyers", "buying_frequency")}
    money = {"revenue": int(row["revenue"]), "spend": float(row["spending"])}
    return {**counts, **money, "installs": None, "logins": int(row["login_frequency"])}


def faults(row):
    """Names of the identities that a row does not fulfil."""
    ours = with_ratios(sums(row))
    packs = [int(row[f"em{size}"]) for size in PACKS]
    rate = round(100 * (ours["buyer_rate"] or 0), 2)
    found = {
        "buying_frequency": sum(packs) == int(row["buying_frequency"]),
        "revenue": sum(p * s for p, s in zip(packs, PACKS, strict=True)) == 10 * ours["revenue"],
        "buyer_rate": abs(rate - float(row["buyer_rate_percent"])) < 0.011,
        "arpu": abs((ours["arpu"] or 0) - int(row["arpu"])) < 1,
        "arppu": abs((ours["arppu"] or 0) - int(row["arppu"])) < 1,
    }
    return [name for name, holds in found.items() if not holds]


def test_our_ratios_are_those_of_the_report_but_for_its_misprints():
    found = {row["key_ad"]: faults(row) for row in rows()}
    assert len(found) > 30
    assert {name: faulty for name, faulty in found.items() if faulty} == MISPRINTS


def test_total_fits_with_the_buyers_that_its_own_rate_needs():
    total = {**rows()[0], "buyers": "466"}
    assert total["key_ad"] == "TOTAL"
    assert faults(total) == []
