"""Formats: each shows the same report truly, within the limits of what reads it."""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import orjson
import pyarrow.parquet as pq
import pytest

from whichhalf.errors import UsageError
from whichhalf.report import FORMATS, Column, Fact, Report, render

COLUMNS = (
    Column("campaign", "Campaign", "text"),
    Column("id", "Id", "text", rank=9),
    Column("spend", "Spend EUR", "money", 2),
    Column("people", "People", "count", rank=2),
    Column("rate", "Rate: buyers / people", "share", 2, rank=3),
    Column("roas", "ROAS: revenue / spend", "ratio", 2),
    Column("began", "Began", "date", rank=4),
    Column("expected", "Expected EUR", "money", 2, rank=5, is_estimate=True),
)
ROWS = (
    ("=cmd|' /C calc'!A0", "-1", Decimal("-1234567.891"), 1200, 0.12345, 1.5, date(2026, 1, 2), 9),
    ("<&> ``` name", "", None, 1.25, None, None, None, None),
)
TOTAL = ("TOTAL", "", Decimal("-1234567.891"), 1201.25, 0.1, 1.5, "", 9)


def report(rows=ROWS, **more):
    facts = (Fact("currency", "EUR"), Fact("basis", "event"))
    parts = {"facts": facts, "columns": COLUMNS, "rows": rows, "total": TOTAL, "notes": ("A <b>.",)}
    return Report(name="campaigns", currency="EUR", **({"title": "Campaigns"} | parts | more))


def test_csv_is_exact_and_escapes_text_only():
    rows = list(csv.reader(io.StringIO(render(report(), "csv").decode())))
    assert rows == [
        ["campaign", "id", "spend", "people", "rate", "roas", "began", "expected_estimate"],
        ["'=cmd|' /C calc'!A0", "'-1", "-1234567.891", "1200", "0.12345", "1.5", "2026-01-02", "9"],
        ["<&> ``` name", "", "", "1.25", "", "", "", ""],
        ["TOTAL", "", "-1234567.891", "1201.25", "0.1", "1.5", "", "9"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_beginning_of_a_formula_is_escaped(start):
    text = render(report(rows=((start + "1", *ROWS[1][1:]),)), "csv").decode()
    assert next(iter(list(csv.reader(io.StringIO(text, newline="")))[1])) == f"'{start}1"


def test_json_keeps_money_as_numbers_and_unmeasured_as_null():
    text = render(report(), "json")
    assert b'"spend": -1234567.891' in text
    found = orjson.loads(text)
    assert found["rows"][1]["spend"] is None
    assert found["rows"][0]["began"] == "2026-01-02"
    assert found["total"]["people"] == 1201.25
    assert found["facts"]["basis"] == "event"
    assert [c["is_estimate"] for c in found["columns"]] == [False] * 7 + [True]


def test_parquet_keeps_types_and_head():
    table = pq.read_table(io.BytesIO(render(report(), "parquet")))
    assert table.column("spend").to_pylist() == [Decimal("-1234567.891"), None]
    assert table.column("began").to_pylist() == [date(2026, 1, 2), None]
    head = orjson.loads(table.schema.metadata[b"whichhalf.report"])
    assert head["total"]["campaign"] == "TOTAL"


def test_table_shows_dashes_separators_currency_and_estimates():
    text = render(report(), "table").decode()
    assert "-1,234,567.89" in text
    assert "12.35%" in text or "12.34%" in text
    assert "1.25" in text
    assert "~9.00" in text
    assert "(estimate)" in text
    assert "–" in text
    assert "Left out" not in text
    assert "basis: event" in text
    assert "* A <b>." in text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_table_keeps_to_its_width_and_names_what_it_leaves_out(width):
    long = ("A very long campaign name of many words " * 4, *ROWS[0][1:])
    text = render(report(rows=(long,)), "table", width=width).decode()
    assert max(map(len, text.splitlines())) <= width
    note = " ".join(text.split())
    for column in COLUMNS:
        is_shown = all(word in text for word in column.heading.split())
        is_named = f"{column.name}," in note or f"{column.name}. A wider" in note
        assert is_shown or is_named, column.name
    assert "-1,234,567.89" in text  # numbers are never folded
    assert "1.50" in text
    assert ("Left out" in text) == (width < 100)


def test_names_with_markup_stay_as_they_are():
    rows = (("[red]x[/red] :smile:", *ROWS[1][1:]),)
    assert "[red]x[/red] :smile:" in render(report(rows=rows), "table").decode()


def sheet(content, number):
    """Cells of a sheet by address: (type, value), and the whole sheet as an element."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
        texts = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        styles = book.read("xl/styles.xml").decode()
    space = {"m": root.tag[1:].partition("}")[0]}
    words = ["".join(item.itertext()) for item in texts.findall("m:si", space)]
    cells = {}
    for cell in root.iterfind(".//m:c", space):
        assert cell.find("m:f", space) is None  # no formula anywhere
        value = cell.findtext("m:v", namespaces=space)
        is_text = cell.get("t") == "s"
        cells[cell.get("r")] = words[int(value)] if is_text else value and float(value)
    return cells, root, space, styles


def test_xlsx_has_no_formula_freezes_names_and_formats_numbers():
    cells, root, space, styles = sheet(render(report(), "xlsx"), 1)
    assert cells["A2"] == "=cmd|' /C calc'!A0"
    assert cells["C2"] == -1234567.891
    assert cells["C3"] == "–"
    assert cells["A4"] == "TOTAL"
    assert cells["D4"] == 1201.25
    assert cells["G2"] == 46024  # 2 January 2026, in days of a spreadsheet
    assert cells["H1"] == "Expected EUR (estimate)"
    pane = root.find(".//m:pane", space)
    assert (pane.get("xSplit"), pane.get("ySplit"), pane.get("state")) == ("1", "1", "frozen")
    assert "[$EUR] #,##0.00" in styles
    assert "0.00%" in styles or 'numFmtId="10"' in styles
    about, *_rest = sheet(render(report(), "xlsx"), 2)
    assert "event" in about.values()
    assert "A <b>." in about.values()


def blocks_of(shown):
    message = orjson.loads(render(shown, "slack-json"))
    assert message["text"]
    assert len(message["blocks"]) <= 50
    for block in message["blocks"]:
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= 150
        if block["type"] == "context":
            assert len(block["elements"]) <= 10
            assert all(len(item["text"]) <= 3000 for item in block["elements"])
        if block["type"] == "section":
            assert len(block.get("fields", [])) <= 10
            assert all(len(item["text"]) <= 2000 for item in block.get("fields", []))
            assert len(block.get("text", {}).get("text", "")) <= 3000
    return message


def test_slack_message_is_escaped_and_says_all():
    message = blocks_of(report())
    text = str(message)
    assert "&lt;&amp;&gt;" in text
    assert "<&>" not in text
    assert "A &lt;b&gt;." in text
    code = [b["text"]["text"] for b in message["blocks"] if "```" in str(b.get("text"))]
    assert len(code) == 1
    assert code[0].count("```") == 2  # a name cannot end the block
    assert "-1,234,567.89" in text
    assert message["text"].startswith("Campaigns")


def test_slack_stays_within_limits_and_counts_what_is_left():
    rows = tuple((f"{number} {'<&>' * 40}", *ROWS[0][1:]) for number in range(1500))
    notes = tuple(f"note {number} {'x' * 4000}" for number in range(40))
    message = blocks_of(report(rows=rows, notes=notes, title="T" * 400))
    listed = sum(
        block["text"]["text"].count("\n") - 2
        for block in message["blocks"]
        if block["type"] == "section" and "text" in block
    )
    assert 0 < listed < 1500
    assert f"{1500 - listed:,} more rows" in str(message)


def test_formats_show_a_report_without_rows():
    for name in FORMATS:
        assert render(report(rows=(), total=None, notes=()), name)


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'xlsx'"):
        render(report(), "xslx")


def test_slack_total_leaves_out_what_has_no_total():
    columns = (COLUMNS[0], Column("began", "Began", "date"), COLUMNS[2])
    shown = report(rows=(), columns=columns, total=("TOTAL", "", Decimal(5)))
    text = str(blocks_of(shown))
    assert "TOTAL Spend EUR" in text
    assert "TOTAL Began" not in text
