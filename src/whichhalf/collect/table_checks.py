"""What must hold in each row of a table file: times, currencies, closed lists, signs, sizes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.currencies import is_currency
from whichhalf.collect.drafts import Draft
from whichhalf.collect.reading import EARLIEST
from whichhalf.errors import nearest
from whichhalf.tables import Table

# Kinds of payment that lower what is kept; exports write their amounts with either sign.
LESSENING = ("refund", "chargeback", "fee", "tax")
CLOSED_LISTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("payments", "payment_kind"): ("charge", "subscription", "ad_revenue", *LESSENING),
    ("loaded_touches", "touch_type"): ("impression", "click", "visit", "referrer"),
    ("events", "call"): ("identify", "track", "page", "screen", "group", "alias"),
}
# The least that a number may be; `>` for more than.
LEAST: dict[str, dict[str, int]] = {
    "ad_costs": {"impressions": 0, "clicks": 0, "hours": 1},
    "payments": {"version": 0, "amount": 0, "quantity": 0},
    "products": {"list_price": 0, "virtual_amount": 0},
    "interactions": {"wanted": 0},
}
CURRENCIES = ("currency", "base")
# Dates that tell of what has been; an experiment may end next month.
PAST_DATES = ("local_on", "quoted_on")


def check_times(draft: Draft, target: Table, now: datetime) -> Draft:
    """Call rows wrong with a time before 2000 or over a day after `now`.

    The epoch itself, where a time may be null, is null: stores write 0 for "there was no click".
    """
    latest = now + timedelta(days=1)
    for column in target.columns:
        if column.name not in draft or column.type not in ("timestamp", "date"):
            continue
        values = draft[column.name]
        if column.type == "timestamp" and column.nullable:
            is_zero = pc.equal(values.cast(pa.int64()), 0)
            values = pc.if_else(is_zero, pa.scalar(None, values.type), values)
            draft = draft.put(**{column.name: values})
        first, last = (
            pa.scalar(limit if column.type == "timestamp" else limit.date(), values.type)
            for limit in (EARLIEST, latest)
        )
        outside = pc.less(values, first)
        if column.type == "timestamp" or column.name in PAST_DATES:
            outside = pc.or_(outside, pc.greater(values, last))
        limits = f"is not between 2000-01-01 and {latest:%Y-%m-%d %H:%M} UTC"
        draft = draft.blame(outside, "impossible_time", _showing(column.name, values, limits))
        outside = pc.fill_null(outside, False)
        if pc.any(outside).as_py():  # year 0 is more than Python's dates can take further on
            none = pa.scalar(None, values.type)
            draft = draft.put(**{column.name: pc.if_else(outside, none, values)})
    return draft


def check_currencies(draft: Draft, target: Table) -> Draft:
    """Put currencies in capitals; call rows wrong whose currency is none."""
    for name in CURRENCIES:
        if name not in draft or name not in target.by_name:
            continue
        codes = pc.utf8_upper(pc.utf8_trim_whitespace(draft[name]))
        unknown = [c for c in pc.unique(codes).to_pylist() if c is not None and not is_currency(c)]
        draft = draft.put(**{name: codes}).blame(
            pc.is_in(codes, pa.array(unknown, pa.string())),
            "unknown_currency",
            _showing(name, codes, "is no currency of ISO 4217 (USD, EUR, …)"),
        )
    return draft


def check_lists(draft: Draft, target: Table) -> Draft:
    """Put columns of closed lists in lower case; call rows wrong with other values."""
    for (table_name, name), allowed in CLOSED_LISTS.items():
        if table_name != target.name or name not in draft:
            continue
        words = pc.utf8_lower(pc.utf8_trim_whitespace(draft[name]))
        other = pc.and_(pc.is_valid(words), pc.invert(pc.is_in(words, pa.array(allowed))))

        def told(row: int, words: pa.Array = words, name: str = name,
                 allowed: tuple[str, ...] = allowed) -> str:  # fmt: skip
            word = words[row].as_py()
            hint = nearest(word, allowed)
            return f"{name} {word!r} is none of {', '.join(allowed)}.{hint}"

        draft = draft.put(**{name: words}).blame(other, "unknown_value", told)
    return draft


def put_signs(draft: Draft) -> Draft:
    """Payments: amounts and quantities of refunds and the like without their minus.

    Exports write them with either sign; the sign that counts follows the kind.
    """
    lessening = pc.is_in(draft["payment_kind"], pa.array(LESSENING))
    for name in ("amount", "quantity"):
        values = draft[name]
        turn = pc.fill_null(pc.and_(lessening, pc.less(values, 0)), False)
        count = pc.sum(turn).as_py()
        if count:
            draft = draft.put(**{name: pc.if_else(turn, _absolute(values), values)})
            draft = draft.note(
                f"{name}: {count} negative values of {', '.join(LESSENING)} were taken without"
                " their sign, which follows the kind"
            )
    return draft


def _absolute(values: pa.Array) -> pa.Array:
    return pc.abs(values).cast(values.type)


def check_numbers(draft: Draft, target: Table) -> Draft:
    """Call rows wrong with numbers that are too small or too large to be."""
    for name, least in LEAST.get(target.name, {}).items():
        if name in draft:
            values = draft[name]
            detail = _showing(name, values, f"is less than {least}")
            draft = draft.blame(pc.less(values, least), "impossible_number", detail)
    if target.name == "loaded_rates":
        values = draft["units_per_base"]
        detail = _showing("units_per_base", values, "is not above 0")
        draft = draft.blame(pc.less_equal(values, 0), "impossible_number", detail)
    if target.name == "interactions" and "wanted" in draft:
        detail = _showing("wanted", draft["wanted"], "is more than 1")
        draft = draft.blame(pc.greater(draft["wanted"], 1), "impossible_number", detail)
    return draft


def check_missing(draft: Draft, target: Table) -> Draft:
    """Call rows wrong that lack what the table needs."""
    for column in target.columns:
        if column.nullable or column.name == "day":
            continue
        values = draft[column.name] if column.name in draft else pa.nulls(draft.rows)
        detail = f"{column.name} is empty: {column.meaning}"
        draft = draft.blame(pc.is_null(values), "missing_field", detail)
    return draft


def _showing(name: str, values: pa.Array, what: str) -> Callable[[int], str]:
    return lambda row: f"{name} {values.slice(row, 1).cast(pa.string())[0].as_py()} {what}"
