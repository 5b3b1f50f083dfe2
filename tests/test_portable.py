"""What sql/portable.py refuses, and what it lets pass."""

from __future__ import annotations

import pytest

from whichhalf import sql
from whichhalf.errors import EngineError


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select * from t", "list the columns"),
        ("select t.* from t", "list the columns"),
        ("select a from t asof join u on t.a >= u.a", "ASOF"),
        ("select arg_max(a, b) as c from t", "arg_max"),
        ("select arg_min(a, b) as c from t", "arg_min"),
        ("select max_by(a, b) as c from t", "arg_max"),
        ("select list(a order by b) as c from t", "lose their order"),
        ("select array_agg(a) as c from t", "lose their order"),
        ("select last_value(a ignore nulls) over (order by b) as c from t", "IGNORE NULLS"),
        ("select a, count(*) as n from t group by all", "group by all"),
        ("select row_number() over (partition by a) as n from t", "window without order"),
        ("select lag(a) over (partition by b) as n from t", "window without order"),
        ("select sum(a) over (order by b) as c from t", "window without a frame"),
        ("select count(*) filter (where a > 1) as n from t", "FILTER"),
        ("select a from t, lateral (select b from u) as v", "LATERAL"),
        ("select a from (values (1), (2)) as v(a)", "VALUES"),
        ("select a is distinct from b as c from t", "IS DISTINCT FROM"),
        ("select a is not distinct from b as c from t", "IS NOT DISTINCT FROM"),
        ("select a from t except all select a from u", "EXCEPT ALL"),
        ("select a from t intersect all select a from u", "EXCEPT ALL"),
        ("select date_diff('day', a, b) as c from t", "date_diff in DAY"),
        ("select no_such_function(a) as b from t", "no_such_function"),
        ("select regexp_extract(a, 'x') as b from t", "is not in sql.portable"),
        ("select quantile_cont(a, 0.5) as b from t", "is not in sql.portable"),
        ("select a from t; select b from t", "one SELECT"),
        ("", "one SELECT"),
        ("delete from t", "one SELECT"),
        ("merge into t using u on t.a = u.a when matched then delete", "one SELECT"),
        ("select a from where", "cannot be parsed"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(EngineError, match=r"stage/file\.sql") as caught:
        sql.parse(text, "stage/file")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "select count(*) as n from t",
        "select a, row_number() over (partition by a order by b, id) as n from t",
        "select sum(a) over (partition by b) as n from t",
        "with x as (select a from t) select a from x union all select b from u",
    ],
)
def test_let_pass(text: str) -> None:
    assert sql.parse(text, "stage/file").sql("spark")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(EngineError, match=r"list the columns.*arg_max"):
        sql.parse("select *, arg_max(a, b) as c from t", "stage/file")


def test_tables_are_those_read_and_no_ctes() -> None:
    query = sql.parse("with x as (select a from t) select x.a from x join u on x.a = u.a", "s/f")
    assert query.tables == {"t", "u"}


def test_header_is_the_comment_at_the_top() -> None:
    assert sql.parse("-- What it is.\n-- grain: a\nselect a from t", "s/f").header == (
        "What it is.\ngrain: a"
    )


def test_parameters_are_values_never_text() -> None:
    query = sql.parse("select a from t where b = :word and c > interval :minutes minute", "s/f")
    assert query.parameters == {"word", "minutes"}
    text = query.sql("duckdb", word="x' or '1' = '1", minutes=20)
    assert "'x'' or ''1'' = ''1'" in text


@pytest.mark.parametrize("given", [{}, {"wrong": 1}, {"word": "x", "more": 1}])
def test_missing_and_unknown_parameters_are_named(given: dict[str, object]) -> None:
    query = sql.parse("select a from t where b = :word", "stage/file")
    with pytest.raises(EngineError, match="It takes"):
        query.sql("duckdb", **given)


def test_a_rendering_leaves_the_query_as_it_was() -> None:
    query = sql.parse("select a from t where b = :word", "s/f")
    first = query.sql("duckdb", word="one")
    assert query.sql("duckdb", word="two") != first
    assert query.sql("duckdb", word="one") == first


def test_load_reads_a_file_of_a_stage() -> None:
    query = sql.load("whichhalf.sessionize", "session_parts")
    assert query.name == "sessionize/session_parts"
    assert query.tables == {"part_events", "instant_events", "sourced_events", "placed_sources"}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("concat(a, '@', coalesce(b, c))", "COALESCE(a, '') || '@' || COALESCE(b, c)"),
        ("a // b", "a / b"),
        ("(a * 2) // (b // c)", "( a * 2 ) / ( b / c )"),
        ("a / b", "CAST(a AS DOUBLE PRECISION) / b"),
        ("startswith(a, 'x_')", "LEFT(a, LENGTH('x_')) = 'x_'"),
        ("md5(concat(a, concat(b)))", "MD5(COALESCE(a, '') || COALESCE(COALESCE(b, ''), ''))"),
    ],
)
def test_rendered_for_redshift(text: str, rendered: str) -> None:
    query = sql.parse(f"select {text} as x from t", "s/f")
    assert " ".join(query.sql("redshift").split()) == f"SELECT {rendered} AS x FROM t"
