"""A lake on S3: the same rows as on disk; no lost and no doubled day, whatever breaks."""

from __future__ import annotations

import multiprocessing
import os
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from lake_rows import append_each, rows

from servers.breaking_proxy import breaking
from servers.moto_s3 import S3
from table_rows import make_rows
from whichhalf.engines import Engine
from whichhalf.errors import ConfigError, EngineError, LakeError, RemoteError, WhichhalfError
from whichhalf.lake import Lake, Place, Selected, s3
from whichhalf.lake.upkeep import compact, vacuum
from whichhalf.tables import TABLES

KEY_EVENTS = TABLES["key_events"]
FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)


def free() -> None:
    """A guard for lakes of which the test is the only writer, or tests what happens without."""


def open_lake(uri: str) -> Lake:
    return Lake(Place(uri, s3.options(os.environ)), free)


def ids(engine: Engine, lake: Lake, version: int | None = None) -> list[str]:
    engine.expose("key_events", lake.scan(KEY_EVENTS, version))
    return engine.table("select message_id from key_events order by 1").column(0).to_pylist()


@pytest.fixture
def lake(s3_lake: str) -> Lake:
    return open_lake(s3_lake)


def test_rows_are_those_of_a_lake_on_disk(lake: Lake, tmp_path: Path, sql_engine: Engine) -> None:
    on_disk = Lake(tmp_path / "lake")
    for one in (lake, on_disk):
        one.replace_days(KEY_EVENTS, rows(("a", FIRST), ("b", SECOND)), {FIRST: "1", SECOND: "1"})
        sql_engine.relation("made", rows(("c", SECOND), ("d", SECOND)))
        one.append(KEY_EVENTS, Selected(sql_engine, "select * from made"), [SECOND])
        one.replace_days(KEY_EVENTS, rows(("e", FIRST)), {FIRST: "2"})
    found = []
    for one in (lake, on_disk):
        for version, days in ((None, ()), (None, (SECOND,)), (0, ())):
            sql_engine.expose("key_events", one.scan(KEY_EVENTS, version, days))
            query = "select * from key_events where occurred_at > timestamp '2026-01-01 00:00:00'"
            found.append(sql_engine.table(f"{query} order by message_id"))
    assert found[:3] == found[3:]
    assert found[0].column("message_id").to_pylist() == ["b", "c", "d", "e"]
    assert lake.state(KEY_EVENTS) == on_disk.state(KEY_EVENTS) == open_lake_again(lake)
    assert lake.version(TABLES["users"]) is None


def open_lake_again(lake: Lake) -> object:
    return Lake(lake.root).state(KEY_EVENTS)


def test_only_the_days_and_columns_of_a_query_are_read(lake: Lake, sql_engine: Engine) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST), ("b", SECOND)), {FIRST: "1", SECOND: "1"})
    sql_engine.expose("key_events", lake.scan(KEY_EVENTS))
    query = "select message_id from key_events where day = date '2026-03-02'"
    plan = sql_engine.table(f"explain {query}").to_pylist()[0]["explain_value"]
    assert "Filters: \"day\" = DATE '2026-03-02'" in plan
    assert "Projections: message_id" in plan
    # Files of other days are not opened: one that is gone is not missed.
    path = next(path for path, day in lake.scan(KEY_EVENTS).files if day == FIRST)
    lake.place(KEY_EVENTS).filesystem.delete_file(path)
    assert sql_engine.table(query).column(0).to_pylist() == ["b"]


def test_columns_younger_than_a_file_are_null(lake: Lake, sql_engine: Engine) -> None:
    from deltalake import write_deltalake

    events = TABLES["events"]
    cells = {"visitor_id": "a:1", "occurred_at": f"{FIRST} 10:00:00"}
    old = make_rows("events", [cells | {"message_id": "a"}]).drop_columns(["revenue"])
    place = lake.place(events)
    write_deltalake(place.uri, old, partition_by=["day"], storage_options=dict(place.options))
    lake.append(events, make_rows("events", [cells | {"message_id": "b"}]), [FIRST])
    sql_engine.expose("events", lake.scan(events))
    found = sql_engine.table("select message_id, revenue, day from events order by 1").to_pylist()
    assert [tuple(row.values()) for row in found] == [("a", None, FIRST), ("b", None, FIRST)]


def test_upkeep_on_s3(lake: Lake, sql_engine: Engine) -> None:
    for number in range(3):
        lake.append(KEY_EVENTS, rows((f"a{number}", FIRST)), [FIRST])
    state = lake.state(KEY_EVENTS)
    assert [(one.before, one.after) for one in compact(lake, [KEY_EVENTS], at_least=2)] == [(3, 1)]
    told = vacuum(lake, KEY_EVENTS, {1})
    assert told is not None
    assert told.files == 1
    assert ids(sql_engine, lake) == ["a0", "a1", "a2"]
    assert ids(sql_engine, lake, 1) == ["a0", "a1"]
    assert lake.state(KEY_EVENTS) == state
    lake.drop(KEY_EVENTS)
    assert lake.version(KEY_EVENTS) is None


def _append(uri: str, names: list[str]) -> None:
    """In another process: append a row each, reading the newest version every time."""
    append_each(open_lake(uri), names, FIRST)


def test_two_processes_lose_and_double_no_row(lake: Lake, s3_lake: str, sql_engine: Engine) -> None:
    lake.append(KEY_EVENTS, rows(("start", FIRST)), [FIRST])
    names = [[f"{side}{number}" for number in range(4)] for side in "ab"]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append, args=(s3_lake, part)) for part in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    lake.refresh()
    assert ids(sql_engine, lake) == sorted(["start", *names[0], *names[1]])
    assert lake.version(KEY_EVENTS) == 8


def test_a_stale_writer_is_refused(lake: Lake, s3_lake: str, sql_engine: Engine) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})
    late = open_lake(s3_lake)
    assert late.state(KEY_EVENTS).changed == 0
    lake.replace_days(KEY_EVENTS, rows(("b", FIRST)), {FIRST: "2"})
    with pytest.raises(LakeError, match=r"key_events: .*version 1 .*day 2026-03-01.*run again"):
        late.replace_days(KEY_EVENTS, rows(("c", FIRST)), {FIRST: "3"})
    late.refresh()
    late.replace_days(KEY_EVENTS, rows(("c", FIRST)), {FIRST: "3"})
    assert ids(sql_engine, late) == ["c"]


def test_without_the_run_lock_nothing_is_committed(lake: Lake) -> None:
    with pytest.raises(LakeError, match=r"key_events: no commit to s3://.* without the run lock"):
        Lake(lake.root).replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})
    assert lake.version(KEY_EVENTS) is None


def test_a_lock_that_is_lost_while_rows_are_written_commits_nothing(lake: Lake) -> None:
    """The rows take their time: the check after the last of them finds out."""
    held = [True]

    def guard() -> None:
        if not held[0]:
            raise LakeError("The run lock was lost")

    def slow() -> object:
        yield from rows(("b", FIRST)).to_batches()
        held[0] = False

    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})
    lake.guard = guard
    reader = pa.RecordBatchReader.from_batches(KEY_EVENTS.arrow, slow())
    with pytest.raises(WhichhalfError, match="The run lock was lost"):
        lake.replace_days(KEY_EVENTS, reader, {FIRST: "2"})
    assert Lake(lake.root).version(KEY_EVENTS) == 0


def impatient(lake: Lake, url: str, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The same lake through a proxy, by a client that soon gives up."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    options = s3.options(os.environ) | {"max_retries": "1", "retry_timeout": "3s"}
    return Lake(Place(lake.place(KEY_EVENTS).uri.rpartition("/")[0], options), free)


@pytest.mark.parametrize("what", [".parquet", "_delta_log"])
def test_an_upload_that_breaks_changes_nothing(
    lake: Lake, s3_server: S3, sql_engine: Engine, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The line is cut in the middle of every PUT: of the rows, or of the commit."""
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})
    with breaking(s3_server.url, "cut", "PUT", what) as proxy:
        broken = impatient(lake, proxy.url, monkeypatch)
        with pytest.raises(RemoteError, match=r"(?s)key_events.*day 2026-03-01.*run again"):
            broken.replace_days(KEY_EVENTS, rows(("b", FIRST)), {FIRST: "2"})
        assert proxy.count >= 1
    lake.refresh()
    assert (lake.version(KEY_EVENTS), ids(sql_engine, lake)) == (0, ["a"])
    lake.replace_days(KEY_EVENTS, rows(("b", FIRST)), {FIRST: "2"})  # the next run
    assert ids(sql_engine, lake) == ["b"]


def test_a_commit_that_stands_though_its_answer_was_lost_doubles_nothing(
    lake: Lake, s3_server: S3, sql_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server wrote, the client never heard: whatever it then says, the next run heals."""
    lake.append(KEY_EVENTS, rows(("a", FIRST)), [FIRST])
    with breaking(s3_server.url, "deaf", "PUT", "_delta_log") as proxy:
        broken = impatient(lake, proxy.url, monkeypatch)
        with pytest.raises(WhichhalfError, match="key_events"):
            broken.replace_days(KEY_EVENTS, rows(("b", FIRST)), {FIRST: "2"})
        assert proxy.count >= 1
    lake.refresh()
    assert ids(sql_engine, lake) == ["b"]  # it stands, once
    assert lake.state(KEY_EVENTS).days["2026-03-01"].fingerprint == "2"


def test_revoked_keys_name_the_table_and_what_to_do(
    lake: Lake, s3_server: S3, sql_engine: Engine
) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})
    sql_engine.expose("key_events", lake.scan(KEY_EVENTS))
    s3_server.require_keys(True)
    says = r"(?s)key_events.*AWS_ACCESS_KEY_ID.*run again"
    with pytest.raises(RemoteError, match=says):
        lake.replace_days(KEY_EVENTS, rows(("b", FIRST)), {FIRST: "2"})
    with pytest.raises(RemoteError, match=says):
        lake.version(KEY_EVENTS)
    with pytest.raises(RemoteError, match=says):
        compact(lake, [KEY_EVENTS], at_least=2)
    with pytest.raises(EngineError, match="ACCESS_DENIED"):
        sql_engine.table("select * from key_events")
    s3_server.require_keys(False)
    assert (lake.version(KEY_EVENTS), ids(sql_engine, lake)) == (0, ["a"])
    lake.replace_days(KEY_EVENTS, rows(("b", FIRST)), {FIRST: "2"})
    assert ids(sql_engine, lake) == ["b"]


def test_a_token_that_expires_between_rows_and_commit(
    lake: Lake, s3_server: S3, sql_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST)), {FIRST: "1"})
    with breaking(s3_server.url, "expired", "PUT", "_delta_log") as proxy:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "of an hour ago")
        late = impatient(lake, proxy.url, monkeypatch)
        with pytest.raises(RemoteError, match=r"(?s)day 2026-03-01.*AWS_SESSION_TOKEN"):
            late.replace_days(KEY_EVENTS, rows(("b", FIRST)), {FIRST: "2"})
        assert proxy.count == 1
    lake.refresh()
    assert (lake.version(KEY_EVENTS), ids(sql_engine, lake)) == (0, ["a"])


KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "very secret"}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, "AWS_SECRET_ACCESS_KEY are not set"),
        ({**KEYS, "AWS_ENDPOINT_URL": "http://minio.example:9000"}, "unencrypted"),
        ({**KEYS, "AWS_ENDPOINT_URL": "minio.example"}, "is no URL"),
    ],
)
def test_an_environment_that_cannot_be(environ: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        s3.options(environ)
    assert "very secret" not in str(refused.value)


def test_keys_are_in_no_repr() -> None:
    options = s3.options({**KEYS, "AWS_ENDPOINT_URL": "http://localhost:9000"})
    assert options["AWS_ALLOW_HTTP"] == "true"
    assert "very secret" not in repr(Place("s3://b/x", options))
    assert "AWS_ALLOW_HTTP" not in s3.options({**KEYS, "AWS_ENDPOINT_URL": "https://minio.example"})
    allowed = {**KEYS, "AWS_ENDPOINT_URL": "http://minio:9000", "AWS_ALLOW_HTTP": "true"}
    assert s3.options(allowed)["AWS_ALLOW_HTTP"] == "true"


@pytest.mark.parametrize("uri", ["s3://", "s3://b", "gs://bucket/x", "s3://bucket/a?b", "/tmp/x"])
def test_what_is_no_place_for_a_lake(uri: str) -> None:
    with pytest.raises(ConfigError, match="s3://bucket/prefix"):
        s3.checked(uri)


def test_what_is_one() -> None:
    assert s3.checked("s3://bucket/shop/lake/") == "s3://bucket/shop/lake"


def test_files_are_fetched_once_for_engines_that_cannot_reach_them(
    lake: Lake, tmp_path: Path, sql_engine: Engine
) -> None:
    lake.replace_days(KEY_EVENTS, rows(("a", FIRST), ("b", SECOND)), {FIRST: "1", SECOND: "1"})
    scan = lake.scan(KEY_EVENTS)
    fetched = scan.fetched(tmp_path)
    assert fetched.filesystem is None
    sql_engine.expose("key_events", fetched)
    found = sql_engine.table("select message_id, day from key_events order by 1").to_pylist()
    assert [tuple(row.values()) for row in found] == [("a", FIRST), ("b", SECOND)]
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert len(written) == 2
    assert lake.scan(KEY_EVENTS, days=[SECOND]).fetched(tmp_path).files == fetched.files[1:]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*et")} == written
    assert fetched.fetched(tmp_path) is fetched
