"""What the models read: any frame that speaks Arrow, and nothing that cannot be read truly."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from importlib import import_module
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from model_journeys import column, frame

import whichhalf.attribute
from whichhalf.attribute import linear, markov
from whichhalf.attribute.models.reading import read_paths
from whichhalf.errors import BadDataError, SchemaError

EXPECTED = {"a": 4.0, "b": 2.0, None: 1.0}
LISTS = [["a", "b"], ["a", "a", "b"], [], ["a"]]
TEXTS = ["a > b", "a > a>b".replace("a>b", "a > b"), " ", "  a "]
CONVERSIONS = [0, 6, 1, 0]


class OnlyStream:
    """A frame of a library that pyarrow does not know."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.string()),
        pa.large_list(pa.large_string()),
        pa.list_(pa.string_view()),
        pa.list_view(pa.string()),
        pa.large_list_view(pa.string()),
        pa.list_(pa.dictionary(pa.int32(), pa.string())),
    ],
    ids=str,
)
def test_lists_of_every_layout(kind: pa.DataType) -> None:
    path = pa.array(LISTS, kind)
    table = pa.table({"path": path, "conversions": CONVERSIONS})
    assert column(linear(OnlyStream(table))) == pytest.approx(EXPECTED)


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
    ],
    ids=str,
)
def test_texts_of_every_layout(kind: pa.DataType) -> None:
    path = pa.array(TEXTS).cast(kind)
    table = pa.table({"path": path, "conversions": CONVERSIONS})
    assert column(linear(OnlyStream(table))) == pytest.approx(EXPECTED)


def test_fixed_size_lists_and_slices() -> None:
    path = pa.array([["x", "x"], ["a", "b"], ["b", "b"]], pa.list_(pa.string(), 2))
    table = pa.table({"path": path, "conversions": [9, 2, 1]}).slice(1)
    assert column(linear(table)) == {"b": 2.0, "a": 1.0}


def test_a_duckdb_relation() -> None:
    with duckdb.connect() as connection:
        relation = connection.sql(
            "select * from (values (['a', 'b'], 2, 1.50), (null, 1, 0.25))"
            " as t (path, conversions, value)"
        )
        answer = linear(relation)
    assert column(answer) == {"a": 1.0, "b": 1.0, None: 1.0}
    assert column(answer, "value") == {
        "a": Decimal("0.75"),
        "b": Decimal("0.75"),
        None: Decimal("0.25"),
    }


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_other_libraries(library: str) -> None:
    frames = import_module(library)
    for path in (LISTS, TEXTS):
        table = frames.DataFrame({"path": path, "conversions": CONVERSIONS})
        assert column(linear(table)) == pytest.approx(EXPECTED)


def test_batches_share_their_channels() -> None:
    parts = [pa.table({"path": [p], "conversions": [1]}) for p in ("b > a", "c > b", "a")]
    assert column(linear(pa.concat_tables(parts))) == {"a": 1.5, "b": 1.0, "c": 0.5}


def test_names_may_hold_anything() -> None:
    names = ["(none)", "naïve > ü", "日本", "\U0001f600", "a\x00b", " a "]
    answer = linear(frame([(tuple(names), 6, 0)]))
    assert column(answer) == pytest.approx(dict.fromkeys(names, 1.0))


def test_names_that_no_touch_has_are_no_channels() -> None:
    names = pa.array(["a", "b", None, ""])
    touches = pa.DictionaryArray.from_arrays(pa.array([0, 0]), names)
    path = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), touches)
    assert column(linear(pa.table({"path": path, "conversions": [1, 2]}))) == {"a": 3.0}


def test_null_paths_are_empty_paths() -> None:
    for path in (pa.array([None, "a"]), pa.array([None, ["a"]]), pa.array([None, None])):
        answer = linear(pa.table({"path": path, "conversions": [3, 1]}))
        assert sum(column(answer).values()) == 4
        assert column(answer)[None] >= 3


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ({"path": ["a"]}, SchemaError, "columns missing: conversions"),
        ({"path": [1], "conversions": [1]}, SchemaError, "path, neither list nor text.*int64"),
        ({"path": [[1]], "conversions": [1]}, SchemaError, "path holds int64"),
        ({"path": ["a"], "conversions": ["1"]}, SchemaError, "conversions is string"),
        ({"path": ["a"], "conversions": [True]}, SchemaError, "conversions is bool"),
        ({"path": ["a", "b"], "conversions": [1, None]}, BadDataError, "null in 1 rows"),
        ({"path": ["a"], "conversions": [-1]}, BadDataError, "counts of 0 or more"),
        ({"path": ["a"], "conversions": [float("nan")]}, BadDataError, "cannot be"),
        ({"path": ["a"], "conversions": [1], "nulls": [-1]}, BadDataError, "paths: nulls"),
        ({"path": ["a"], "conversions": [1], "value": [float("inf")]}, BadDataError, "finite"),
        ({"path": ["a"], "conversions": [0], "value": [1]}, BadDataError, "without conversions"),
        ({"path": ["a >  > b"], "conversions": [1]}, BadDataError, "without a name"),
        ({"path": [["a", None]], "conversions": [1]}, BadDataError, "without a name"),
        ({"path": [["a", ""]], "conversions": [1]}, BadDataError, "without a name"),
    ],
)
def test_what_cannot_be_read_is_refused(
    columns: dict[str, list[Any]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        markov(pa.table(columns))


def test_a_frame_must_speak_arrow() -> None:
    with pytest.raises(SchemaError, match="list does not speak Arrow"):
        linear([{"path": "a", "conversions": 1}])


def test_paths_are_a_frame_themselves() -> None:
    table = frame([(("b", "a"), 2, 1), ((), 1, 0)], value=pa.array([Decimal("1.5"), Decimal(2)]))
    again = pa.table(read_paths(table))
    assert again.column("path").to_pylist() == [["b", "a"], []]
    assert again.column("value").to_pylist() == [Decimal("1.5"), Decimal(2)]
    assert read_paths(again).channels == ("a", "b")


def test_models_are_imported_when_asked_for() -> None:
    code = (
        "import sys, whichhalf.attribute as a;"
        "assert not any('models' in m or m == 'numpy' for m in sys.modules);"
        "assert callable(a.markov) and 'shapley' in dir(a)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there() -> None:
    assert all(callable(getattr(whichhalf.attribute, name)) for name in whichhalf.attribute.__all__)
    with pytest.raises(AttributeError, match="no_such_model"):
        whichhalf.attribute.no_such_model  # noqa: B018
