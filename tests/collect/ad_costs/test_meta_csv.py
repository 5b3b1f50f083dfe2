"""Exports of Ads Manager as people have them: one test per trap."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whichhalf.collect.ad_costs import meta_csv
from whichhalf.collect.reading import Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError
from whichhalf.tables.inputs import AD_COSTS

SOURCE = SourceConfig(name="meta", kind="meta_csv", account_id="act_42", time_zone="Europe/Berlin")
HEADER = (
    '"Reporting starts","Reporting ends",Day,"Campaign name","Campaign ID","Ad set name",'
    '"Ad set ID","Ad name","Ad ID","Amount spent (USD)",Impressions,Reach,"Link clicks",'
    '"Clicks (all)"\n'
)


def row(day: str = "2026-07-01", ad: str = "7", spend: str = "1.50", **cells: str) -> str:
    """One line under HEADER."""
    views, clicks = cells.get("views", "100"), cells.get("clicks", "3")
    campaign_id = cells.get("campaign_id", "120253000000000001")
    return (
        f'2026-07-01,2026-07-31,{day},Summer,{campaign_id},Broad,11,Ad {ad},{ad},"{spend}",'
        f"{views},90,2,{clicks}\n"
    )


def read(tmp_path: Path, content: str | bytes, source: SourceConfig = SOURCE) -> Parsed:
    path = tmp_path / "export.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    parsed = meta_csv.read_file(path, source, Config())
    assert parsed.rows.schema.names == [c.name for c in AD_COSTS.columns if c.name != "day"]
    for column in AD_COSTS.columns:
        if column.name != "day" and not column.nullable:
            assert parsed.rows[column.name].null_count == 0, column.name
    return parsed


def replay(parsed: Parsed, source: SourceConfig = SOURCE) -> Parsed:
    return meta_csv.read_raw([Raw(b.position, b.raw) for b in parsed.bad], source, Config())


def test_a_daily_ad_export(tmp_path: Path) -> None:
    parsed = read(tmp_path, HEADER + row())
    assert parsed.rows.to_pylist() == [
        {
            "network": "meta",
            "account_id": "42",
            "campaign_id": "120253000000000001",
            "campaign_name": "Summer",
            "ad_set_id": "11",
            "ad_set_name": "Broad",
            "ad_id": "7",
            "ad_name": "Ad 7",
            "starts_at": datetime(2026, 6, 30, 22, tzinfo=UTC),
            "hours": 24,
            "local_on": date(2026, 7, 1),
            "time_zone": "Europe/Berlin",
            "country": "(not broken down)",
            "os": "(not broken down)",
            "objective": None,
            "currency": "USD",
            "spend": Decimal("1.500000"),
            "impressions": 100,
            "clicks": 3,
            "source_report": "csv_daily_ad",
            "loaded_from": "meta:export.csv",
        }
    ]
    assert (parsed.lines, parsed.bad, parsed.dropped) == (1, (), Counter())


@pytest.mark.parametrize("total", ["3.00", "4.00"])
def test_total_row_is_left_out_and_held_against_the_sum(tmp_path: Path, total: str) -> None:
    first = f"2026-07-01,2026-07-31,,,,,,,,{total},200,180,4,6\n"
    parsed = read(tmp_path, HEADER + first + row() + row(ad="8"))
    assert parsed.dropped == Counter(total_row=1)
    assert parsed.rows.num_rows == 2
    told = [note for note in parsed.notes if "total rows say" in note]
    assert len(told) == (total == "4.00")


def test_a_campaign_called_total_is_no_total(tmp_path: Path) -> None:
    text = "Day,Campaign name,Amount spent (EUR)\n2026-07-01,Total war,5\n,Total,5\n"
    parsed = read(tmp_path, text)
    assert parsed.rows["campaign_name"].to_pylist() == ["Total war"]
    assert parsed.dropped == Counter(total_row=1)
    assert parsed.rows["source_report"].to_pylist() == ["csv_daily_campaign"]


def test_capitals_of_exports_before_2020(tmp_path: Path) -> None:
    text = (
        "Reporting Starts,Reporting Ends,Ad Set Name,Amount Spent (EUR),Impressions,Link Clicks\n"
        "2019-03-31,2019-03-31,Broad,2.5,10,1\n"
    )
    parsed = read(tmp_path, text)
    one = parsed.rows.to_pylist()[0]
    assert (one["currency"], one["clicks"], one["hours"]) == ("EUR", 1, 23)
    assert one["source_report"] == "csv_daily_ad_set"
    assert any("link clicks" in note for note in parsed.notes)


LOCALISED = {
    "de": "Kampagnenname;Tag;Ausgegebener Betrag (EUR);Impressionen;Klicks (alle)",
    "fr": "Nom de la campagne;Jour;Montant dépensé (EUR);Impressions;Clics (tous)",
    "es": "Nombre de la campaña;Día;Importe gastado (EUR);Impresiones;Clics (todos)",
    "pt": "Nome da campanha;Dia;Valor usado (EUR);Impressões;Cliques (todos)",
    "tr": "Kampanya Adı;Gün;Harcanan Tutar (EUR);Gösterim;Tıklamalar (Tümü)",
    "it": "Nome della campagna;Giorno;Importo speso (EUR);Impression;Clic (tutti)",
}


@pytest.mark.parametrize("header", LOCALISED.values(), ids=LOCALISED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_localised_headers_marks_and_encodings(tmp_path: Path, header: str, encoding: str) -> None:
    text = f"{header}\nA;2026-07-01;1.234,56;1.500;12\nB;2026-07-01;1 234;7;\n"
    parsed = read(tmp_path, text.encode(encoding))
    assert parsed.bad == ()
    assert parsed.rows["spend"].to_pylist() == [Decimal("1234.56"), Decimal("1234")]
    assert parsed.rows["impressions"].to_pylist() == [1500, 7]
    assert parsed.rows["clicks"].to_pylist() == [12, 0]


def test_thousands_in_quotes_of_an_english_file(tmp_path: Path) -> None:
    parsed = read(tmp_path, HEADER + row(spend="1,234") + row(ad="8", spend="$2.25"))
    assert parsed.rows["spend"].to_pylist() == [Decimal(1234), Decimal("2.25")]


def test_the_mark_is_one_a_file(tmp_path: Path) -> None:
    text = HEADER + row(spend="1.5") + row(ad="8", spend="2.25") + row(ad="9", spend="3,75")
    parsed = read(tmp_path, text)
    assert [bad.reason for bad in parsed.bad] == ["impossible_number"]
    assert parsed.rows.num_rows == 2
    assert [bad.reason for bad in replay(parsed).bad] == ["impossible_number"]


@pytest.mark.parametrize(
    ("content", "way_out"),
    [
        (
            "Reporting starts,Reporting ends,Campaign name,Amount spent (EUR)\n"
            "2026-07-01,2026-07-31,A,5\n",
            "Breakdown → By time → Day",
        ),
        ("Campaign name,Amount spent (EUR)\nA,5\n", "Breakdown → By time → Day"),
        (
            "Day,Campaign name,Time of day (viewer's time zone),Amount spent (EUR)\n"
            "2026-07-01,A,00:00:00 - 00:59:59,5\n",
            "ad account time zone",
        ),
        ("Day,Amount spent (EUR)\n2026-07-01,5\n", "Campaign name"),
        ("Day,Campaign name,Amount spent\n2026-07-01,A,5\n", 'currency = "EUR"'),
        ("Day,Campaign name,Amount spent (EUR)\n02/03/2026,A,5\n", "2026-07-31"),
        (
            "Day,Campaign name,Campaign ID,Amount spent (EUR)\n"
            "2026-07-01,A,1.20253E+17,5\n2026-07-02,A,1.20253E+17,5\n",
            "XLSX",
        ),
        ("name,value\na,1\n", "Amount spent"),
        ("", "Amount spent"),
    ],
)
def test_refused_with_a_way_out(tmp_path: Path, content: str, way_out: str) -> None:
    with pytest.raises(BadDataError, match=r"export\.csv") as caught:
        read(tmp_path, content)
    assert way_out in str(caught.value)


@pytest.mark.parametrize("missing", ["account_id", "time_zone"])
def test_refused_without_account_or_zone(tmp_path: Path, missing: str) -> None:
    source = SourceConfig(
        name="meta",
        account_id="" if missing == "account_id" else "42",
        time_zone="" if missing == "time_zone" else "UTC",
    )
    with pytest.raises(BadDataError, match=missing):
        read(tmp_path, HEADER + row(), source)


def test_account_zone_and_currency_of_the_file_come_first(tmp_path: Path) -> None:
    text = (
        "Day,Campaign name,Account ID,Account timezone,Currency,Amount spent\n"
        "2026-07-01,A,9,America/New_York,GBP,5\n2026-07-01,B,9,Nowhere/Land,GBP,5\n"
        "2026-07-01,C,9,America/New_York,XQQ,5\n"
    )
    parsed = read(tmp_path, text)
    one = parsed.rows.to_pylist()[0]
    assert (one["account_id"], one["currency"]) == ("9", "GBP")
    assert one["starts_at"] == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert [bad.reason for bad in parsed.bad] == ["unknown_value", "unknown_currency"]


def test_bad_rows_do_not_stop_the_file(tmp_path: Path) -> None:
    text = (
        HEADER
        + row()
        + row(ad="8", campaign_id="1.20253E+17")
        + row(ad="9", spend="n/a")
        + row(day="2026-02-30", ad="10")
        + "2026-07-01,2026-07-31,2026-07-01,Summer\n"
        + '2026-07-01,2026-07-31,2026-07-01,"Summer,1,Broad,11,Ad 7,7,1,1,1,1,1\n'
        + row(ad="12", views="-4")
        + row(ad="13", spend="")
        + "\n,,,,,,,,,,,,,\n"
        + row(ad="14", day="")
        + row(ad="15", spend="-2.00")
        + row(ad="16", spend="0", views="0", clicks="")
    )
    parsed = read(tmp_path, text)
    assert [(bad.position, bad.reason) for bad in parsed.bad] == [
        (3, "mangled_id"),
        (4, "impossible_number"),
        (5, "impossible_time"),
        (6, "cut_off"),
        (7, "cut_off"),
        (8, "impossible_number"),
        (9, "missing_field"),
        (12, "missing_field"),
    ]
    assert parsed.rows["spend"].to_pylist() == [Decimal("1.5"), Decimal("-2"), Decimal(0)]
    assert parsed.dropped == Counter(blank=2)
    assert any("negative spend" in note for note in parsed.notes)


def test_a_row_set_aside_can_be_corrected(tmp_path: Path) -> None:
    text = "Kampagnenname;Tag;Ausgegebener Betrag (EUR)\nA;2026-07-01;1,5\nB;2026-07-32;1.234\n"
    parsed = read(tmp_path, text)
    raws = [Raw(bad.position, bad.raw.replace("07-32", "07-31")) for bad in parsed.bad]
    again = meta_csv.read_raw(raws, SOURCE, Config())
    assert again.bad == ()
    one = again.rows.to_pylist()[0]
    assert (one["spend"], one["currency"]) == (Decimal(1234), "EUR")
    assert one["loaded_from"] == "meta:export.csv"


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    content = b"Day,Campaign name,Amount spent (EUR)\n2026-07-01,Caf\xe9,5\n2026-07-01,B,5\n"
    parsed = read(tmp_path, content)
    assert [(bad.position, bad.reason) for bad in parsed.bad] == [(2, "not_utf8")]
    assert [bad.reason for bad in replay(parsed).bad] == ["not_utf8"]


def test_equal_rows_count_once_and_different_ones_not_at_all(tmp_path: Path) -> None:
    text = HEADER + row() + row() + row(ad="8") + row(ad="8", spend="9.99")
    parsed = read(tmp_path, text)
    assert parsed.dropped == Counter(duplicate_row=1)
    assert parsed.rows["ad_id"].to_pylist() == ["7"]
    assert [bad.reason for bad in parsed.bad] == ["repeated_key"] * 2


def test_breakdowns_that_are_not_kept_are_summed(tmp_path: Path) -> None:
    text = (
        "Day,Ad name,Age,Country,Impression device,Amount spent (EUR),Impressions\n"
        "2026-07-01,A,18-24,DE,iphone,1.10,1\n"
        "2026-07-01,A,25-34,DE,ipad,2.20,2\n"
        "2026-07-01,A,25-34,DE,ipad,2.20,2\n"
        "2026-07-01,A,25-34,Germany,desktop,4.40,4\n"
    )
    parsed = read(tmp_path, text)
    found = parsed.rows.select(["country", "os", "spend", "impressions"]).to_pylist()
    assert found == [
        {"country": "DE", "os": "ios", "spend": Decimal("3.3"), "impressions": 3},
        {"country": "DE", "os": "(unknown)", "spend": Decimal("4.4"), "impressions": 4},
    ]
    assert parsed.dropped == Counter(summed=1, duplicate_row=1)
    assert any("does not keep Age" in note for note in parsed.notes)


def hourly(*rows: tuple[str, int, str, int]) -> str:
    lines = [
        f"{day},A,{hour:02}:00:00 - {hour:02}:59:59,{spend},{views}\n"
        for day, hour, spend, views in rows
    ]
    header = "Day,Campaign name,Time of day (ad account time zone),Amount spent (EUR),Impressions\n"
    return header + "".join(lines)


def test_the_hour_that_clocks_skip_counts_to_the_next(tmp_path: Path) -> None:
    parsed = read(tmp_path, hourly(("2026-03-29", 2, "1.01", 3), ("2026-03-29", 3, "2.00", 4)))
    one = parsed.rows.to_pylist()
    assert [(r["starts_at"], r["spend"], r["impressions"]) for r in one] == [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), Decimal("3.01"), 7)
    ]
    assert (one[0]["hours"], one[0]["source_report"]) == (1, "csv_hourly_campaign")
    assert parsed.dropped == Counter(skipped_hour=1)


def test_the_hour_that_clocks_repeat_is_split(tmp_path: Path) -> None:
    parsed = read(tmp_path, hourly(("2026-10-25", 2, "0.000003", 5), ("2026-10-25", 3, "1", 1)))
    found = {r["starts_at"].hour: (r["spend"], r["impressions"]) for r in parsed.rows.to_pylist()}
    assert found == {
        0: (Decimal("0.000002"), 3),
        1: (Decimal("0.000001"), 2),
        2: (Decimal(1), 1),
    }


CHANGES = ["2026-03-29", "2026-10-25", "2026-07-01", "2026-09-06", "2026-04-05", "2026-10-04"]
ZONES = ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(CHANGES),
            st.integers(0, 23),
            st.integers(-(10**9), 10**9),
            st.integers(0, 1000),
        ),
        unique_by=lambda one: one[:2],
    ),
    st.sampled_from(ZONES),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_cent_is_lost_over_clock_changes(
    tmp_path: Path, rows: list[tuple[str, int, int, int]], zone: str
) -> None:
    spends = [Decimal(micros).scaleb(-6) for _, _, micros, _ in rows]
    text = hourly(
        *(
            (day, hour, f"{spend:f}", views)
            for (day, hour, _, views), spend in zip(rows, spends, strict=True)
        )
    )
    parsed = read(tmp_path, text, SourceConfig(name="m", account_id="1", time_zone=zone))
    assert parsed.bad == ()
    assert sum(parsed.rows["spend"].to_pylist()) == sum(spends)
    assert sum(parsed.rows["impressions"].to_pylist()) == sum(one[3] for one in rows)
    assert len(set(parsed.rows["starts_at"].to_pylist())) == parsed.rows.num_rows


@given(st.lists(st.one_of(st.text(max_size=60), st.sampled_from([row(), row(ad="8"), '"', "\n"]))))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_lines_add_up_whatever_they_hold(tmp_path: Path, lines: list[str]) -> None:
    body = "".join(line if line.endswith("\n") else line + "\n" for line in lines)
    content = (HEADER + body).encode("utf-8", "surrogatepass")
    parsed = read(tmp_path, content)  # Parsed itself refuses counts that do not add up
    again = replay(parsed)
    assert again.lines == len(parsed.bad)
    assert Counter(b.reason for b in again.bad) == Counter(b.reason for b in parsed.bad)


@given(st.lists(st.text(max_size=40)))
@settings(max_examples=40, deadline=None)
def test_replay_of_anything(texts: list[str]) -> None:
    parsed = meta_csv.read_raw([Raw(n, text) for n, text in enumerate(texts)], SOURCE, Config())
    assert parsed.lines == len(texts)
