"""Types of event properties: a new field is announced, a field of another type is set aside.

The type of a field is the one that it had when it was first seen; within one load the most frequent
one (ties by name). Nulls fit every type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.lake import Lake
from whichhalf.tables import TABLES

TABLE = TABLES["event_fields"]
# An object without fields is "JSON".
_TYPES = {"VARCHAR": "string", "BOOLEAN": "boolean", "NULL": "null", "JSON": "object"}
_OR = " or "  # between the types of a property that were accepted
Key = tuple[str, str, str, str]  # app, call, event name, field


@dataclass(frozen=True)
class Checked:
    """fits: of each row, whether its types are right. details: what is wrong, by row index.

    new: "event.field (type)" of every field that was never seen before.
    """

    details: dict[int, str]
    new: tuple[str, ...]


def check(
    lake: Lake, engine: Engine, rows: pa.Table, structures: pa.ChunkedArray, seen_in: str
) -> Checked:
    """Compare the properties of events with the types known, and register the new fields.

    rows: columns of `events`. structures: of each row, `Parsed.structures`. seen_in: source and
    file, for the register.
    """
    shapes = _shapes(engine, rows, structures)
    known = _known(lake, engine)
    new = _new_types(shapes, known)
    if new:
        lake.append(TABLE, _register(new, seen_in))
    known |= new
    wrong = [shape | {"detail": detail} for shape in shapes if (detail := _clash(shape, known))]
    details = _rows_of(engine, wrong) if wrong else {}
    engine.drop("arriving")
    return Checked(details, tuple(f"{k[2] or k[1]}.{k[3]} ({t})" for k, t in sorted(new.items())))


# A property belongs to its event's name; calls other than track have one set of fields each.
_STRUCTURED = (
    "select app, call, case when call = 'track' then coalesce(name, '') else '' end as name,"
    " structure, i from arriving where structure is not null"
)


def _shapes(engine: Engine, rows: pa.Table, structures: pa.ChunkedArray) -> list[dict[str, object]]:
    """How the properties of the events are built, by event name, with their numbers of rows."""
    numbers = pa.array(np.arange(rows.num_rows, dtype=np.int64))
    read = rows.select(["app", "call", "name"])
    read = read.append_column("structure", structures).append_column("i", numbers)
    engine.relation("arriving", read)
    shapes: list[dict[str, object]] = engine.table(
        "select app, call, name, structure, count(*) as rows"
        f" from ({_STRUCTURED}) as structured"
        " group by app, call, name, structure order by app, call, name, structure"
    ).to_pylist()
    return shapes


def accept(lake: Lake, engine: Engine, rows: pa.Table, structures: pa.ChunkedArray) -> None:
    """Let the properties of these events have the types that they have, beside those known."""
    known = _known(lake, engine)
    found: dict[Key, set[str]] = {}
    for shape in _shapes(engine, rows, structures):
        for key, kind in _fields(shape):
            if kind != "null" and key in known:
                found.setdefault(key, set()).add(kind)
    engine.drop("arriving")
    wider = {
        key: _OR.join(sorted({*known[key].split(_OR), *kinds})) for key, kinds in found.items()
    }
    register = engine.table("select * from event_fields").to_pylist()
    for row in register:
        key = (row["app"], row["call"], row["name"], row["field"])
        row["json_type"] = wider.get(key, row["json_type"])
    if register:
        lake.replace(TABLE, pa.Table.from_pylist(register, schema=TABLE.arrow))


def _known(lake: Lake, engine: Engine) -> dict[Key, str]:
    engine.expose("event_fields", lake.scan(TABLE))
    rows = engine.table("select app, call, name, field, json_type from event_fields").to_pylist()
    return {(r["app"], r["call"], r["name"], r["field"]): r["json_type"] for r in rows}


def _fields(shape: dict[str, object]) -> Iterator[tuple[Key, str]]:
    structure = orjson.loads(str(shape["structure"]))
    fields = structure if isinstance(structure, dict) else {}  # an empty object says "JSON"
    for field, kind in fields.items():
        key = (str(shape["app"]), str(shape["call"]), str(shape["name"]), field)
        yield key, _type_of(kind)


def _type_of(kind: object) -> str:
    """The JSON type behind an element of json_structure's answer."""
    if isinstance(kind, dict):
        return "object"
    if isinstance(kind, list):
        return "array"
    return _TYPES.get(str(kind), "number")


def _new_types(shapes: list[dict[str, object]], known: dict[Key, str]) -> dict[Key, str]:
    counts: dict[Key, Counter[str]] = {}
    for shape in shapes:
        for key, kind in _fields(shape):
            if key not in known and kind != "null":
                counts.setdefault(key, Counter())[kind] += int(str(shape["rows"]))
    return {key: min(kinds, key=lambda k: (-kinds[k], k)) for key, kinds in counts.items()}


def _clash(shape: dict[str, object], known: dict[Key, str]) -> str:
    """What is wrong with a shape; "" if nothing."""
    wrong = [
        f"{key[3]} is {kind}, was {known[key]}"
        for key, kind in _fields(shape)
        if kind != "null" and kind not in known[key].split(_OR)
    ]
    return "; ".join(wrong)


def _rows_of(engine: Engine, wrong: list[dict[str, object]]) -> dict[int, str]:
    engine.relation("wrong_shapes", pa.Table.from_pylist(wrong))
    found = engine.table(
        f"select s.i, w.detail from ({_STRUCTURED}) as s inner join wrong_shapes as w"
        " on s.app = w.app and s.call = w.call and s.name = w.name and s.structure = w.structure"
    )
    return dict(zip(found.column("i").to_pylist(), found.column("detail").to_pylist(), strict=True))


def _register(new: dict[Key, str], seen_in: str) -> pa.Table:
    rows = [(*key, kind, seen_in) for key, kind in sorted(new.items())]
    return pa.table(list(zip(*rows, strict=True)), schema=TABLE.arrow)
