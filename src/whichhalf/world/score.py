"""A project's tables against the truth of its world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from whichhalf.errors import BadDataError
from whichhalf.world.causal_score import causal_scores
from whichhalf.world.money import total
from whichhalf.world.touches import WHICH

Tables = Callable[[str], pa.Table]
_MONEY_KINDS = ("purchase", "refund", "chargeback")


def score(
    tables: Tables, truth: Path, lifts: Sequence[Mapping[str, Any]] = ()
) -> dict[str, object]:
    """Compare; keys and meanings are in docs/world.md.

    tables: gives the project's table (or view event_persons) of a name.
    truth: folder truth/ of the world. BadDataError where it is none.
    lifts: where ads persuade, records of report lift by network over `experiment_days`.
    """
    totals = _totals(truth)
    return {
        **identity_score(tables("event_persons"), pq.read_table(truth / "events.parquet")),
        **touch_scores(tables("signups"), pq.read_table(truth / "signups.parquet")),
        **_money_scores(tables, totals),
        **_quarantine_scores(tables("quarantine"), totals),
        **causal_scores(tables, truth, lifts),
    }


def experiment_days(truth: Path) -> tuple[date, date] | None:
    """First and last day of the world's hold-outs; None where its ads persuade nobody."""
    config = _totals(truth)["config"]
    if not config.get("causal_people"):
        return None
    first = date.fromisoformat(config["start_on"])
    return first, first + timedelta(days=config["days"] - 1)


def _totals(truth: Path) -> dict[str, Any]:
    path = truth / "totals.json"
    if not path.is_file():
        raise BadDataError(
            f"No totals.json in {truth}. Name the folder truth/ that `whichhalf world generate`"
            " wrote."
        )
    totals: dict[str, Any] = orjson.loads(path.read_bytes())
    return totals


def identity_score(found: pa.Table, true: pa.Table) -> dict[str, object]:
    """Return precision, recall and F1 over the pairs of events of one person.

    found, true: columns app, message_id, person_id. Pairs are counted from the sizes of groups,
    never listed. Pairs with an event that was not found count as not found. Events of the project
    that are none in truth are counted apart.
    """
    wanted = ["app", "message_id", "person_id"]
    joined = true.select(wanted).join(
        found.select(wanted).rename_columns(["app", "message_id", "found_id"]),
        ["app", "message_id"],
        join_type="left outer",
    )
    known = joined.filter(pc.is_valid(joined["found_id"]))
    both = _pairs(known, ["person_id", "found_id"])
    said, meant = _pairs(known, ["found_id"]), _pairs(joined, ["person_id"])
    return {
        "identity_f1": _ratio(2 * both, said + meant),
        "identity_precision": _ratio(both, said),
        "identity_recall": _ratio(both, meant),
        "events_expected": true.num_rows,
        "events_found": known.num_rows,
        "events_unknown": found.num_rows - known.num_rows,
    }


def _pairs(rows: pa.Table, keys: list[str]) -> int:
    """Pairs of rows that agree in `keys`."""
    sizes = rows.group_by(keys).aggregate([([], "count_all")])["count_all"].to_numpy()
    return int(np.sum(sizes.astype(np.int64) * (sizes - 1) // 2))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def touch_scores(found: pa.Table, true: pa.Table) -> dict[str, object]:
    """Return the shares of true signups whose four touches were found, none included.

    Signups are the same by app and conversion id, touches by their id.
    """
    ids = [f"{which}_touch_id" for which in WHICH]
    keys = ["app", "conversion_id"]
    mine = found.select([*keys, *ids]).rename_columns([*keys, *(f"found_{name}" for name in ids)])
    mine = mine.append_column("found", pa.array(np.ones(mine.num_rows, bool)))
    joined = true.select([*keys, *ids]).join(mine, keys, join_type="left outer")
    there = pc.fill_null(joined["found"], False)
    result: dict[str, object] = {}
    for which, name in zip(WHICH, ids, strict=True):
        same = pc.equal(pc.fill_null(joined[name], ""), pc.fill_null(joined[f"found_{name}"], ""))
        right = int(pc.sum(pc.and_(there, same)).as_py() or 0)
        result[f"{which}_{'accuracy' if 'paid' in which else 'touch_accuracy'}"] = _ratio(
            right, true.num_rows
        )
    result["signups_expected"] = true.num_rows
    result["signups_found"] = int(pc.sum(there).as_py() or 0)
    result["signups_unknown"] = found.num_rows - int(pc.sum(there).as_py() or 0)
    return result


def _money_scores(tables: Tables, totals: dict[str, Any]) -> dict[str, object]:
    """Absolute errors in the reporting currency, as decimal strings with six places."""
    spend = _sum(tables("cost_days")["spend"])
    conversions = tables("conversions")
    wanted = pc.is_in(conversions["conversion_kind"], pa.array(_MONEY_KINDS))
    revenue = _sum(conversions.filter(wanted)["value"])
    return {
        "spend_error": str(total([abs(spend - Decimal(totals["spend"]))])),
        "revenue_error": str(total([abs(revenue - Decimal(totals["revenue"]))])),
    }


def _sum(column: pa.ChunkedArray) -> Decimal:
    return Decimal(pc.sum(column.cast(pa.decimal128(38, 6))).as_py() or 0)


def _quarantine_scores(quarantine: pa.Table, totals: dict[str, Any]) -> dict[str, object]:
    counts = pc.value_counts(quarantine["reason"]).to_pylist()
    return {
        "quarantined_expected": sum(totals["broken"].values()),
        "quarantined_found": quarantine.num_rows,
        "quarantined_expected_by_reason": {k: n for k, n in totals["broken"].items() if n},
        "quarantined_found_by_reason": {
            row["values"]: row["counts"] for row in sorted(counts, key=lambda row: row["values"])
        },
    }
