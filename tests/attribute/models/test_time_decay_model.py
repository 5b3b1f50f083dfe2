"""Time decay: by hand, and what cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_journeys import column

from whichhalf.attribute import time_decay
from whichhalf.errors import BadDataError, SchemaError, UsageError

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Touch = tuple[str, str | None, float | None]  # conversion, channel, days before it


def touches(given_touches: list[Touch], **more: Any) -> pa.Table:
    ids, channels, days = zip(*given_touches, strict=True)
    stamp = pa.timestamp("us", "UTC")
    touched = [None if d is None else NOON - timedelta(days=d) for d in days]
    return pa.table(
        {
            "conversion_id": pa.array(ids, pa.string()),
            "channel": pa.array(channels, pa.string()),
            "touched_at": pa.array(touched, stamp),
            "converted_at": pa.array([NOON] * len(ids), stamp),
            **more,
        }
    )


def test_a_half_life_halves() -> None:
    # Google Ads' half-life of 7 days: 8 days before weighs half of 1 day before.
    answer = time_decay(touches([("1", "a", 8), ("1", "b", 1), ("2", "a", 0)]))
    assert column(answer) == pytest.approx({"a": 1 + 1 / 3, "b": 2 / 3})
    answer = time_decay(touches([("1", "a", 2), ("1", "b", 1), ("1", "b", 0)]), 1.0)
    assert column(answer) == pytest.approx({"a": 1 / 7, "b": 6 / 7})


def test_years_before_the_conversion_still_sum_to_one() -> None:
    answer = time_decay(touches([("1", "a", 90_000), ("1", "b", 90_000)]), 0.5)
    assert column(answer) == {"a": 0.5, "b": 0.5}


DAYS = st.floats(0, 4000, allow_nan=False)
TOUCHES = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("ab"), DAYS), min_size=1)


@settings(max_examples=40)
@given(TOUCHES, st.floats(0.01, 1000), st.randoms(use_true_random=False))
def test_credit_is_whole_in_any_order(given: list[Touch], half_life: float, draw: object) -> None:
    shuffled = list(given)
    draw.shuffle(shuffled)
    one, other = (column(time_decay(touches(rows), half_life)) for rows in (given, shuffled))
    assert sum(one.values()) == pytest.approx(len({row[0] for row in given}))
    assert one == pytest.approx(other, abs=1e-12)


def test_value_is_the_conversion_s_and_reconciles() -> None:
    value = pa.array(
        [Decimal("10.01")] * 3 + [Decimal("-0.02"), Decimal("5")], pa.decimal128(18, 2)
    )
    rows: list[Touch] = [
        ("1", "a", 0),
        ("1", "b", 0),
        ("1", "c", 0),
        ("2", "a", 3),
        ("3", None, None),
    ]
    answer = column(time_decay(touches(rows, value=value)), "value")
    assert sum(answer.values()) == Decimal("14.99")
    assert answer[None] == Decimal(5)
    assert answer["b"] == pytest.approx(Decimal("3.336667"), abs=Decimal("0.000002"))


def test_conversions_without_touches_stay() -> None:
    answer = time_decay(touches([("1", None, None), ("2", "a", 1), ("2", None, None)]))
    assert answer.to_pylist() == [
        {"channel": "a", "conversions": 1.0},
        {"channel": None, "conversions": 1.0},
    ]
    assert time_decay(touches([("1", "a", 1)]).slice(1)).num_rows == 0
    assert column(time_decay(touches([("1", None, None)]))) == {None: 1.0}
    untyped = pa.table({name: [None] for name in ("channel", "touched_at", "converted_at")})
    untyped = untyped.append_column("conversion_id", pa.array([7]))
    assert column(time_decay(untyped)) == {None: 1.0}


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.int64()], ids=str)
def test_ids_of_every_layout(kind: pa.DataType) -> None:
    table = touches([("1", "a", 2), ("2", "b", 1), ("1", "b", 2)])
    ids = table.column("conversion_id").cast(kind)
    names = table.column("channel").cast(pa.string_view())
    table = table.set_column(0, "conversion_id", ids).set_column(1, "channel", names)
    assert column(time_decay(table)) == {"b": 1.5, "a": 0.5}


def replaced(name: str, cells: list[Any], kind: Any = None) -> pa.Table:
    table = touches([("1", "a", 2), ("1", "b", 1)])
    kind = kind or table.schema.field(name).type
    return table.set_column(table.column_names.index(name), name, pa.array(cells, kind))


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (touches([("1", "a", -1)]), BadDataError, "1 lie after their conversion"),
        (replaced("conversion_id", [None, "1"]), BadDataError, "conversion_id is null"),
        (replaced("channel", [None, "a"]), BadDataError, "a channel but no touched_at"),
        (replaced("channel", ["", "a"]), BadDataError, "without a name"),
        (replaced("converted_at", [None, NOON]), BadDataError, "converted_at"),
        (
            replaced("converted_at", [NOON, NOON + timedelta(1)]),
            BadDataError,
            "converted_at differs",
        ),
        (replaced("touched_at", ["x", "y"], pa.string()), SchemaError, "touched_at is string"),
        (
            replaced("touched_at", [NOON.replace(tzinfo=None)] * 2, pa.timestamp("ms")),
            SchemaError,
            "time zone",
        ),
        (touches([("1", "a", 1), ("1", "a", 2)], value=[1, 2]), BadDataError, "value differs"),
        (touches([("1", "a", 1)]).drop_columns(["channel"]), SchemaError, "missing: channel"),
    ],
)
def test_what_cannot_be_is_refused(table: pa.Table, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        time_decay(table)


@pytest.mark.parametrize("half_life", [0, -1, float("nan"), float("inf")])
def test_half_lives_lie_above_nothing(half_life: float) -> None:
    with pytest.raises(UsageError, match="half_life_days"):
        time_decay(touches([("1", "a", 1)]), half_life)
