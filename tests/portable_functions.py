"""Every function that sql/portable.py lets pass, asked over awkward values, for any two engines."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from whichhalf import sql
from whichhalf.engines import Engine

TIMES = ("2026-01-01 00:00:00.000001", "2026-02-28 23:59:59.999999", "1970-01-01 00:00:00")
TIMES += ("2026-03-29 01:30:00", "9999-12-31 00:00:00")
SAMPLES = pa.table(
    {
        "id": pa.array(range(6), pa.int64()),
        "i": pa.array([1, -7, 0, 2**53 + 1, None, 3], pa.int64()),
        "j": pa.array([2, 2, 5, 3, 1, None], pa.int64()),
        "d": pa.array([0.5, -1.5, 2.0, 1e300, None, 0.1], pa.float64()),
        "m": pa.array(
            [Decimal(x) for x in ("0.000001", "-2.500000", "0", "99.999999", "1.5")] + [None],
            pa.decimal128(18, 6),
        ),
        "s": pa.array([" a_b ", "É", "", None, "aXb\tc", "Z"], pa.string()),
        "z": pa.array(["a_", "Éa", "", "x", None, "É"], pa.string()),
        "t": pa.array([*map(datetime.fromisoformat, TIMES), None], pa.timestamp("us")),
        "u": pa.array([None, *map(datetime.fromisoformat, TIMES)], pa.timestamp("us")),
        "on_day": pa.array([date(2026, 1, 1), None, *[date(2024, 2, 29)] * 4], pa.date32()),
        "b": pa.array([True, False, None, True, False, None], pa.bool_()),
    }
)

# Function, by SQLGlot's name for it → SELECTs over the samples.
_ROWS = "select id, {} as x from samples"
_WINDOW = _ROWS.format("{} over (order by s, id rows between unbounded preceding and current row)")
_ORDER = _ROWS.format("{} over (partition by b order by s desc, id)")
SELECTS: dict[str, list[str]] = {
    "abs": [_ROWS.format(f"abs({x})") for x in "idm"],
    "and": [_ROWS.format("b and i > 0")],
    "or": [_ROWS.format("b or i > 0")],
    "case": [_ROWS.format("case when b then s when not b then z else 'none' end")],
    "if": [_ROWS.format("if(b, i, j)"), _ROWS.format("case b when true then 1 end")],
    "cast": [
        _ROWS.format(f"cast({x})")
        for x in (
            "m * 1000000 as bigint",
            "m * m as decimal(18, 6)",
            "m * cast(0.5 as decimal(7, 6)) as decimal(18, 6)",
            "m / 2 as decimal(18, 2)",
            "i as double",
            "m as double",
            "i as decimal(28, 6)",
            "t as date",
            "on_day as timestamp",
            "null as varchar",
        )
    ],
    "coalesce": [_ROWS.format("coalesce(s, z, '-')")],
    "concat": [_ROWS.format("concat(s, '|', z)"), _ROWS.format("concat('u:', s)")],
    "md5": [_ROWS.format("md5(s)"), _ROWS.format("md5(concat(s, chr_31, z))")],
    "count": ["select count(*) as n, count(s) as s, count(distinct on_day) as d from samples"],
    "sum": [
        "select sum(i) as i, sum(m) as m, sum(cast(j as double)) as j from samples where id < 3",
        "select b, sum(m) as m from samples group by b",
        "select sum(m) as m from samples where 1 = 0",
        _WINDOW.format("sum(j)"),
    ],
    "min": ["select min(s) as s, min(t) as t, min(on_day) as d, min(m) as m from samples"],
    "max": ["select max(s) as s, max(t) as t, max(on_day) as d, max(m) as m from samples"],
    "datediff": [
        _ROWS.format(f"date_diff('{unit}', t, u)") for unit in ("microsecond", "minute")
    ],
    "exists": ["select id from samples as a where exists (select 1 from samples as o"
               " where o.j = a.i)"],
    "firstvalue": [_WINDOW.format("first_value(z)")],
    "lastvalue": [_WINDOW.format("last_value(z)")],
    "lag": [_ORDER.format("lag(z)")],
    "lead": [_ORDER.format("lead(i, 2)")],
    "rownumber": [_ORDER.format("row_number()")],
    "floor": [_ROWS.format("floor(d)"), _ROWS.format("floor(m)")],
    "greatest": [_ROWS.format("greatest(i, j)"), _ROWS.format("greatest(s, z)")],
    "least": [_ROWS.format("least(t, u)"), _ROWS.format("least(s, z)")],
    "length": [_ROWS.format("length(s)")],
    "lower": [_ROWS.format("lower(s)")],
    "upper": [_ROWS.format("upper(s)")],
    "nullif": [_ROWS.format("nullif(s, '')")],
    "pow": [_ROWS.format("pow(cast(j as double), 0.5)")],
    "startswith": [_ROWS.format("startswith(s, z)"), _ROWS.format("startswith(s, ' a_')")],
    "substring": [_ROWS.format("substring(s, 1, 2)"), _ROWS.format("substring(z, 2, 5)")],
    "trim": [_ROWS.format("trim(s)")],
}  # fmt: skip
# What is no function: orders, divisions, joins on nulls, sets.
OTHERS = {
    "ascending": _ROWS.format("row_number() over (order by s, id)"),
    "descending": _ROWS.format("row_number() over (order by z desc, id)"),
    "whole division": _ROWS.format("(i * 3) // j"),
    "division": _ROWS.format("i / j"),
    "products of decimals": _ROWS.format("m * cast(0.000001 as decimal(7, 6))"),
    "minutes": _ROWS.format("t + interval 30 minute"),
    "days": _ROWS.format("t - interval 7 day"),
    "a timestamp": _ROWS.format("t >= timestamp '2026-01-01 00:00:00.000001'"),
    "nulls": "select a.id, o.id as x from samples as a left join samples as o on a.s = o.z",
    "a union": "select s as x from samples union select z from samples",
    "having": "select b, count(*) as n from samples group by b having sum(j) > 1",
}


def answers(engine: Engine, texts: list[str]) -> list[list[tuple[Any, ...]]]:
    """Rows of each SELECT on an engine, in one order for all of them."""
    engine.relation("samples", SAMPLES)
    found = []
    for text in texts:
        query = sql.parse(text.replace("chr_31", "'\x1f'"), "tests/portable")
        rows = engine.table(query.sql(engine.flags.dialect)).to_pylist()
        found.append(sorted((tuple(map(_plain, row.values())) for row in rows), key=repr))
    engine.drop("samples")
    return found


def _plain(value: Any) -> Any:
    """Numbers as numbers of one kind, exactly: engines differ in their width."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value).normalize()
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
