"""Rows of an ad platform's export → rows of ad_costs: what all such exports share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.ad_costs.columns import LEVEL_COLUMNS, LEVELS, Columns
from whichhalf.collect.ad_costs.csv_export import Export
from whichhalf.collect.ad_costs.days import day_order, read_day, read_hour
from whichhalf.collect.ad_costs.draft import Coded, Draft, any_text, read_id
from whichhalf.collect.ad_costs.merging import settle_repeats, settle_times
from whichhalf.collect.ad_costs.numbers import amount, count, decimal_mark
from whichhalf.collect.ad_costs.places import NOT_BROKEN_DOWN, UNKNOWN, read_country, read_os
from whichhalf.collect.ad_costs.settings import Settings, read_settings
from whichhalf.collect.ad_costs.totals import split_totals, total_notes
from whichhalf.collect.reading import Bad, Parsed
from whichhalf.config import SourceConfig
from whichhalf.errors import BadDataError
from whichhalf.tables.inputs import AD_COSTS
from whichhalf.tables.schema import ARROW_TYPES

_WHOLE = {NOT_BROKEN_DOWN}
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
    draft = Draft(kept, columns) if totals else whole
    mark = export.mark or _decimal_mark(draft)
    order = export.order or day_order(set(draft.texts(_day_column(draft)).values), export.file)
    settings = read_settings(draft, source, dialect.read_account)
    costs = _costs(draft, settings, mark, order)
    settled, dropped = settle_repeats(costs, draft)
    notes = total_notes(whole, totals, pc.sum(settled["spend"]).as_py() or Decimal(0), mark)
    timed, skipped, split, time_notes = settle_times(settled)
    dropped += skipped + Counter(total_row=len(totals), blank=export.blanks)
    report = export.report or _report(draft, settled)
    bad = [
        Bad(kept.positions[row], reason, detail, kept.raw(kept.rows[row], mark, order, report))
        for row, (reason, detail) in draft.wrong.items()
    ]
    return Parsed(
        "ad_costs",
        _table(timed, report, dialect.network, f"{source.name}:{export.file}"),
        len(export.rows) + len(export.bad) + export.blanks,
        tuple(sorted([*export.bad, *bad], key=lambda one: one.position)),
        +dropped,
        (*notes, *_notes(draft, settled, dropped["summed"]), *time_notes),
        pa.array(np.array(kept.positions, np.int64)[timed["row"].to_numpy()], pa.int64()),
        split,
    )


def _day_column(draft: Draft) -> str:
    return "day" if draft.has("day") else "starts"


def _decimal_mark(draft: Draft) -> str:
    """The decimal mark; where the numbers leave it open, as the language of the header has it."""
    counted = ("impressions", "clicks", "link_clicks")
    counts = {text for meaning in counted for text in draft.texts(meaning).values}
    english = draft.columns.language == "en" and draft.export.delimiter != ";"
    return decimal_mark(set(draft.texts("spend").values), counts, "." if english else ",")


def _costs(draft: Draft, settings: Settings, mark: str, order: str) -> pa.Table:
    """The rows that can be read truly (merging.py has their columns); the others are wrong."""
    parts = _ad_parts(draft)
    days = draft.read(_day_column(draft), lambda text: read_day(text, order), None)
    draft.require(_day_column(draft), days)
    hours = draft.read("hour", read_hour, None)
    if draft.has("hour"):
        draft.require("hour", hours)
    spend = draft.read("spend", lambda text: amount(text, mark), Decimal("0.000000"))
    views = draft.read("impressions", lambda text: count(text, mark), 0)
    clicks = draft.read(_click_column(draft), lambda text: count(text, mark), 0)
    # An empty amount beside impressions is not nothing: somebody paid for them.
    gap = draft.texts("spend").where(lambda text: not text) & views.where(bool)
    draft.blame(gap, "spend", "missing_field", "empty beside impressions; an amount was expected")
    columns = {
        "row": pa.array(range(draft.size), pa.int64()),
        "account_id": settings.accounts.arrow(pa.string()),
        **{name: part.arrow(pa.string()) for name, part in parts.items()},
        "zone": settings.zones.arrow(pa.string()),
        "currency": settings.currencies.arrow(pa.string()),
        "local_on": days.arrow(pa.date32()),
        "hour": hours.arrow(pa.int64()),
        "spend": spend.arrow(ARROW_TYPES["money"]),
        "impressions": views.arrow(pa.int64()),
        "clicks": clicks.arrow(pa.int64()),
        "objective": draft.read("objective", str, None).arrow(pa.string()),
    }
    good = np.ones(draft.size, bool)
    good[list(draft.wrong)] = False
    return pa.table(columns).filter(pa.array(good))


def _click_column(draft: Draft) -> str:
    return "clicks" if draft.has("clicks") else "link_clicks"


def _ad_parts(draft: Draft) -> dict[str, Coded]:
    """Ids and names of campaign, ad set and ad, null where empty; country and os."""
    parts = {}
    for meaning in LEVEL_COLUMNS:
        parts[meaning] = draft.read(meaning, read_id if meaning.endswith("_id") else str, None)
        _refuse_lost(draft, meaning, parts[meaning])
    return parts | _places(draft)


def _refuse_lost(draft: Draft, meaning: str, ids: Coded) -> None:
    """Refuse the file where every id of a column was turned into a rounded number."""
    shown = any_text(draft.texts(meaning).values)
    if not shown or any(ids.values) or not draft.export.is_whole:
        return
    name = draft.export.header[draft.columns.at[meaning]]
    raise BadDataError(
        f"{draft.export.file}: a spreadsheet rounded every id of column {name!r}, to numbers like"
        f" {shown}. Load the file as it was downloaded, without opening it in a spreadsheet first;"
        " or export as XLSX, or without the id columns."
    )


def _places(draft: Draft) -> dict[str, Coded]:
    """Country and os of each row."""
    nowhere = Coded([NOT_BROKEN_DOWN], np.zeros(draft.size, np.int64))
    places = {"country": nowhere, "os": nowhere}
    if draft.has("country"):
        places["country"] = draft.read("country", read_country, UNKNOWN)
    for meaning in ("platform", "device"):
        if draft.has(meaning):
            read = draft.read(meaning, read_os, UNKNOWN)
            # Meta's Platform is where an ad was shown (facebook, instagram), other tools' is ios.
            if meaning == "device" or set(read.values) - {UNKNOWN}:
                places["os"] = read
    return places


def _level(draft: Draft) -> str:
    """The finest of campaign, ad_set, ad that has a name or an id."""
    return next(
        (
            level
            for level in reversed(LEVELS)
            if any_text(draft.texts(f"{level}_id").values)
            or any_text(draft.texts(f"{level}_name").values)
        ),
        LEVELS[0],
    )


def _notes(draft: Draft, costs: pa.Table, summed: int) -> list[str]:
    notes = []
    if draft.has("link_clicks") and not draft.has("clicks"):
        notes.append('Clicks are link clicks: the export has no "Clicks (all)".')
    elif draft.has("clicks") and draft.has("link_clicks"):
        notes.append("Clicks are all clicks, not link clicks.")
    for meaning in ("impressions", "clicks"):
        if not draft.has(meaning) and not (meaning == "clicks" and draft.has("link_clicks")):
            notes.append(f"The export has no column of {meaning}: they count as 0.")
    credits = pc.sum(pc.less(costs["spend"], Decimal(0))).as_py()
    if credits:
        notes.append(f"{credits} rows have negative spend; they are kept, as credits.")
    if summed:
        names = ", ".join(draft.export.header[column] for column in draft.columns.unkept)
        notes.append(f"{summed} rows were summed into others: ad_costs does not keep {names}.")
    return notes


def _report(draft: Draft, costs: pa.Table) -> str:
    """What the rows are broken down by: another report of the same days takes their place."""
    grain = "hourly" if draft.has("hour") else "daily"
    by = [f"_by_{n}" for n in ("country", "os") if set(pc.unique(costs[n]).to_pylist()) - _WHOLE]
    return f"csv_{grain}_{_level(draft)}{''.join(by)}"


def _table(timed: pa.Table, report: str, network: str, loaded_from: str) -> pa.Table:
    """The rows of ad_costs."""
    columns = {
        **dict(zip(timed.column_names, timed.columns, strict=True)),
        "network": pa.repeat(network, len(timed)),
        "time_zone": timed["zone"],
        "source_report": pa.repeat(report, len(timed)),
        "loaded_from": pa.repeat(loaded_from, len(timed)),
    }
    return pa.table([columns[field.name] for field in SCHEMA], schema=SCHEMA)
