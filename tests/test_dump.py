"""Tables as files: nothing of a row is lost or taken for something else."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whichhalf import dump
from whichhalf.cli import main
from whichhalf.errors import UsageError

SEEN_AT = datetime(2026, 3, 1, 10, 0, 0, 500000)
ROWS = pa.table(
    {
        "name": ["=1+1", "http://x", None],
        "key": pa.array([2**62, 5, None], pa.int64()),
        "value": pa.array([Decimal("1.500000"), None, Decimal("-2")], pa.decimal128(18, 6)),
        "share": [0.25, None, 1.0],
        "is_paid": [True, False, None],
        "seen_at": pa.array([SEEN_AT, None, None], pa.timestamp("us")),
        "day": pa.array([date(2026, 3, 1), None, None]),
    }
)  # fmt: skip


def written(form: str, rows: pa.Table = ROWS) -> bytes:
    file = io.BytesIO()
    dump.write(rows, form, file)
    return file.getvalue()


def sheet(content: bytes) -> dict[str, tuple[str, str]]:
    """Cells by address: (type, value); the type of a number is n."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        root = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")  # no formula anywhere
    space = {"m": root.tag[1:].partition("}")[0]}
    return {
        cell.get("r", ""): (cell.get("t", "n"), "".join(cell.itertext()))
        for cell in root.iterfind(".//m:c", space)
    }


def test_a_sheet_holds_texts_numbers_and_times() -> None:
    cells = sheet(written("xlsx"))
    kinds = {address: kind for address, (kind, _text) in cells.items() if address.endswith("2")}
    assert kinds == {
        "A2": "inlineStr", "B2": "inlineStr", "C2": "n", "D2": "n", "E2": "b", "F2": "n", "G2": "n",
    }  # fmt: skip
    assert [cells[f"{column}1"][1] for column in "ABCDEFG"] == ROWS.schema.names
    assert cells["A2"][1] == "=1+1" and cells["A3"][1] == "http://x"
    assert cells["B2"][1] == str(2**62)  # a key keeps its digits
    assert [float(cells[address][1]) for address in ("C2", "C4", "D2")] == [1.5, -2, 0.25]
    moment = (SEEN_AT - datetime(1899, 12, 30)).total_seconds()
    assert float(cells["F2"][1]) == pytest.approx(moment / 86400, abs=1e-8)
    assert "A4" not in cells and "B4" not in cells  # null is no cell


def test_what_a_sheet_cannot_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    long = sheet(written("xlsx", pa.table({"text": ["x" * 40_000], "number": [float("nan")]})))
    assert len(long["A2"][1]) == 32_767 and long["A2"][1].endswith("…")
    assert long["B2"] == ("inlineStr", "nan")
    monkeypatch.setattr(dump, "MAX_SHEET_ROWS", 2)
    with pytest.raises(UsageError, match="3 rows are more than the 2 of a sheet"):
        written("xlsx")


def test_the_other_forms_keep_every_value() -> None:
    text = written("csv").decode()
    first = next(csv.DictReader(io.StringIO(text)))
    assert (first["name"], first["key"], first["value"]) == ("=1+1", str(2**62), "1.500000")
    assert first["seen_at"].endswith("Z")
    lines = [orjson.loads(line) for line in written("json").splitlines()]
    assert [line["key"] for line in lines] == [2**62, 5, None]
    again = pq.read_table(io.BytesIO(written("parquet")))
    assert again["seen_at"].to_pylist()[0] == SEEN_AT.replace(tzinfo=UTC)
    assert again.drop_columns("seen_at").equals(ROWS.drop_columns("seen_at"))


def test_the_form_follows_the_ending(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "whichhalf.toml").write_text("", "utf-8")
    for name, start in (("a.xlsx", b"PK"), ("a.parquet", b"PAR1"), ("a.csv", b'"app"')):
        path = tmp_path / name
        assert main(["-C", str(tmp_path), "dump", "conversions", "-o", str(path)]) == 0
        assert path.read_bytes().startswith(start)
    assert main(["-C", str(tmp_path), "dump", "conversions", "--format", "xlsx"]) == 2
    assert "-o conversions.xlsx" in capfd.readouterr().err
