"""Rules of table files, one test each; files are written as text."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whichhalf.collect.reading import Parsed, Raw
from whichhalf.collect.table_files import read_file, read_raw
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError
from whichhalf.tables import LOADABLE

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAYMENT = "payment_id,user_id,paid_at,payment_kind,amount,currency"
GOOD = "p1,7,2026-01-02T03:04:05Z,charge,9.99,USD"


def source(table: str, **settings_: Any) -> SourceConfig:
    return SourceConfig(name="mine", kind="table", table=table, **settings_)


def read(path: Path, table: str, **settings_: Any) -> Parsed:
    return read_file(path, source(table, **settings_), Config(), now=NOW)


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Write text, read it as a table."""

    def load(table: str, text: str | bytes, name: str = "rows.csv", **settings_: Any) -> Parsed:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path, table, **settings_)

    return load


def payments(*lines: str, header: str = PAYMENT) -> str:
    return "\n".join([header, *lines, ""])


def faults(parsed: Parsed) -> list[tuple[int, str]]:
    return [(bad.position, bad.reason) for bad in parsed.bad]


def test_a_payment_gets_its_types_prefixes_and_defaults(load: Any) -> None:
    parsed = load("payments", payments(GOOD), app="shop")
    assert parsed.rows.schema == pa.schema(
        [f for f in LOADABLE["payments"].arrow if f.name != "day"]
    )
    assert parsed.rows.to_pylist() == [
        {
            "app": "shop",
            "payment_id": "p1",
            "version": 0,
            "user_id": "u:7",
            "visitor_id": None,
            "visitor_key": None,
            "paid_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "payment_kind": "charge",
            "amount": Decimal("9.990000"),
            "currency": "USD",
            "product_id": None,
            "quantity": 1,
            "refunded_payment_id": None,
        }
    ]
    assert (parsed.lines, parsed.bad, parsed.notes) == (1, (), ())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_delimiters_byte_order_marks_and_gzip(
    load: Any, delimiter: str, start: bytes, pack: Any
) -> None:
    text = payments(GOOD).replace(",", delimiter).replace("\n", "\r\n")
    parsed = load("payments", pack(start + text.encode()))
    assert parsed.rows["payment_id"].to_pylist() == ["p1"]
    assert parsed.rows["currency"].to_pylist() == ["USD"]


def test_names_of_columns_in_any_case_and_order(load: Any) -> None:
    header = "Currency,AMOUNT,Payment Kind,Paid At,User ID,Payment ID"
    text = header + "\nUSD,1,charge,2026-01-01T00:00:00Z,u,p\n"
    assert load("payments", text).rows["user_id"].to_pylist() == ["u:u"]


def test_json_lines_keep_every_digit(load: Any) -> None:
    line = (
        '{"payment_id": "p", "user_id": 12345678901234567890, "paid_at": 1767225600,'
        ' "payment_kind": "charge", "amount": 123456789012.123456, "currency": "usd"}'
    )
    parsed = load(
        "payments", line + "\n\n" + '{"cut": \n[1]\n{"a": NaN}\n{"a": "\\ud800"}\n', "x.jsonl"
    )
    row = parsed.rows.to_pylist()[0]
    assert row["user_id"] == "u:12345678901234567890"
    assert row["amount"] == Decimal("123456789012.123456")
    assert row["currency"] == "USD"
    assert row["paid_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert faults(parsed) == [(n, "not_json") for n in (3, 4, 5, 6)]
    assert parsed.dropped == {"empty_line": 1}


def test_parquet_money_as_floats_is_rounded_with_a_note(tmp_path: Path) -> None:
    table = pa.table(
        {
            "payment_id": ["a", "b"],
            "user_id": pa.array([7.0, 1e17]),
            "paid_at": pa.array([0, 1], pa.timestamp("ns")).cast(pa.timestamp("ns")),
            "payment_kind": ["charge", "charge"],
            "amount": [0.1 + 0.2, 5.0],
            "currency": ["EUR", "EUR"],
        }
    ).set_column(2, "paid_at", pa.array([datetime(2026, 1, 1), datetime(2026, 1, 2)]))
    pq.write_table(table, tmp_path / "x.parquet")
    parsed = read(tmp_path / "x.parquet", "payments")
    assert parsed.rows["amount"].to_pylist() == [Decimal("0.300000")]
    assert parsed.rows["user_id"].to_pylist() == ["u:7"]
    assert faults(parsed) == [(2, "mangled_id")]
    assert parsed.notes == (
        "paid_at: 2 times without a zone were taken as UTC",
        "amount: 1 numbers lost decimals by rounding",
    )


@pytest.mark.parametrize(
    ("paid_at", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05.25+02:00", datetime(2026, 1, 2, 1, 4, 5, 250000, tzinfo=UTC)),
        ("2026-01-02 03:04:05+00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05 UTC", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04Z", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("1767323045", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("1767323045250", datetime(2026, 1, 2, 3, 4, 5, 250000, tzinfo=UTC)),
        ("1767323045250001", datetime(2026, 1, 2, 3, 4, 5, 250001, tzinfo=UTC)),
        ("946684800", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_times(load: Any, paid_at: str, expected: datetime) -> None:
    parsed = load("payments", payments(f"p,u,{paid_at},charge,1,USD"))
    assert parsed.rows["paid_at"].to_pylist() == [expected]
    assert parsed.notes == ()


def test_times_without_a_zone_are_utc_and_said(load: Any) -> None:
    parsed = load("payments", payments("p,u,2026-01-02 03:04:05,charge,1,USD", GOOD))
    assert parsed.rows["paid_at"][0].as_py() == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert parsed.notes == ("paid_at: 1 times without a zone were taken as UTC",)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("p,u,1999-12-31T23:59:59Z,charge,1,USD", "impossible_time"),
        ("p,u,2026-11-02T00:00:01Z,charge,1,USD", "impossible_time"),
        ("p,u,2026-02-30T00:00:00Z,charge,1,USD", "impossible_time"),
        ("p,u,yesterday,charge,1,USD", "impossible_time"),
        ("p,u,0000-01-01T00:00:00Z,charge,1,USD", "impossible_time"),
        ("p,u,9999-12-31T23:59:59-14:00,charge,1,USD", "impossible_time"),
        ("p,u,,charge,1,USD", "missing_field"),
        ("p,u,2026-01-01T00:00:00Z,charge,1.2345678,USD", "impossible_number"),
        ("p,u,2026-01-01T00:00:00Z,charge,-1,USD", "impossible_number"),
        ("p,u,2026-01-01T00:00:00Z,charge,ten,USD", "impossible_number"),
        ("p,u,2026-01-01T00:00:00Z,charge,1000000000000,USD", "impossible_number"),
        ("p,u,2026-01-01T00:00:00Z,charge,1,XQZ", "unknown_currency"),
        ("p,u,2026-01-01T00:00:00Z,gift,1,USD", "unknown_value"),
        ("p,null,2026-01-01T00:00:00Z,charge,1,USD", "missing_id"),
        ("1.2E+17,u,2026-01-01T00:00:00Z,charge,1,USD", "mangled_id"),
        ("p,u,2026-01-01T00:00:00Z,charge,1", "cut_off"),
        ("p,u,2026-01-01T00:00:00Z,charge,1,USD,more", "cut_off"),
    ],
)
def test_a_bad_row_has_its_reason_and_position(load: Any, line: str, reason: str) -> None:
    parsed = load("payments", payments(GOOD, line, GOOD.replace("p1", "p2")))
    assert faults(parsed) == [(3, reason)]
    assert parsed.rows["payment_id"].to_pylist() == ["p1", "p2"]


@pytest.mark.parametrize("amount", ["1e3", "1000.0000000", "+1000", " 1000 "])
def test_other_ways_to_write_a_number(load: Any, amount: str) -> None:
    parsed = load("payments", payments(f"p,u,2026-01-01T00:00:00Z,charge,{amount},USD"))
    assert parsed.rows["amount"].to_pylist() == [Decimal("1000")]


def test_minus_signs_of_refunds_are_dropped_with_a_note(load: Any) -> None:
    at = "2026-01-01T00:00:00Z"
    lines = [f"a,u,{at},Refund,-5,USD", f"b,u,{at},fee,1.5,USD", f"c,u,{at},refund,2,USD"]
    parsed = load("payments", payments(*lines))
    assert parsed.rows["amount"].to_pylist() == [Decimal(5), Decimal("1.5"), Decimal(2)]
    assert parsed.rows["payment_kind"].to_pylist() == ["refund", "fee", "refund"]
    assert parsed.notes[0].startswith("amount: 1 negative values of refund")


def test_ids_that_mean_nobody_become_null(load: Any) -> None:
    nobody = ["", "null", "UNDEFINED", "None", "nan", "0", "u:0", " ", "u:"]
    nobody += ["00000000-0000-0000-0000-000000000000"]
    lines = [f"{n},{word},v{n}" for n, word in enumerate(nobody)]
    text = "touch_id,user_id,anonymous_id,touch_type,touched_at\n" + "".join(
        f"{line},click,2026-01-01T00:00:00Z\n" for line in lines
    )
    parsed = load("touches", text)
    assert parsed.rows["user_id"].to_pylist() == [None] * len(nobody)


def test_visitors_by_any_of_their_ids(load: Any) -> None:
    text = (
        "touch_id,visitor_id,anonymous_id,device_id,touch_type,touched_at\n"
        "1,v,x,y,click,2026-01-01T00:00:00Z\n"
        "2,d:v,x,y,click,2026-01-01T00:00:00Z\n"
        "3,,x,y,CLICK,2026-01-01T00:00:00Z\n"
        "4,null,0,y,visit,2026-01-01T00:00:00Z\n"
        "5,,,,visit,2026-01-01T00:00:00Z\n"
        "6,v,,,seen,2026-01-01T00:00:00Z\n"
    )
    parsed = load("touches", text)
    assert parsed.rows["visitor_id"].to_pylist() == ["a:v", "d:v", "a:x", "d:y"]
    assert parsed.rows["visitor_key"].to_pylist() == [None] * 4
    assert faults(parsed) == [(6, "missing_id"), (7, "unknown_value")]
    assert parsed.notes == ()


def test_unknown_columns_are_ignored_and_said(load: Any) -> None:
    parsed = load("payments", payments(GOOD + ",1,x", header=PAYMENT + ",quantitty,foo"))
    assert parsed.notes == ("ignored columns: quantitty (Did you mean 'quantity'?), foo",)


def test_a_missing_column_refuses_the_file(load: Any) -> None:
    with pytest.raises(
        BadDataError, match=r"payments needs more columns: amount \(in `curr.*has: p"
    ):
        load("payments", "payment_id,user_id,paid_at,payment_kind,currency\n")
    with pytest.raises(BadDataError, match="one of anonymous_id, device_id, person_id, user_id"):
        load("touches", "touch_id,touch_type,touched_at\n")
    with pytest.raises(BadDataError, match=r"local_on .* or starts_at"):
        load("ad_costs", "spend\n", network="x", account_id="1", time_zone="UTC", currency="EUR")


def test_the_last_row_of_a_key_holds(load: Any) -> None:
    other = GOOD.replace("9.99", "5")
    parsed = load("payments", payments(GOOD, GOOD.replace("p1", "p2"), other, GOOD))
    assert parsed.rows["payment_id"].to_pylist() == ["p2", "p1"]
    assert parsed.rows["amount"].to_pylist() == [Decimal("9.99")] * 2
    assert faults(parsed) == [(4, "repeated_key")]
    assert parsed.dropped == {"duplicate_row": 1}


def test_positions_count_rows_with_quoted_line_ends(load: Any) -> None:
    lines = ['"p\n1",u,2026-01-01T00:00:00Z,charge,1,USD', "short", "", GOOD, "p,u,x,charge,1,USD"]
    parsed = load("payments", payments(*lines))
    assert faults(parsed) == [(3, "cut_off"), (6, "impossible_time")]
    assert parsed.rows["payment_id"].to_pylist() == ["p\n1", "p1"]
    assert parsed.dropped == {"empty_line": 1}
    assert parsed.lines == 5


def test_bytes_that_are_no_utf8(load: Any) -> None:
    text = payments(GOOD).encode() + b"p\xff,u,2026-01-01T00:00:00Z,charge,1,USD\n"
    parsed = load("payments", text)
    assert faults(parsed) == [(3, "not_utf8")]
    assert parsed.bad[0].raw.startswith("p\\xff,u,")
    line = b'{"payment_id": "\xff"}\n'
    cells = dict(zip(PAYMENT.split(","), GOOD.split(","), strict=True))
    good = json.dumps(cells).encode() + b"\n"
    assert faults(load("payments", good + line)) == [(2, "not_utf8")]


@pytest.mark.parametrize(
    ("content", "name", "match"),
    [
        (b"", "x.csv", "empty"),
        (b"\xef\xbb\xbf \n", "x.csv", "empty"),
        (b"PK\x03\x04....", "x.xlsx", "zip or Excel"),
        (b"\xff\xfea\0", "x.csv", "UTF-16"),
        (b'[{"a": 1}]', "x.json", "JSON array"),
        (b"a,b\0c\n", "x.csv", "NUL"),
        (b"\x1f\x8b\x08\x00broken", "x.csv.gz", "gzip is broken"),
        (gzip.compress(b"a,b\n" * 999, mtime=0)[:-9], "x.csv.gz", "gzip is broken"),
        (b"PAR1 no more", "x.parquet", "broken Parquet"),
        (b"a,b\n", "x.parquet", "broken Parquet"),
        (b"a,A\n1,2\n", "x.csv", "several columns are called 'a'"),
        (b"\na,b\n1,2\n", "x.csv", "begins with an empty line"),
        (b"caf\xe9,b\n1,2\n", "x.csv", "first line is no UTF-8"),
    ],
)
def test_files_that_cannot_be_read(load: Any, content: bytes, name: str, match: str) -> None:
    with pytest.raises(BadDataError, match=match):
        load("payments", content, name)


def test_json_lines_by_name_where_the_first_is_broken(load: Any) -> None:
    good = dict(zip(PAYMENT.split(","), GOOD.split(","), strict=True)) | {"product_id": "\\N"}
    parsed = load("payments", "oops\n" + json.dumps(good), "x.jsonl")
    assert faults(parsed) == [(1, "not_json")]
    assert parsed.rows["product_id"].to_pylist() == [None]
    with pytest.raises(BadDataError, match="The file has: none"):
        load("payments", "oops\n", "x.ndjson")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="cannot be read: No such file"):
        read(tmp_path / "none.csv", "payments")


def test_a_header_alone_is_no_rows(load: Any) -> None:
    for text in (PAYMENT, PAYMENT + "\r\n"):
        parsed = load("payments", text)
        assert (parsed.rows.num_rows, parsed.lines) == (0, 0)


ACCOUNT = {"network": "meta", "account_id": "1", "time_zone": "Europe/Berlin", "currency": "EUR"}


def test_costs_of_local_days(load: Any) -> None:
    text = "campaign_id,local_on,spend\nc,2026-03-28,1\nc,2026-03-29,2.5\nc,2026-10-25,3\n"
    rows = load("ad_costs", text, **ACCOUNT).rows
    assert rows["hours"].to_pylist() == [24, 23, 25]
    assert rows["starts_at"].to_pylist() == [
        datetime(2026, 3, 27, 23, tzinfo=UTC),
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 10, 24, 22, tzinfo=UTC),
    ]
    row = rows.to_pylist()[0]
    assert (row["country"], row["os"]) == ("(not broken down)", "(not broken down)")
    assert (row["source_report"], row["loaded_from"]) == ("table_daily", "mine:rows.csv")
    assert (row["impressions"], row["clicks"], row["currency"]) == (0, 0, "EUR")


def test_days_without_midnight_begin_at_their_first_instant(load: Any) -> None:
    text = (
        "date,time_zone,spend\n2026-09-06,America/Santiago,1\n2026-04-24,Africa/Cairo,1\n"
        "2026-01-01,Asia/Kathmandu,1\n2011-12-30,Pacific/Apia,1\n2026-01-01,Europe/Belin,1\n"
    )
    parsed = load("ad_costs", text, **ACCOUNT)
    assert parsed.rows["starts_at"].to_pylist() == [
        datetime(2026, 9, 6, 4, tzinfo=UTC),
        datetime(2026, 4, 23, 22, tzinfo=UTC),
        datetime(2025, 12, 31, 18, 15, tzinfo=UTC),
    ]
    assert parsed.rows["hours"].to_pylist() == [23, 23, 24]
    assert faults(parsed) == [(5, "impossible_time"), (6, "unknown_value")]
    assert "Did you mean 'Europe/Berlin'?" in parsed.bad[1].detail


def test_dates_that_cannot_be(load: Any) -> None:
    parsed = load("ad_costs", "day,spend\n0000-01-01,1\n1999-12-31,1\n2026-11-03,1\n", **ACCOUNT)
    assert faults(parsed) == [(n, "impossible_time") for n in (2, 3, 4)]
    planned = "experiment,unit,arm,starts_on,ends_on\nx,DE,hold-out,2026-12-01,2027-01-01\n"
    assert load("experiments", planned).rows["ends_on"].to_pylist() == [date(2027, 1, 1)]


def test_costs_of_hours(load: Any) -> None:
    text = "starts_at,spend,clicks\n2026-01-01T23:00:00Z,1,5\n2026-01-02T00:00:00Z,1,-5\n"
    parsed = load("ad_costs", text, **ACCOUNT)
    row = parsed.rows.to_pylist()[0]
    assert (row["hours"], row["local_on"]) == (1, date(2026, 1, 2))
    assert row["source_report"] == "table_hourly"
    assert faults(parsed) == [(3, "impossible_number")]


def test_rates(load: Any) -> None:
    text = (
        "date,currency,rate\n2026-01-01,uah,49.5\n2026-01-02,UAH,0\n2026-01-03,UAH,-1\n"
        "2027-01-01,UAH,50\n2026-01-04,UAH,1000000\n"
    )
    parsed = load("rates", text, currency="USD", priority=4)
    assert parsed.table_name == "loaded_rates"
    assert parsed.rows.to_pylist() == [
        {
            "rate_source": "mine",
            "priority": 4,
            "quoted_on": date(2026, 1, 1),
            "base": "USD",
            "currency": "UAH",
            "units_per_base": Decimal("49.5"),
        }
    ]
    number = "impossible_number"
    assert faults(parsed) == [(3, number), (4, number), (5, "impossible_time"), (6, number)]
    with pytest.raises(BadDataError, match="base"):
        load("rates", text)


def test_events_get_hashes_ids_and_parts_of_addresses(load: Any) -> None:
    page = "page,9,2026-01-01T00:00:00Z,https://www.shop.com/a?utm_source=Bing&gclid=x,"
    tagged = "page,9,2026-01-01T00:00:01Z,https://shop.com/b?utm_source=Bing,mail"
    text = "call,user_id,occurred_at,url,source\n" + "\n".join([page, page, tagged, ""])
    rows = load("events", text).rows.to_pylist()
    assert rows[0]["content_hash"] == rows[1]["content_hash"] != rows[2]["content_hash"]
    assert [row["message_id"] for row in rows] == [
        f"{rows[0]['content_hash']}-0",
        f"{rows[0]['content_hash']}-1",
        f"{rows[2]['content_hash']}-0",
    ]
    assert [row["source"] for row in rows] == ["bing", "bing", "mail"]
    assert [row["click_id"] for row in rows] == ["x", "x", None]
    assert [row["url_host"] for row in rows] == ["shop.com"] * 3
    assert rows[2]["url_path"] == "/b"
    assert rows[0]["received_at"] == rows[0]["occurred_at"]


def test_events_keep_what_they_bring(load: Any) -> None:
    line = {
        "message_id": "m",
        "call": "Track",
        "anonymous_id": "v",
        "occurred_at": "2026-01-01T00:00:00Z",
        "properties": {"price": 9.90, "deep": [1]},
    }
    parsed = load("events", json.dumps(line) + "\n" + json.dumps({**line, "call": "sing"}))
    row = parsed.rows.to_pylist()[0]
    assert (row["message_id"], row["call"]) == ("m", "track")
    assert row["properties"] == '{"price":9.9,"deep":[1]}'
    assert faults(parsed) == [(2, "unknown_value")]


def test_install_referrers_are_taken_apart(load: Any) -> None:
    text = (
        "install_id,first_open_at,device_id,referrer,referrer_click_at,is_reinstall\n"
        "1,1767225600,x,utm_source=google&utm_campaign=c%201&gclid=z,0,yes\n"
        "2,1767225600,y,,1767225000,0\n"
        "3,1767225600,y,,,perhaps\n"
    )
    parsed = load("installs", text)
    rows = parsed.rows.to_pylist()
    assert [row["campaign"] for row in rows] == ["c 1", None]
    assert (rows[0]["source"], rows[0]["click_id_kind"]) == ("google", "gclid")
    # Stores write the epoch where there was no click.
    assert [row["referrer_click_at"] is None for row in rows] == [True, False]
    assert [row["is_reinstall"] for row in rows] == [True, False]
    assert faults(parsed) == [(4, "unknown_value")]


def test_sources_of_clicks_in_lower_case(load: Any) -> None:
    text = "touch_id,touched_at,source,medium,campaign,country\n1,1767225600,FB,CPC,Big,de\n"
    row = load("clicks", text).rows.to_pylist()[0]
    assert (row["source"], row["medium"], row["campaign"]) == ("fb", "cpc", "Big")
    assert (row["country"], row["visitor_id"]) == ("DE", None)


def test_quarantined_rows_can_be_read_again(load: Any) -> None:
    parsed = load("payments", payments(GOOD, "p,u,2026-01-01T00:00:00Z,gift,1,USD"))
    bad = parsed.bad[0]
    again = read_raw([Raw(bad.position, bad.raw)], source("payments"), Config(), now=NOW)
    assert again.bad == parsed.bad
    mended = bad.raw.replace("gift", "charge")
    mended_again = read_raw([Raw(3, mended)], source("payments"), Config(), now=NOW)
    assert mended_again.rows["payment_id"].to_pylist() == ["p"]
    torn = read_raw([Raw(3, "p,u"), Raw(4, "{}")], source("payments"), Config(), now=NOW)
    assert faults(torn) == [(3, "not_json"), (4, "missing_id")]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_what_was_dumped_loads_the_same(load: Any, tmp_path: Path, suffix: str) -> None:
    lines = [GOOD, 'p2,"a ""b"", c",1767225600123456,refund,0.000001,EUR']
    first = load("payments", payments(*lines), app="shop").rows
    path = tmp_path / f"dump.{suffix}"
    if suffix == "csv":
        pa_csv.write_csv(first, path)
    elif suffix == "parquet":
        pq.write_table(first, path)
    else:
        path.write_text("".join(json.dumps(r, default=str) + "\n" for r in first.to_pylist()))
    again = read(path, "payments")
    assert again.rows.equals(first)
    assert (again.bad, again.notes) == ((), ())


# A value that every table takes, by column, else by type.
BY_NAME: dict[str, Any] = {
    "user_id": "u:1",
    "other_user_id": "u:2",
    "visitor_id": "d:1",
    "visitor_key": None,
    "call": "alias",
    "touch_type": "referrer",
    "payment_kind": "tax",
    "currency": "KWD",
    "base": "EUR",
    "country": "DE",
    "time_zone": "Asia/Kolkata",
    "properties": '{"a":[1]}',
    "wanted": 0.25,
}
BY_TYPE: dict[str, Any] = {
    "string": 'some "text",\n with all; of\tit',
    "bigint": 3,
    "double": 1.5,
    "boolean": True,
    "date": date(2026, 1, 31),
    "timestamp": datetime(2026, 1, 31, 1, 2, 3, 4, tzinfo=UTC),
    "money": Decimal("123456789012.000001"),
    "rate": Decimal("123456.000000000001"),
}


@pytest.mark.parametrize("name", sorted(LOADABLE))
def test_every_table_loads_as_it_was_dumped(tmp_path: Path, name: str) -> None:
    columns = [column for column in LOADABLE[name].columns if column.name != "day"]
    full = {c.name: BY_NAME.get(c.name, BY_TYPE.get(c.type)) for c in columns}
    lower = ("source", "medium", "url_host", "referrer_host")
    full |= {key: "some text" for key in lower if key in full}
    rows = pa.Table.from_pylist([full], schema=pa.schema([column.arrow for column in columns]))
    pa_csv.write_csv(rows, tmp_path / "x.csv")
    pq.write_table(rows, tmp_path / "x.parquet")
    for file in ("x.csv", "x.parquet"):
        parsed = read(tmp_path / file, name)
        assert parsed.bad == ()
        assert parsed.rows.to_pylist() == rows.to_pylist()
        assert parsed.notes == ()


CELL = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", "u", "p", "charge", "refund", "1", "-1", "1e400", "USD", "nan", '"', "\n"]
    ),
    st.sampled_from(
        ["2026-01-01", "2026-01-01T00:00:00Z", "9" * 30, "\\N", "0001-01-01T00:00+23:59"]
    ),
)
SHARED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SHARED
@given(
    st.lists(st.lists(CELL, min_size=6, max_size=6), max_size=5), st.sampled_from(sorted(LOADABLE))
)
def test_any_json_rows_are_accounted_for(
    tmp_path: Path, rows: list[list[str]], table_name: str
) -> None:
    names = [c.name for c in LOADABLE[table_name].columns if not c.nullable][:6]
    raws = [
        Raw(n, json.dumps(dict(zip(names, row, strict=False)))) for n, row in enumerate(rows, 1)
    ]
    parsed = read_raw(raws, source(table_name), Config(), now=NOW)
    assert parsed.lines == len(rows)
    assert parsed.rows.num_rows + len(parsed.bad) + parsed.dropped.total() == len(rows)


@SHARED
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_any_csv_lines_are_accounted_for_or_refused(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "garbage.csv"
    path.write_bytes((payments(GOOD) + tail).encode("utf-8", "surrogatepass"))
    try:
        parsed = read(path, "payments")
    except BadDataError:
        return
    # Parsed itself refuses sums that do not add up; the good row is never harmed.
    assert "p1" in parsed.rows["payment_id"].to_pylist()
    assert [bad.position for bad in parsed.bad] == sorted({bad.position for bad in parsed.bad})
