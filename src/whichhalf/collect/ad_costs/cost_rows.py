"""Rows of an ad platform's export → rows of ad_costs: what all such exports share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from whichhalf.collect.ad_costs.columns import LEVEL_COLUMNS, LEVELS, Columns
from whichhalf.collect.ad_costs.csv_export import Export
from whichhalf.collect.ad_costs.days import day_order, read_day, read_hour
from whichhalf.collect.ad_costs.draft import Draft, read_id
from whichhalf.collect.ad_costs.merging import Cost, Timed, settle_repeats, settle_times
from whichhalf.collect.ad_costs.numbers import amount, count, decimal_mark
from whichhalf.collect.ad_costs.places import NOT_BROKEN_DOWN, UNKNOWN, read_country, read_os
from whichhalf.collect.ad_costs.settings import Settings, read_settings
from whichhalf.collect.ad_costs.totals import split_totals, total_notes
from whichhalf.collect.reading import Bad, Parsed
from whichhalf.config import SourceConfig
from whichhalf.errors import BadDataError
from whichhalf.tables.inputs import AD_COSTS

SCHEMA = pa.schema([field for field in AD_COSTS.arrow if field.name != "day"])


@dataclass(frozen=True)
class Dialect:
    """What differs between the platforms: whose export it is, and how it writes accounts."""

    network: str
    label: str
    read_account: Callable[[str], str]


def cost_rows(export: Export, columns: Columns, source: SourceConfig, dialect: Dialect) -> Parsed:
    """Return the ad_costs of an export whose columns are known to be by day or hour.

    BadDataError where account, zone or currency of the whole file is unknown, or all ids are lost.
    """
    whole = Draft(export, columns)
    kept, totals = split_totals(whole)
    draft = Draft(kept, columns)
    mark, order = _number_style(draft), export.order
    order = order or day_order(set(draft.texts(_day_column(draft))), export.file)
    settings = read_settings(draft, source, dialect.read_account)
    costs = _costs(draft, settings, mark, order)
    settled, dropped = settle_repeats(costs, draft)
    notes = total_notes(whole, totals, [one.amounts[0] for one in settled], mark)
    timed, skipped, split, time_notes = settle_times(settled)
    dropped += skipped + Counter(total_row=len(totals), blank=export.blanks)
    bad = [
        Bad(kept.positions[row], reason, detail, kept.raw(kept.rows[row], mark, order))
        for row, (reason, detail) in draft.wrong.items()
    ]
    return Parsed(
        "ad_costs",
        _table(timed, draft, dialect.network, f"{source.name}:{export.file}"),
        len(export.rows) + len(export.bad) + export.blanks + split,
        tuple(sorted([*export.bad, *bad], key=lambda one: one.position)),
        +dropped,
        (*settings.notes, *notes, *_notes(draft, costs, dropped["summed"]), *time_notes),
    )


def _day_column(draft: Draft) -> str:
    return "day" if draft.has("day") else "starts"


def _number_style(draft: Draft) -> str:
    """The decimal mark; where the numbers leave it open, as the language of the header has it."""
    if draft.export.mark:
        return draft.export.mark
    counts = {
        text
        for meaning in ("impressions", "clicks", "link_clicks")
        for text in draft.texts(meaning)
    }
    english = draft.columns.language == "en" and draft.export.delimiter != ";"
    return decimal_mark(set(draft.texts("spend")), counts, "." if english else ",")


def _costs(draft: Draft, settings: Settings, mark: str, order: str) -> list[Cost]:
    """The rows that can be read truly; the others are called wrong in the draft."""
    parts = _ad_parts(draft)
    days = draft.read(_day_column(draft), lambda text: read_day(text, order), None)
    draft.require(_day_column(draft), days)
    hours = draft.read("hour", read_hour, None)
    if draft.has("hour"):
        draft.require("hour", hours)
    zero = Decimal("0.000000")
    spends = draft.read("spend", lambda text: amount(text, mark), zero)
    shown = draft.read("impressions", lambda text: count(text, mark), 0)
    clicked = draft.read(_click_column(draft), lambda text: count(text, mark), 0)
    # An empty amount beside impressions is not nothing: somebody paid for them.
    gaps = zip(draft.texts("spend"), shown, strict=True)
    draft.require("spend", [None if not text and views else 0 for text, views in gaps])
    keys = zip(settings.accounts, *parts, *_places(draft), strict=True)
    when = zip(settings.zones, settings.currencies, days, hours, strict=True)
    values = zip(keys, when, spends, shown, clicked, strict=True)
    return [
        Cost(row, key, zone, currency, day, hour, (spend, views, clicks))
        for row, (key, (zone, currency, day, hour), spend, views, clicks) in enumerate(values)
        if row not in draft.wrong and day is not None
    ]


def _click_column(draft: Draft) -> str:
    return "clicks" if draft.has("clicks") else "link_clicks"


def _ad_parts(draft: Draft) -> list[list[str | None]]:
    """Ids and names of campaign, ad set and ad; null where empty."""
    parts = []
    for meaning in LEVEL_COLUMNS:
        if meaning.endswith("_id"):
            ids: list[str | None] = draft.read(meaning, read_id, None)
            _refuse_lost(draft, meaning, ids)
            parts.append(ids)
        else:
            parts.append([text or None for text in draft.texts(meaning)])
    return parts


def _refuse_lost(draft: Draft, meaning: str, ids: Sequence[str | None]) -> None:
    """Refuse the file where every id of a column was turned into a rounded number."""
    texts = draft.texts(meaning)
    if not any(texts) or any(ids) or not draft.export.is_whole:
        return
    name = draft.export.header[draft.columns.at[meaning]]
    raise BadDataError(
        f"{draft.export.file}: a spreadsheet rounded every id of column {name!r}, to numbers like"
        f" {next(filter(None, texts))}. Load the file as it was downloaded, without"
        " opening it in a spreadsheet first; or export as XLSX, or without the id columns."
    )


def _places(draft: Draft) -> tuple[list[str], list[str]]:
    """(country, os) of each row."""
    country = os = [NOT_BROKEN_DOWN] * draft.size
    if draft.has("country"):
        country = draft.read("country", read_country, UNKNOWN)
    for meaning in ("device", "platform"):
        if draft.has(meaning):
            read = draft.read(meaning, read_os, UNKNOWN)
            # Meta's Platform is where an ad was shown (facebook, instagram), other tools' is ios.
            if meaning == "device" or set(read) - {UNKNOWN}:
                os = read
                break
    return country, os


def _level(draft: Draft) -> str:
    """The finest of campaign, ad_set, ad that has a name or an id."""
    return next(
        (
            level
            for level in reversed(LEVELS)
            if any(draft.texts(f"{level}_id")) or any(draft.texts(f"{level}_name"))
        ),
        LEVELS[0],
    )


def _notes(draft: Draft, costs: Sequence[Cost], summed: int) -> list[str]:
    notes = []
    if draft.has("link_clicks") and not draft.has("clicks"):
        notes.append('Clicks are link clicks: the export has no "Clicks (all)".')
    elif draft.has("clicks") and draft.has("link_clicks"):
        notes.append("Clicks are all clicks, not link clicks.")
    for meaning in ("impressions", "clicks"):
        if not draft.has(meaning) and not (meaning == "clicks" and draft.has("link_clicks")):
            notes.append(f"The export has no column of {meaning}: they count as 0.")
    credits = sum(one.amounts[0] < 0 for one in costs)
    if credits:
        notes.append(f"{credits} rows have negative spend; they are kept, as credits.")
    if summed:
        names = ", ".join(draft.export.header[column] for column in draft.columns.unkept)
        notes.append(f"{summed} rows were summed into others: ad_costs does not keep {names}.")
    return notes


def _table(timed: Sequence[Timed], draft: Draft, network: str, loaded_from: str) -> pa.Table:
    """The rows of ad_costs."""
    size = len(timed)
    objectives = draft.texts("objective")
    costs = [one.cost for one in timed]
    keys = list(zip(*(one.key for one in costs), strict=True)) or [()] * 9
    spend, views, clicks = zip(*(one.amounts for one in timed), strict=True) if timed else ((),) * 3
    grain = "hourly" if draft.has("hour") else "daily"
    columns = {
        "network": [network] * size,
        **dict(zip(("account_id", *LEVEL_COLUMNS, "country", "os"), keys, strict=True)),
        "starts_at": [one.starts_at for one in timed],
        "hours": [one.hours for one in timed],
        "local_on": [one.day for one in costs],
        "time_zone": [one.zone for one in costs],
        "objective": [objectives[one.row] or None for one in costs],
        "currency": [one.currency for one in costs],
        "spend": spend,
        "impressions": views,
        "clicks": clicks,
        "source_report": [f"csv_{grain}_{_level(draft)}"] * size,
        "loaded_from": [loaded_from] * size,
    }
    return pa.table([pa.array(columns[f.name], f.type) for f in SCHEMA], schema=SCHEMA)
