"""The verbs of the engine on Spark, and what it says where something lacks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from table_rows import make_project, make_rows, write_rows
from whichhalf.engines import Engine, Scan, open_engine, spark_jars
from whichhalf.engines.base import Limits
from whichhalf.errors import EngineError
from whichhalf.tables import TABLES

FIRST = date(2026, 1, 1)
DAYS = 40  # more files than are read by their names, in this test
LIGHT = 2**16  # bytes, in a test of what is more; a value counts eight


@pytest.fixture(params=["light", "heavy"])
def spark(local_spark: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "heavy":
        request.getfixturevalue("heavy")
    engine = open_engine(local_spark, Limits(2**30, 1, tmp_path / "state" / "spill"))
    yield engine
    engine.close()
    assert not list((tmp_path / "state" / "spill").glob("rows-*"))


def test_a_table_of_many_files_is_read_by_its_log(
    spark: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whichhalf.engines.spark.MANY_FILES", 32)
    project = make_project(tmp_path / "project")
    table = TABLES["key_events"]
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    rows = [
        {"message_id": f"m{n:02d}", "event_kind": "login", "visitor_id": "a:1",
         "occurred_at": f"{day} 23:59:59.999999"}
        for n, day in enumerate(days)
    ]  # fmt: skip
    write_rows(project, table.name, make_rows(table.name, rows))
    before = project.lake.version(table)
    project.lake.replace_days(table, table.arrow.empty_table(), {days[0]: "gone"})
    for version, wanted in ((None, days[1:]), (before, days)):
        scan = project.lake.scan(table, version)
        assert len(scan.files) == len(wanted)
        spark.expose("found", scan)
        found = spark.table("select day, message_id, occurred_at from found order by day")
        assert found.column("day").to_pylist() == wanted
        last = datetime(2026, 2, 9, 23, 59, 59, 999999)
        assert found.column("occurred_at")[-1].as_py() == last
    some = [*days[3:36], days[38]]
    spark.expose("found", project.lake.scan(table, None, some))
    assert spark.table("select day from found order by day").column(0).to_pylist() == some
    # A column that the contract got after the table was written.
    scan = project.lake.scan(table)
    younger = Scan(
        scan.uri, scan.version, scan.schema, scan.files, scan.stored - {"country"}, scan.is_uniform
    )
    spark.expose("found", younger)
    nulls = spark.table("select distinct country from found")
    assert nulls.schema.field("country").type == pa.string()
    assert nulls.column(0).to_pylist() == [None]


def test_rows_stream_in_order_and_in_the_types_of_engines(spark: Engine) -> None:
    at = datetime(2026, 3, 1, 12, 30, 0, 1)
    rows = pa.table(
        {
            "n": pa.array(range(10_000)),
            "at": pa.array([at] * 10_000, pa.timestamp("us")),
            "price": pa.array([Decimal("1.000001")] * 10_000, pa.decimal128(18, 6)),
        }
    )
    spark.relation("numbers", rows)
    query = "select n, at, price, null as nothing from numbers order by n desc"
    reader = spark.query(query)
    assert reader.schema.field("at").type == pa.timestamp("us")
    assert reader.schema.field("price").type == pa.decimal128(18, 6)
    found = reader.read_all()
    assert found.column("n").to_pylist() == list(range(9_999, -1, -1))
    assert set(found.column("at").to_pylist()) == {at}
    assert spark.table(query).equals(found)


def test_relations_are_made_once_and_views_when_read(spark: Engine) -> None:
    spark.relation("one", pa.table({"n": [1, 2]}))
    assert spark.create("made", "select n from one where n > 1") == 1
    assert spark.create("none", "select n from one where n > 2") == 0
    spark.view("seen", "select n from one")
    spark.relation("one", pa.table({"n": [7]}))
    assert spark.table("select n from made").column(0).to_pylist() == [2]
    assert spark.table("select n from none").num_rows == 0
    assert spark.table("select n from seen").column(0).to_pylist() == [7]
    spark.create("made", "select n + 1 as n from made")
    assert spark.table("select n from made").column(0).to_pylist() == [3]
    spark.drop("made")
    spark.drop("made")
    with pytest.raises(EngineError, match=r"(?s)made.*The query was:\nselect n from made"):
        spark.table("select n from made")


def test_what_is_light_is_one_task_and_no_file(
    local_spark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whichhalf.engines.spark_weights.LIGHT", LIGHT)
    monkeypatch.setattr("whichhalf.engines.spark_weights.HELD", LIGHT)
    engine = open_engine(local_spark, Limits(2**30, 1, tmp_path / "spill"))
    try:
        engine.relation("one", pa.table({"n": [1, 2, 2, 3], "m": ["a", "b", "c", "d"]}))
        engine.view("seen", "select n, m from one where n > 1")
        counted = "select n, count(*) as c from {} group by n"
        for name in ("seen", "one"):
            assert "Exchange" not in plan(engine, counted.format(name))
        engine.create("few", counted.format("seen"))
        assert not list((tmp_path / "spill").rglob("*.parquet"))
        rows = pa.table({"n": range(LIGHT // 16 + 1), "m": [1] * (LIGHT // 16 + 1)})
        engine.relation("many", rows)
        engine.view("seen_many", "select m as n from many")
        for name in ("many", "seen_many"):
            assert "Exchange" in plan(engine, counted.format(name))
        assert engine.create("counted", counted.format("seen_many")) == 1
        assert list((tmp_path / "spill").rglob("*.parquet"))
        both = "select f.n, f.c, k.c as k from few as f left join counted as k on f.n = k.n"
        found = engine.table(f"{both} order by f.n").to_pylist()
        assert found == [{"n": 2, "c": 2, "k": None}, {"n": 3, "c": 1, "k": None}]
        engine.drop("many")
        assert "Exchange" not in plan(engine, counted.format("few"))
    finally:
        engine.close()


def plan(engine: Engine, sql: str) -> str:
    """How Spark would compute a SELECT."""
    return str(engine._frame(sql)._jdf.queryExecution().executedPlan().toString())


def test_only_files_of_rows_are_left_in_a_table(spark: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "table"
    (folder / "_arriving" / "_temporary").mkdir(parents=True)  # of a run that was killed
    at = pa.array([datetime(2026, 3, day, 23) for day in (1, 1, 2)], pa.timestamp("us"))
    spark.relation("rows", pa.table({"at": at, "n": [1, 2, 3]}))
    schema = pa.schema(
        [("at", pa.timestamp("us", tz="UTC")), ("n", pa.int64()), ("day", pa.date32())]
    )
    query = "select n, at, cast(at as date) as day from rows"
    paths = spark.write(query, schema, str(folder), name="abc", by_day=True)
    assert sorted({Path(path).parent.name for path in paths}) == [
        "day=2026-03-01",
        "day=2026-03-02",
    ]
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == set(paths)
    assert all("abc" in path for path in paths)
    for path in paths:
        stored = pq.read_schema(folder / path)
        assert dict(zip(stored.names, stored.types, strict=True)) == {
            "at": pa.timestamp("us", tz="UTC"), "n": pa.int64(),
        }  # fmt: skip
    assert spark.write(f"{query} where n > 9", schema, str(folder), name="d", by_day=True) == []
    plain = pa.schema([schema.field("n")])
    none = "select n from rows where n > 9"
    assert spark.write(none, plain, str(folder), name="e", by_day=False) == []
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == set(paths)


def test_what_cannot_be_computed_is_said_with_the_query(spark: Engine) -> None:
    spark.relation("words", pa.table({"word": ["x"]}))
    with pytest.raises(EngineError, match=r"(?s)^Spark: .*'x'.*The query was:\nselect cast") as no:
        spark.create("numbers", "select cast(word as int) as n from words")
    assert "\tat " not in str(no.value)
    with pytest.raises(
        EngineError, match="s3://bucket/lake/events: this engine does not read there"
    ):
        spark.expose("far", Scan("s3://bucket/lake/events", 0, pa.schema([]), (("x", None),)))


def test_missing_jars_are_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHICHHALF_SPARK_JARS", str(tmp_path))
    with pytest.raises(EngineError, match=r"python -m whichhalf\.engines\.spark_jars"):
        spark_jars.found()
    (tmp_path / "delta-spark_4.2_2.13-4.4.0.jar").touch()
    assert [jar.name for jar in spark_jars.found()] == ["delta-spark_4.2_2.13-4.4.0.jar"]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="Maven"):
        spark_jars.fetch(tmp_path / "jars")
