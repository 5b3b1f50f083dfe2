"""Numbers, days and hours as exports write them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichhalf.collect.ad_costs.days import day_order, hour_instants, read_day, read_hour
from whichhalf.collect.ad_costs.numbers import Unreadable, amount, count, decimal_mark
from whichhalf.errors import BadDataError


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1,234.56", ".", "1234.56"),
        ("1.234,56", ",", "1234.56"),
        ("1 234,56", ",", "1234.56"),
        ("1\u202f234,56 €", ",", "1234.56"),
        ("1'234.50", ".", "1234.5"),
        ("R$ 1.234,56", ",", "1234.56"),
        ("US$0.01", ".", "0.01"),
        ("-$5", ".", "-5"),
        ("(5.25)", ".", "-5.25"),
        ("−3", ".", "-3"),
        ("12 kr", ",", "12"),
        ("0.1234567", ".", "0.123457"),
    ],
)
def test_amounts(text: str, mark: str, value: str) -> None:
    assert amount(text, mark) == Decimal(value)


@pytest.mark.parametrize("text", ["abc", "1.2.3", "1,23,4", "12abc", "1e5", "", "-", "9" * 13])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(Unreadable):
        amount(text, ".")


@pytest.mark.parametrize("text", ["-1", "1.5", "x"])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(Unreadable):
        count(text, ".")


@pytest.mark.parametrize(
    ("amounts", "counts", "otherwise", "mark"),
    [
        (["1.234"], [], ",", ","),
        (["1.234"], [], ".", "."),
        (["1.234", "0.5"], [], ",", "."),
        (["1.234", "0,5"], [], ".", ","),
        (["1.234"], ["12.000"], ".", ","),
        (["1.234,56"], [], ".", ","),
        (["1.234.567"], [], ".", ","),
        (["1234.567"], [], ",", "."),
        (["0.567"], [], ",", "."),
        ([], [], ".", "."),
    ],
)
def test_the_mark_of_a_file(
    amounts: list[str], counts: list[str], otherwise: str, mark: str
) -> None:
    assert decimal_mark(amounts, counts, otherwise) == mark


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([",.", ".,", " ,", "'."]))
def test_any_written_amount_is_read_back(value: Decimal, style: str) -> None:
    group, mark = style
    text = f"{value:,.2f}".replace(",", "_").replace(".", mark).replace("_", group)
    assert decimal_mark([text], [], "?") == mark
    assert amount(text, mark) == value


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2026-07-31", ""),
        ("2026-07-31 00:00:00", ""),
        ("31.07.2026", "dmy"),
        ("7/31/2026", "mdy"),
        ("Jul 31, 2026", ""),
        ("31 July 2026", ""),
    ],
)
def test_days(text: str, order: str) -> None:
    assert day_order([text], "f") == order
    assert read_day(text, order) == date(2026, 7, 31)


def test_days_that_could_be_either_are_refused() -> None:
    assert day_order(["02/03/2026", "13/03/2026"], "f") == "dmy"
    with pytest.raises(BadDataError, match="day or month first"):
        day_order(["02/03/2026"], "f")


@pytest.mark.parametrize("text", ["2026-02-30", "1999-12-31", "yesterday", "2026-07-31 13:00"])
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(Unreadable):
        read_day(text, "")


def test_hours() -> None:
    assert [read_hour(text) for text in ("0", "23", "07:00:00 - 07:59:59")] == [0, 23, 7]
    for text in ("24", "-1", "noon"):
        with pytest.raises(Unreadable):
            read_hour(text)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "instants", "exists"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 2, 1, False),
        ("Europe/Berlin", date(2026, 10, 25), 2, 2, True),
        ("America/Los_Angeles", date(2026, 11, 1), 1, 2, True),
        ("America/Santiago", date(2026, 9, 6), 0, 1, False),
        ("Africa/Cairo", date(2026, 4, 24), 0, 1, False),
        ("Asia/Kolkata", date(2026, 7, 1), 5, 1, True),
    ],
)
def test_instants_of_an_hour(zone: str, day: date, hour: int, instants: int, exists: bool) -> None:
    starts, found = hour_instants(day, hour, zone)
    assert (len(starts), found) == (instants, exists)
    if not exists:  # it is where the next hour begins
        assert starts == hour_instants(day, hour + 1, zone)[0]
    if instants == 2:
        assert starts[1] - starts[0] == timedelta(hours=1)
    assert {start.astimezone(ZoneInfo(zone)).date() for start in starts} == {day}
