"""Costs in the networks' own formats: Facebook Ads Manager, Google Ads, and plain CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from whichhalf.world.campaigns import Account
from whichhalf.world.costs import Cost
from whichhalf.world.money import total

Rows = list[list[Any]]


def write_costs(folder: Path, costs: list[Cost]) -> dict[str, int]:
    """Write one file an account and month below `folder`; return rows of costs by path in it."""
    counts = {}
    for account, own in groupby(costs, lambda cost: cost.account):
        for month, rows in groupby(own, lambda cost: (cost.on.year, cost.on.month)):
            chosen = list(rows)
            write = {"meta": _meta, "google_ads": _google}.get(account.network, _plain)
            name = f"{file_name(account)}-{month[0]}-{month[1]:02d}.csv"
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(write(account, chosen))
            counts[name] = len(chosen)
    return counts


def file_name(account: Account) -> str:
    """Return how the files of an account begin, below the folder of costs."""
    folder = {"google_ads": "google"}.get(account.network, account.network)
    return f"{folder}/{account.account_id}"


def _meta(account: Account, costs: list[Cost]) -> Iterator[list[Any]]:
    """Ads Manager, level ad, breakdown by day. The first row is the account's total."""
    yield [
        *("Reporting starts", "Reporting ends", "Campaign name", "Campaign ID", "Ad set name"),
        *("Ad set ID", "Ad name", "Ad ID", "Day", "Ad delivery", "Attribution setting", "Results"),
        *("Result indicator", "Reach", f"Amount spent ({account.currency})", "Impressions"),
        *("Link clicks", "Clicks (all)"),
    ]
    setting = "7-day click or 1-day view"
    spend = total(cost.spend for cost in costs)
    impressions = sum(cost.impressions for cost in costs)
    clicks = sum(cost.clicks for cost in costs)
    span = [min(cost.on for cost in costs), max(cost.on for cost in costs)]
    yield [
        *(*span, "", "", "", "", "", "", "", "", setting, "", "", impressions * 2 // 3),
        *(f"{spend:.2f}", impressions, clicks, clicks * 5 // 4),
    ]
    for cost in costs:
        yield [
            *(cost.on, cost.on, cost.campaign_name, cost.campaign.campaign_id, cost.ad_set_name),
            *(cost.ad_set_id, cost.ad_name, cost.ad_id, cost.on, "active", setting),
            *("", "", cost.impressions * 2 // 3, f"{cost.spend:.2f}", cost.impressions),
            *(cost.clicks, cost.clicks * 5 // 4),
        ]


def _google(account: Account, costs: list[Cost]) -> Iterator[list[Any]]:
    """A report of ad groups by day: title, dates, header, rows, totals."""
    yield ["Ad group report"]
    yield [f"{_long(costs[0].on)} - {_long(costs[-1].on)}"]
    yield [
        *("Day", "Campaign", "Campaign ID", "Ad group", "Ad group ID", "Campaign status"),
        *("Campaign type", "Account name", "Customer ID", "Currency code", "Cost", "Impr."),
        *("Clicks", "Interactions", "Conversions", "Conv. value"),
    ]
    for cost in costs:
        yield [
            *(cost.on, cost.campaign_name, cost.campaign.campaign_id, cost.ad_set_name),
            *(cost.ad_set_id, "Enabled", "Search", "Lumo", account.account_id, account.currency),
            *(f"{cost.spend:,.2f}", f"{cost.impressions:,}", f"{cost.clicks:,}"),
            *(f"{cost.clicks:,}", " --", " --"),
        ]
    yield from _google_totals(account, costs)


def _google_totals(account: Account, costs: list[Cost]) -> Rows:
    spend = total(cost.spend for cost in costs)
    impressions = sum(cost.impressions for cost in costs)
    clicks = sum(cost.clicks for cost in costs)
    numbers = [account.currency, f"{spend:,.2f}", f"{impressions:,}", f"{clicks:,}", f"{clicks:,}"]
    blanks = [" --"] * 8
    names = ("Total: Account", "Total: Ad groups", "Total: Search")
    return [[name, *blanks, *numbers, "0.00", "0.00"] for name in names]


def _plain(account: Account, costs: list[Cost]) -> Iterable[list[Any]]:
    """The columns of table ad_costs that a user can give."""
    yield [
        *("network", "account_id", "campaign_id", "campaign_name", "ad_set_id", "ad_set_name"),
        *("ad_id", "ad_name", "local_on", "time_zone", "country", "os", "currency", "spend"),
        *("impressions", "clicks"),
    ]
    for cost in costs:
        yield [
            *(account.network, account.account_id, cost.campaign.campaign_id, cost.campaign_name),
            *(cost.ad_set_id, cost.ad_set_name, cost.ad_id, cost.ad_name, cost.on),
            *(account.time_zone, "(not broken down)", "(not broken down)", account.currency),
            *(f"{cost.spend:.2f}", cost.impressions, cost.clicks),
        ]


def _long(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
