"""The Postgres engine: types, order, errors, and that it sees nothing but its own relations."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from whichhalf.engines import Engine, Scan, open_engine
from whichhalf.engines.base import Limits
from whichhalf.errors import ConfigError, EngineError

LIMITS = Limits(2**30, 1, Path())
ARRIVED = datetime(2026, 3, 1, 12, 0, 0, 7, tzinfo=UTC)
ROWS = pa.table(
    {
        "word": pa.array(["é\x1f'\"\\", "", None], pa.string()),
        "number": pa.array([2**63 - 1, -(2**63), None], pa.int64()),
        "share": pa.array([0.1, -0.0, None], pa.float64()),
        "is_paid": pa.array([True, False, None], pa.bool_()),
        "on_day": pa.array([date(2026, 3, 1), date(1970, 1, 1), None], pa.date32()),
        "at_time": pa.array([ARRIVED, datetime(9999, 12, 31, tzinfo=UTC), None]).cast(
            pa.timestamp("us", tz="UTC")
        ),
        "money": pa.array(
            [Decimal("123456789012.345678"), Decimal("-0.000001"), None], pa.decimal128(18, 6)
        ),
        "rate": pa.array([Decimal("0.123456789012"), None, None], pa.decimal128(18, 12)),
    }
)
PLAIN = ROWS.set_column(5, "at_time", ROWS["at_time"].cast(pa.timestamp("us")))


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url, LIMITS)
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def clean(postgres: Engine) -> Iterator[None]:
    yield
    postgres.clear()


def test_what_goes_in_comes_out(postgres: Engine) -> None:
    postgres.relation("t", ROWS)
    assert postgres.table("select * from t order by number desc nulls last") == PLAIN


def test_created_tables_and_views_keep_types(postgres: Engine) -> None:
    postgres.relation("t", ROWS)
    assert postgres.create("made", "select * from t") == 3
    postgres.view("seen", "select * from made where number is not null")
    assert postgres.table("select * from made").schema == PLAIN.schema
    assert postgres.table("select * from seen").num_rows == 2


def test_other_types_of_arrow_become_ours(postgres: Engine) -> None:
    words = pa.array(["a", "b"])
    postgres.relation(
        "t",
        pa.table(
            {
                "coded": words.dictionary_encode(),
                "large": words.cast(pa.large_string()),
                "small": pa.array([1, 2], pa.int8()),
                "whole": pa.array([1, 2], pa.uint32()),
                "nothing": pa.nulls(2),
            }
        ),
    )
    row = {"coded": "b", "large": "b", "small": 2, "whole": 2, "nothing": None}
    assert postgres.table("select * from t where small = 2").to_pylist() == [row]
    with pytest.raises(EngineError, match=r"t\.lists is list<item: int64>"):
        postgres.relation("t", pa.table({"lists": [[1]]}))


def test_sums_and_products_are_exact(postgres: Engine) -> None:
    postgres.relation("t", ROWS)
    found = postgres.table(
        "select sum(money) as total, sum(money * rate) as product, sum(number) as numbers,"
        " cast(sum(money) as decimal(28, 6)) as narrowed, sum(money) filter (where false) as none"
        " from t"
    )
    kinds = [pa.decimal128(38, 6), pa.decimal128(38, 18), pa.decimal128(38, 0)]
    assert found.schema.types == [*kinds, pa.decimal128(28, 6), pa.decimal128(38, 0)]
    total = Decimal("123456789012.345677")
    product = Decimal("15241578753.196160232056090136")
    assert list(found.to_pylist()[0].values()) == [total, product, -1, total, None]


def files(folder: Path) -> Scan:
    """Two days of a table; the first file is older than the column `added`."""
    schema = pa.schema([*ROWS.schema, pa.field("added", pa.string()), pa.field("day", pa.date32())])
    paths = [str(folder / name) for name in ("1.parquet", "2.parquet")]
    pq.write_table(ROWS.slice(0, 1), paths[0])
    pq.write_table(ROWS.slice(1).append_column("added", pa.array(["x", "y"])), paths[1])
    days = (date(2026, 3, 1), date(2026, 3, 2))
    return Scan("", 1, schema, tuple(zip(paths, days, strict=True)), frozenset(schema.names))


def test_files_are_exposed_with_their_days(postgres: Engine, tmp_path: Path) -> None:
    scan = files(tmp_path)
    postgres.expose("t", scan)
    found = postgres.table("select * from t order by day, added")
    assert found.select(PLAIN.schema.names) == PLAIN
    assert found["added"].to_pylist() == [None, "x", "y"]
    assert found["day"].to_pylist() == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2)]
    postgres.expose("t", Scan("", None, scan.schema, ()))
    empty = postgres.table("select * from t")
    assert empty.num_rows == 0
    assert empty.schema == found.schema


def test_text_is_ordered_by_its_bytes(postgres: Engine) -> None:
    words = ["Z", "a", "a b", "a-c", "aB", "aa", "é", "😀", ""]
    postgres.relation("t", pa.table({"word": words}))
    expected = sorted(words, key=lambda word: word.encode())
    for item in ("word", "concat(word, '')", "cast(word as varchar)"):
        found = postgres.table(f"select {item} as word from t order by {item}")
        assert found.column(0).to_pylist() == expected
    ends = postgres.table("select min(word) as a, max(word) as b from t").to_pylist()
    assert ends == [{"a": "", "b": "😀"}]


def test_a_database_with_another_order_is_refused(postgres: Engine, postgres_url: str) -> None:
    postgres._run(
        "create database tongues template template0 encoding 'UTF8' locale_provider icu"
        " icu_locale 'en' locale 'C.UTF-8'"
    )
    url = postgres_url.replace("/postgres", "/tongues").replace("//whichhalf@", "//whichhalf:pw@")
    with pytest.raises(EngineError, match=r"template0 encoding 'UTF8' lc_collate 'C'") as caught:
        open_engine(url, LIMITS)
    assert "pw" not in str(caught.value)


def test_no_server_is_told_without_the_password() -> None:
    with pytest.raises(EngineError, match=r"no connection to 127\.0\.0\.1:1/db") as caught:
        open_engine("postgresql://me:pw@127.0.0.1:1/db", LIMITS)
    assert "PGPASSWORD" in str(caught.value) and ":pw" not in str(caught.value)


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    monkeypatch.delitem(sys.modules, "whichhalf.engines.postgres", raising=False)
    with pytest.raises(ConfigError, match=r"pip install 'whichhalf\[postgres\]'"):
        open_engine("postgresql://localhost/db", LIMITS)


@pytest.mark.parametrize("verb", ["query", "create", "view"])
def test_errors_have_the_sql_and_the_servers_words(postgres: Engine, verb: str) -> None:
    arguments = ["select wrong from nowhere"] if verb == "query" else ["x", "select wrong from t"]
    with pytest.raises(EngineError, match="does not exist") as caught:
        getattr(postgres, verb)(*arguments)
    assert "select wrong" in str(caught.value)
    assert postgres.table("select 1 as one").to_pylist() == [{"one": 1}]


def test_errors_amid_the_rows_are_told_too(postgres: Engine) -> None:
    sql = "select 1 / (300000 - g) as x from generate_series(1, 300000) as g"
    with pytest.raises(EngineError, match=r"division by zero[\s\S]*generate_series"):
        postgres.table(sql)
    with pytest.raises(EngineError, match=r"nan[\s\S]*select"):
        postgres.table("select cast('NaN' as numeric(18, 6)) as x")
    assert postgres.table("select 1 as one").to_pylist() == [{"one": 1}]


def test_rows_left_unread_are_let_go(postgres: Engine) -> None:
    reader = postgres.query("select g from generate_series(1, 3000000) as g")
    assert reader.read_next_batch().num_rows > 0
    postgres.create("t", "select 1 as one")
    assert postgres.table("select one from t").to_pylist() == [{"one": 1}]


def test_tables_of_others_are_not_read(postgres: Engine) -> None:
    postgres._run("create table public.events as select 1 as theirs")
    with pytest.raises(EngineError, match='"events" does not exist'):
        postgres.table("select * from events")
    postgres.relation("events", pa.table({"ours": [2]}))
    assert postgres.table("select * from events").to_pylist() == [{"ours": 2}]
    postgres.drop("events")
    postgres.drop("events")
    assert postgres.table("select theirs from public.events").num_rows == 1


def test_relations_are_replaced_and_forgotten(postgres: Engine) -> None:
    postgres.create("t", "select 1 as one")
    postgres.view("v", "select one from t")
    postgres.view("v", "select one + 1 as two from t")
    assert postgres.table("select two from v").to_pylist() == [{"two": 2}]
    postgres.drop("v")
    postgres.relation("t", pa.table({"three": [3]}))
    assert postgres.table("select three from t").to_pylist() == [{"three": 3}]
    postgres.clear()
    with pytest.raises(EngineError, match='"t" does not exist'):
        postgres.table("select * from t")


def test_times_are_utc(postgres: Engine) -> None:
    found = postgres.table("select timestamptz '2026-03-01 12:00:00+02' as x").column(0)
    assert found.to_pylist() == [datetime(2026, 3, 1, 10)]


def test_a_null_character_is_refused_and_no_row_lost_in_silence(postgres: Engine) -> None:
    with pytest.raises(EngineError, match="0x00"):
        postgres.relation("t", pa.table({"word": ["a", "b\x00c"]}))
    postgres.relation("t", pa.table({"word": ["a"]}))
    assert postgres.table("select word from t").num_rows == 1
