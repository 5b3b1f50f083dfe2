"""Reports of Google Ads as people have them: one test per trap."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from whichhalf.collect.ad_costs import google_ads_csv
from whichhalf.collect.reading import Parsed, Raw
from whichhalf.config import Config, SourceConfig
from whichhalf.errors import BadDataError

SOURCE = SourceConfig(name="google", kind="google_ads_csv", time_zone="America/Los_Angeles")
REPORT = """\
Ad group performance
"July 1, 2026 - July 31, 2026"
Day,Campaign,Campaign ID,Campaign state,Ad group,Ad group ID,Customer ID,\
Currency code,Cost,Impr.,Clicks,Conversions
2026-07-01,Brand,701,Enabled,Exact,801,123-456-7890,USD,"1,234.56","12,345",67,1.00
2026-07-02,Brand,701,Enabled,Exact,801,123-456-7890,USD,$0.44, --, --,0.00
2026-07-02,Generic,702,Paused,Broad,802,123-456-7890,USD,0,0,0,0.00
Total: Ad groups, --, --, --, --, --, --,USD,"1,235.00","12,345",67,1.00
Total: Account, --, --, --, --, --, --,USD,"1,300.00","13,000",70,1.00
"""


def read(tmp_path: Path, content: str | bytes, source: SourceConfig = SOURCE) -> Parsed:
    path = tmp_path / "report.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return google_ads_csv.read_file(path, source, Config())


EDITOR = REPORT.replace("\n", "\r\n")


def tabbed(text: str) -> bytes:
    """The same report as "Excel .csv": UTF-16 with tabs."""
    out = io.StringIO()
    csv.writer(out, delimiter="\t").writerows(csv.reader(io.StringIO(text)))
    return out.getvalue().encode("utf-16-le")


@pytest.mark.parametrize(
    "content",
    [REPORT, "\ufeff" + EDITOR, b"\xff\xfe" + tabbed(REPORT), tabbed(REPORT)],
    ids=["utf-8", "mark and CRLF", "utf-16", "utf-16 without mark"],
)
def test_a_daily_report(tmp_path: Path, content: str | bytes) -> None:
    parsed = read(tmp_path, content)
    assert parsed.bad == ()
    assert parsed.dropped == Counter(total_row=2)
    assert not any("total rows say" in note for note in parsed.notes)
    first, second, third = parsed.rows.to_pylist()
    assert (first["network"], first["account_id"]) == ("google_ads", "1234567890")
    assert (first["campaign_id"], first["ad_set_id"], first["ad_id"]) == ("701", "801", None)
    assert (first["campaign_name"], first["ad_set_name"]) == ("Brand", "Exact")
    assert first["starts_at"] == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert (first["local_on"], first["hours"]) == (date(2026, 7, 1), 24)
    assert (first["spend"], first["impressions"], first["clicks"]) == (
        Decimal("1234.56"),
        12345,
        67,
    )
    assert (second["spend"], second["impressions"]) == (Decimal("0.44"), 0)
    assert (third["spend"], third["currency"]) == (Decimal(0), "USD")
    assert first["source_report"] == "csv_daily_ad_set"
    assert first["loaded_from"] == "google:report.csv"


def test_total_that_disagrees_is_told(tmp_path: Path) -> None:
    parsed = read(tmp_path, REPORT.replace('"1,235.00"', "99"))
    assert any("99.00, 1300.00" in note for note in parsed.notes)


@pytest.mark.parametrize("segment", ["Week", "Month", "Quarter"])
def test_other_segments_are_refused(tmp_path: Path, segment: str) -> None:
    with pytest.raises(BadDataError, match=f"segmented by {segment}") as caught:
        read(tmp_path, REPORT.replace("Day,", f"{segment},"))
    assert "Segment → Time → Day" in str(caught.value)


def test_a_report_without_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="no Day column"):
        read(tmp_path, "Campaign,Cost\nBrand,5\n")


@pytest.mark.parametrize("setting", ["account_id", "currency"])
def test_account_and_currency_of_the_source(tmp_path: Path, setting: str) -> None:
    content = "Day,Campaign,Cost\n2026-07-01,Brand,5\n"
    given = {"account_id": "123-456-7890", "currency": "eur"}
    parsed = read(tmp_path, content, SourceConfig(name="g", time_zone="UTC", **given))
    one = parsed.rows.to_pylist()[0]
    assert (one["account_id"], one["currency"]) == ("1234567890", "EUR")
    assert sum("count as 0" in note for note in parsed.notes) == 2
    del given[setting]
    with pytest.raises(BadDataError, match=setting):
        read(tmp_path, content, SourceConfig(name="g", time_zone="UTC", **given))


def test_hours_of_the_account(tmp_path: Path) -> None:
    content = (
        "Day,Hour of the day,Campaign,Customer ID,Currency code,Cost,Impr.,Clicks\n"
        "2026-11-01,0,Brand,1,USD,1.00,10,1\n"
        "2026-11-01,1,Brand,1,USD,3.01,5,1\n"
        "2026-11-01,24,Brand,1,USD,3.01,5,1\n"
    )
    parsed = read(tmp_path, content)
    found = [(r["starts_at"].hour, r["spend"], r["clicks"]) for r in parsed.rows.to_pylist()]
    assert found == [
        (7, Decimal("1.00"), 1),
        (8, Decimal("1.505"), 1),
        (9, Decimal("1.505"), 0),
    ]
    assert {r["source_report"] for r in parsed.rows.to_pylist()} == {"csv_hourly_campaign"}
    assert [(bad.position, bad.reason) for bad in parsed.bad] == [(4, "impossible_time")]
    assert (parsed.lines, parsed.split) == (3, 1)  # the repeated hour is two
    assert any("repeated" in note for note in parsed.notes)


def test_text_in_cost_is_set_aside_and_can_be_corrected(tmp_path: Path) -> None:
    parsed = read(tmp_path, REPORT.replace("$0.44", "free"))
    assert [(bad.position, bad.reason) for bad in parsed.bad] == [(5, "impossible_number")]
    again = google_ads_csv.read_raw(
        [Raw(bad.position, bad.raw.replace("free", "$0.44")) for bad in parsed.bad],
        SOURCE,
        Config(),
    )
    assert again.bad == ()
    assert again.rows["spend"].to_pylist() == [Decimal("0.44")]


def test_devices_are_summed(tmp_path: Path) -> None:
    content = (
        "Day,Device,Campaign,Customer ID,Currency code,Cost,Impr.,Clicks\n"
        "2026-07-01,Computers,Brand,1,USD,1.00,10,1\n"
        "2026-07-01,Mobile phones,Brand,1,USD,2.00,20,2\n"
    )
    parsed = read(tmp_path, content)
    one = parsed.rows.to_pylist()
    assert [(r["spend"], r["impressions"], r["clicks"]) for r in one] == [(Decimal(3), 30, 3)]
    assert parsed.dropped == Counter(summed=1)
