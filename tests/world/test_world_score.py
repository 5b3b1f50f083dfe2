import json
from collections.abc import Callable
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from whichhalf.errors import BadDataError
from whichhalf.world import Summary, score
from whichhalf.world.score import identity_score

World = tuple[Path, Summary]
Tables = dict[str, pa.Table]
WHOLE = (
    "identity_f1",
    "first_touch_accuracy",
    "last_touch_accuracy",
    "first_paid_accuracy",
    "last_paid_accuracy",
)


def perfect(folder: Path) -> Tables:
    """The tables that a project without fault would have, made from the truth."""
    truth = folder / "truth"
    revenue = pq.read_table(truth / "revenue.parquet")
    kinds = pc.replace_substring(revenue["payment_kind"], "charge", "purchase", max_replacements=1)
    kinds = pc.if_else(pc.equal(revenue["payment_kind"], "chargeback"), "chargeback", kinds)
    broken = json.loads((truth / "totals.json").read_text())["broken"]
    reasons = [reason for reason, count in broken.items() for _ in range(count)]
    return {
        "event_persons": pq.read_table(truth / "events.parquet"),
        "signups": pq.read_table(truth / "signups.parquet"),
        "cost_days": pq.read_table(truth / "spend.parquet"),
        "conversions": pa.table({"conversion_kind": kinds, "value": revenue["value"]}),
        "quarantine": pa.table({"reason": reasons}),
    }


def scored(folder: Path, tables: Tables) -> dict[str, object]:
    given: Callable[[str], pa.Table] = tables.__getitem__
    return score(given, folder / "truth")


def test_perfect_tables(world: World) -> None:
    result = scored(world[0], perfect(world[0]))
    assert all(result[key] == 1.0 for key in WHOLE)
    assert result["spend_error"] == result["revenue_error"] == "0.000000"
    assert result["signups_expected"] == result["signups_found"] == 300
    assert result["quarantined_expected"] == result["quarantined_found"]
    assert result["quarantined_expected_by_reason"] == result["quarantined_found_by_reason"]


def test_ids_of_people_and_order_do_not_matter(world: World) -> None:
    tables = perfect(world[0])
    events = tables["event_persons"].take(np.random.default_rng(0).permutation(world[1].events))
    renamed = pc.binary_join_element_wise("u:", events["person_id"], "")
    tables["event_persons"] = events.set_column(2, "person_id", renamed)
    assert scored(world[0], tables)["identity_f1"] == 1.0


def test_nothing_found(world: World) -> None:
    tables = {name: table.slice(0, 0) for name, table in perfect(world[0]).items()}
    result = scored(world[0], tables)
    assert all(result[key] == 0.0 for key in WHOLE)
    assert Decimal(str(result["spend_error"])) > 100
    assert Decimal(str(result["revenue_error"])) > 100
    assert result["quarantined_found"] == 0


@pytest.mark.parametrize("key", WHOLE[1:])
def test_a_wrong_touch_costs_its_share(world: World, key: str) -> None:
    tables = perfect(world[0])
    column = key.removesuffix("_accuracy").removesuffix("_touch") + "_touch_id"
    values = tables["signups"][column].to_pylist()
    values[:30] = ["wrong"] * 30
    place = tables["signups"].column_names.index(column)
    tables["signups"] = tables["signups"].set_column(place, column, pa.array(values))
    result = scored(world[0], tables)
    assert result[key] == 0.9
    assert [result[other] for other in WHOLE if other != key] == [1.0] * 4


def test_a_missing_and_an_invented_signup(world: World) -> None:
    tables = perfect(world[0])
    signups = tables["signups"]
    ids = pa.array(["invented", *signups["conversion_id"].to_pylist()[1:]])
    tables["signups"] = signups.set_column(
        signups.column_names.index("conversion_id"), "conversion_id", ids
    )
    result = scored(world[0], tables)
    assert result["last_touch_accuracy"] == result["first_paid_accuracy"] == 299 / 300
    assert (result["signups_found"], result["signups_unknown"]) == (299, 1)


def test_money_that_is_one_millionth_off(world: World) -> None:
    tables = perfect(world[0])
    extra = pa.table({"conversion_kind": ["purchase", "signup"]})
    amounts = pa.array([Decimal("0.000001"), Decimal(5)], pa.decimal128(18, 6))
    extra = extra.append_column("value", amounts)
    tables["conversions"] = pa.concat_tables([tables["conversions"], extra])
    tables["cost_days"] = tables["cost_days"].slice(1)
    result = scored(world[0], tables)
    assert result["revenue_error"] == "0.000001"
    first = perfect(world[0])["cost_days"]["spend"][0].as_py()
    assert Decimal(str(result["spend_error"])) == first


def test_pairs_are_counted_as_a_list_would(world: World) -> None:
    rng = np.random.default_rng(3)
    ids = [f"m{number}" for number in range(60)]
    true = dict(zip(ids, rng.integers(0, 12, 60).tolist(), strict=True))
    said = {name: int(rng.integers(0, 12)) if rng.random() < 0.3 else true[name] for name in ids}
    said.pop("m7")

    def pairs(of: dict[str, int]) -> set[tuple[str, str]]:
        return {(a, b) for a, b in combinations(sorted(of), 2) if of[a] == of[b]}

    def table(of: dict[str, int]) -> pa.Table:
        rows = [{"app": "web", "message_id": m, "person_id": f"p{p}"} for m, p in of.items()]
        return pa.Table.from_pylist(rows)

    hits = len(pairs(said) & pairs(true))
    result = identity_score(table(said | {"unheard": 1}), table(true))
    assert result["identity_precision"] == hits / len(pairs(said))
    assert result["identity_recall"] == hits / len(pairs(true))
    assert result["identity_f1"] == 2 * hits / (len(pairs(said)) + len(pairs(true))) < 1
    assert (result["events_found"], result["events_unknown"]) == (59, 1)


def test_no_truth(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"No totals.json"):
        score({}.__getitem__, tmp_path)
