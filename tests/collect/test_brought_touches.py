"""Touches and conversions that others made, in the columns that such files have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from whichhalf.collect.reading import Parsed
from whichhalf.collect.table_files import read_file
from whichhalf.config import Config, ReportConfig, SourceConfig
from whichhalf.errors import BadDataError

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TOUCH = "touch_id,person_id,occurred_at,channel,type"
CONVERSION = "conversion_id,person_id,kind,occurred_at,value,currency"


def read(tmp_path: Path, table: str, *lines: str) -> Parsed:
    path = tmp_path / f"{table}.csv"
    path.write_text("\n".join([*lines, ""]), "utf-8")
    source = SourceConfig(name="mine", kind="table", table=table, app="shop")
    config = Config(report=ReportConfig(currency="EUR"))
    return read_file(path, source, config, now=NOW)


def faults(parsed: Parsed) -> list[tuple[int, str]]:
    return [(bad.position, bad.reason) for bad in parsed.bad]


def test_the_least_columns_of_touches(tmp_path: Path) -> None:
    line = "t1, 42 ,2026-03-01T10:00:00Z, Podcast ,Click"
    parsed = read(tmp_path, "touches", TOUCH, line)
    [row] = parsed.rows.to_pylist()
    assert {name: value for name, value in row.items() if value is not None} == {
        "app": "shop",
        "touch_id": "t1",
        "touch_type": "click",
        "touched_at": datetime(2026, 3, 1, 10, tzinfo=UTC),
        "user_id": "u:42",
        "channel": "Podcast",
    }
    assert parsed.notes == ()


def test_every_column_of_touches(tmp_path: Path) -> None:
    more = (
        ",is_paid,network,campaign_id,campaign_name,ad_set_id,ad_set_name,ad_id,ad_name,source,"
        "medium,country"
    )
    cells = ",true,Meta,c1,Spring,s1,Young,a1,Blue,FB,CPC,de"
    parsed = read(tmp_path, "touches", TOUCH + more, f"t1,u:7,1772359200,,visit{cells}")
    [row] = parsed.rows.to_pylist()
    said = {
        "is_paid": True, "network": "Meta", "campaign_id": "c1", "campaign": "Spring",
        "utm_id": "c1", "ad_set_id": "s1", "term": "Young", "ad_id": "a1", "content": "Blue",
        "source": "fb", "medium": "cpc", "country": "DE", "user_id": "u:7", "channel": None,
    }  # fmt: skip
    assert {name: row[name] for name in said} == said
    assert parsed.notes == ()


def test_a_tag_goes_before_a_name(tmp_path: Path) -> None:
    lines = ("t1,1,2026-03-01,,click,spring_tag,Spring", "t2,1,2026-03-01,,click,,Spring")
    parsed = read(tmp_path, "touches", f"{TOUCH},campaign,campaign_name", *lines)
    assert parsed.rows["campaign"].to_pylist() == ["spring_tag", "Spring"]


def test_what_is_wrong_with_touches(tmp_path: Path) -> None:
    parsed = read(
        tmp_path, "touches", f"{TOUCH},is_paid",
        "t1,1,2026-03-01T10:00:00Z,email,view,",
        "t2,,2026-03-01T10:00:00Z,email,click,",
        "t3,null,2026-03-01T10:00:00Z,email,click,",
        "t4,1,1999-12-31T10:00:00Z,email,click,",
        "t5,1,2027-03-01T10:00:00Z,email,click,",
        "t6,1,soon,email,click,",
        "t7,1,,email,click,",
        "t8,1,2026-03-01T10:00:00Z,email,,",
        ",1,2026-03-01T10:00:00Z,email,click,",
        "t9,1,2026-03-01T10:00:00Z,email,click,perhaps",
        "t0,1,2026-03-01T10:00:00Z,email,click,yes",
        "t0,1,2026-03-01T10:00:00Z,email,click,yes",
        "t10,1.2E+17,2026-03-01T10:00:00Z,email,click,",
    )  # fmt: skip
    assert faults(parsed) == [
        (2, "unknown_value"), (3, "missing_id"), (4, "missing_id"), (5, "impossible_time"),
        (6, "impossible_time"), (7, "impossible_time"), (8, "missing_field"),
        (9, "missing_field"), (10, "missing_field"), (11, "unknown_value"), (14, "mangled_id"),
    ]  # fmt: skip
    assert parsed.dropped == {"duplicate_row": 1}
    assert parsed.rows["touch_id"].to_pylist() == ["t0"]
    assert parsed.lines == 13
    assert "person_id" in parsed.bad[1].detail


def test_values_of_conversions(tmp_path: Path) -> None:
    parsed = read(
        tmp_path, "conversions", f"{CONVERSION},country,os",
        "c1,42,trial,2026-03-05T10:00:00Z,12.50,usd,us,ios",
        "c2,42,trial,2026-03-05T10:00:00Z,7,,,",
        "c3,42,trial,2026-03-05T10:00:00Z,,,,",
        "c4,42,trial,2026-03-05T10:00:00Z,1,XXZ,,",
        "c5,42,trial,2026-03-05T10:00:00Z,much,EUR,,",
        "c6,,trial,2026-03-05T10:00:00Z,1,EUR,,",
        "c7,42,,2026-03-05T10:00:00Z,1,EUR,,",
    )  # fmt: skip
    columns = ["conversion_id", "user_id", "currency", "country", "os"]
    found = [tuple(row.values()) for row in parsed.rows.select(columns).to_pylist()]
    assert found == [
        ("c1", "u:42", "USD", "US", "ios"),
        ("c2", "u:42", "EUR", None, None),
        ("c3", "u:42", None, None, None),
    ]
    assert [str(amount) for amount in parsed.rows["amount"]] == ["12.500000", "7.000000", "None"]
    assert parsed.notes == ("1 value without a currency: taken in the reporting currency, EUR",)
    assert faults(parsed) == [
        (5, "unknown_currency"), (6, "impossible_number"), (7, "missing_id"), (8, "missing_field"),
    ]  # fmt: skip


def test_a_person_goes_before_user_and_device(tmp_path: Path) -> None:
    parsed = read(
        tmp_path, "conversions", "conversion_id,person_id,user_id,visitor_id,kind,occurred_at",
        "c1,u:1,u:2,d:9,trial,2026-03-05",  # dumped: user 2 was merged into person 1
        "c2,a:x@shop,,a:x,trial,2026-03-05",  # dumped: our own name of visitor a:x
        "c3,a:x@other,,a:x,trial,2026-03-05",
        "c4,,u:2,,trial,2026-03-05",
        "c5,undefined,,a:x,trial,2026-03-05",
    )  # fmt: skip
    found = parsed.rows.select(["user_id", "visitor_id"]).to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("u:1", "d:9"), (None, "a:x"), ("u:a:x@other", "a:x"), ("u:2", None), (None, "a:x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "header", "match"),
    [
        ("touches", "touch_id,person_id,occurred_at", r"touch_type \(.*files may call it type\)"),
        ("touches", "touch_id,type,occurred_at", "one of anonymous_id, device_id, person_id"),
        ("conversions", "conversion_id,person_id,kind", "files may call it occurred_at"),
    ],
)
def test_a_file_without_what_it_needs_is_refused(
    tmp_path: Path, table: str, header: str, match: str
) -> None:
    with pytest.raises(BadDataError, match=match):
        read(tmp_path, table, header)


def test_a_person_is_no_column_of_other_tables(tmp_path: Path) -> None:
    header = "payment_id,person_id,user_id,paid_at,payment_kind,amount,currency"
    parsed = read(tmp_path, "payments", header, "p,1,2,2026-01-01,charge,1,USD")
    assert parsed.rows["user_id"].to_pylist() == ["u:2"]
    assert parsed.notes[0].startswith("ignored columns: person_id")
