"""Step `fits`: paths, their draws by person, and what the chain learns of them."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from table_rows import make_rows, plain_times
from whichhalf import views
from whichhalf.attribute import fits
from whichhalf.attribute.models.bootstrap import TOO_FEW
from whichhalf.attribute.models.shapley import MAX_RATE_CHANNELS
from whichhalf.config import AttributeConfig, Config
from whichhalf.engines import Engine

Journey = tuple[str, str, int]  # person, its channels by their letters, conversions on one path
NO_DRAWS = Config(attribute=AttributeConfig(bootstrap_replicates=0))
RULES = {"is_paid": False, "channel_rule": "test", "rules_version": "test"}
_INPUTS = ("touch_credits", "unattributed", "touches", "excluded_visitors", "users", "persons")


def put(engine: Engine, journeys: list[Journey], kind: str = "trial") -> None:
    """Make readable what the step reads; a person's path ends in 0, 1 or more conversions."""
    engine.clear()
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in (*_INPUTS, "sources")}
    channels = sorted(set("".join(path for _person, path, _count in journeys)))
    for channel in channels:
        tables["sources"].append({"source_key": f"key of {channel}", "channel": channel, **RULES})
    for person, path, count in journeys:
        for place, channel in enumerate(path):
            touch = {
                "touch_id": f"{person}.{place:02d}",
                "source_key": f"key of {channel}",
                "touched_at": f"2026-03-01 10:{place:02d}:00",
            }
            tables["touches"].append({**touch, "user_id": person, "touch_type": "visit"})
            tables["touch_credits"] += [
                {
                    **touch, "conversion_id": f"{person}.{number}", "conversion_kind": kind,
                    "person_id": person, "value": "1", "linear_credit": 1 / len(path),
                    "linear_value": "1",
                    "converted_at": f"2026-03-02 10:{number:02d}:00",
                }
                for number in range(count)
            ]  # fmt: skip
    for name, rows in tables.items():
        engine.relation(name, plain_times(make_rows(name, rows)))


def fitted(engine: Engine, journeys: list[Journey], config: Config = NO_DRAWS) -> pa.Table:
    put(engine, journeys)
    return fits.model_fits(engine, config)["model_fits"]


def column(table: pa.Table, model: str, name: str) -> dict[str, Any]:
    rows = [row for row in table.to_pylist() if row["model"] == model]
    return {row["channel"]: row[name] for row in rows}


WORLD: list[Journey] = [
    *((f"u:{i}", "ab", 1) for i in range(7)),
    *((f"v:{i}", "ba", 0) for i in range(9)),
    *((f"w:{i}", "aac", 2) for i in range(3)),
    *((f"x:{i}", "c", 0) for i in range(11)),
    *((f"y:{i}", "bcb", 1) for i in range(5)),
]


def test_base_rate_is_what_was_observed(sql_engine: Engine) -> None:
    # 7 + 2 · 3 + 5 conversions, each a path; 9 + 11 persons who never converted.
    table = fitted(sql_engine, WORLD)
    assert set(column(table, "markov", "converting_paths").values()) == {18}
    assert set(column(table, "markov", "other_paths").values()) == {20}
    assert set(column(table, "shapley_rate", "base_rate").values()) == {18 / 38}


def test_the_chain_itself_has_that_rate(sql_engine: Engine) -> None:
    put(sql_engine, WORLD)
    converting, other = fits.converting_paths(sql_engine), fits.other_paths(sql_engine, "each")
    paths, _persons = fits.paths_of(converting, other)
    assert abs(fits.fit_markov(paths).base - 18 / 38) < 1e-12


@pytest.mark.parametrize("model", list(fits.FITTED))
def test_totals_sum_to_all_conversions(sql_engine: Engine, model: str) -> None:
    table = fitted(sql_engine, WORLD)
    assert sum(column(table, model, "conversions").values()) == pytest.approx(18, abs=1e-9)


@pytest.mark.parametrize("model", list(fits.FITTED))
def test_credits_of_each_conversion_sum_to_one_and_its_value(
    sql_engine: Engine, model: str
) -> None:
    table = fitted(sql_engine, WORLD)
    sql_engine.relation("model_fits", table)
    views.create(sql_engine, NO_DRAWS, "credits")
    rows = sql_engine.table(
        "select conversion_id, count(*), sum(credit), min(credit), sum(value)"
        f" from credits where model = '{model}' group by conversion_id"
    ).to_pylist()
    assert len(rows) == 18
    for _name, touches, total, least, value in (tuple(row.values()) for row in rows):
        assert touches in (2, 3)
        assert abs(total - 1) < 1e-12
        assert least >= 0
        # put() gives each touch a value of 1: the conversion is worth as many as it has touches.
        assert value == touches


def test_a_repeated_channel_shares_what_it_has_once(sql_engine: Engine) -> None:
    sql_engine.relation("model_fits", fitted(sql_engine, WORLD))
    weight = column(sql_engine.table("select * from model_fits"), "markov", "weight")
    views.create(sql_engine, NO_DRAWS, "credits")
    credit = dict(
        tuple(row.values())
        for row in sql_engine.table(
            "select touch_id, credit from credits"
            " where model = 'markov' and conversion_id = 'w:0.1'"
        ).to_pylist()
    )
    whole = weight["a"] + weight["c"]
    assert credit == pytest.approx(
        {
            "w:0.00": weight["a"] / whole / 2,
            "w:0.01": weight["a"] / whole / 2,
            "w:0.02": weight["c"] / whole,
        },
        abs=1e-15,
    )


def test_totals_and_credits_are_different_numbers(sql_engine: Engine) -> None:
    # By hand: a > b and b convert, a does not. Removal of a ½, of b 1. Classical: 2 conversions as
    # ½ : 1, so a ⅔. Conversion by conversion: a third of one is a's, and the other is all b's.
    table = fitted(sql_engine, [("u:1", "ab", 1), ("u:2", "b", 1), ("u:3", "a", 0)])
    assert column(table, "markov", "weight") == {"a": 0.5, "b": 1}
    assert column(table, "markov", "conversions") == {
        "a": pytest.approx(2 / 3),
        "b": pytest.approx(4 / 3),
    }
    sql_engine.relation("model_fits", table)
    views.create(sql_engine, NO_DRAWS, "credits")
    credit = sql_engine.table(
        "select s.channel, sum(c.credit) as credit from credits as c inner join sources as s"
        " on c.source_key = s.source_key where model = 'markov' group by s.channel order by 1"
    ).to_pylist()
    assert credit == [
        {"channel": "a", "credit": pytest.approx(1 / 3)},
        {"channel": "b", "credit": pytest.approx(5 / 3)},
    ]


def test_every_fitted_model_is_in_the_view(sql_engine: Engine) -> None:
    sql_engine.relation("model_fits", fitted(sql_engine, WORLD))
    views.create(sql_engine, NO_DRAWS, "credits")
    found = sql_engine.table("select distinct model from credits where model <> 'linear'")
    assert set(found.column(0).to_pylist()) == set(fits.FITTED)


def test_refunds_are_not_learned_from(sql_engine: Engine) -> None:
    for kind in ("refund", "chargeback"):
        put(sql_engine, WORLD, kind)
        assert fits.model_fits(sql_engine, NO_DRAWS)["model_fits"].num_rows == 0


def test_more_channels_than_the_game_holds(sql_engine: Engine) -> None:
    # 17 channels: a to n are met by two persons, o to q by one. 15 players hold 14 and "(other)".
    letters = "abcdefghijklmnopq"
    journeys = [(f"u:{c}", c, 1) for c in letters] + [(f"v:{c}", c, 0) for c in letters[:14]]
    table = fitted(sql_engine, journeys)
    named = column(table, "shapley_rate", "fitted_as")
    assert len(set(named.values())) == MAX_RATE_CHANNELS
    assert {c for c, player in named.items() if player == fits.OTHER} == set("opq")
    assert all(named[c] == c for c in letters[:14])
    assert set(column(table, "markov", "fitted_as").values()) == set(letters)  # the chain holds all
    totals = column(table, "shapley_rate", "conversions")
    players = {named[c]: totals[c] for c in letters}
    assert sum(players.values()) == pytest.approx(17)


def test_grouped_channels_share_the_weight_of_their_player_once(sql_engine: Engine) -> None:
    letters = "abcdefghijklmnopq"
    journeys = [(f"u:{c}", c, 1) for c in letters] + [(f"v:{c}", c, 0) for c in letters[:14]]
    sql_engine.relation("model_fits", fitted(sql_engine, [*journeys, ("x:1", "aop", 1)]))
    views.create(sql_engine, NO_DRAWS, "credits")
    credit = dict(
        tuple(row.values())
        for row in sql_engine.table(
            "select touch_id, credit from credits"
            " where model = 'shapley_rate' and conversion_id = 'x:1.0'"
        ).to_pylist()
    )
    assert credit["x:1.01"] == credit["x:1.02"]  # o and p are one player
    assert sum(credit.values()) == pytest.approx(1, abs=1e-12)


def test_fifteen_channels_are_not_grouped(sql_engine: Engine) -> None:
    letters = "abcdefghijklmno"
    table = fitted(sql_engine, [(f"u:{c}", c, 1) for c in letters])
    assert set(column(table, "shapley_rate", "fitted_as").values()) == set(letters)


def test_too_few_counts_conversions_that_met_the_channel(sql_engine: Engine) -> None:
    journeys = [(f"u:{i}", "aab" if i else "a", 1) for i in range(TOO_FEW)]
    few = column(fitted(sql_engine, journeys), "markov", "is_too_few")
    assert few == {"a": False, "b": True}  # a by 30; b by 29


def test_the_same_paths_give_the_same_doubles(sql_engine: Engine) -> None:
    config = Config(attribute=AttributeConfig(bootstrap_replicates=20))
    first = fitted(sql_engine, WORLD, config)
    again = fitted(sql_engine, WORLD[::-1], config)
    assert first.equals(again)
    weights = np.array([row["weight"] for row in first.to_pylist()]) * 2**40
    assert (weights == np.round(weights)).all()


def test_intervals_hold_the_total_and_zero_draws_give_none(sql_engine: Engine) -> None:
    config = Config(attribute=AttributeConfig(bootstrap_replicates=100))
    for row in fitted(sql_engine, WORLD, config).to_pylist():
        assert row["low"] <= row["conversions"] <= row["high"], row
    assert set(column(fitted(sql_engine, WORLD), "markov", "low").values()) == {None}


def test_all_paths_of_a_person_are_drawn_together(sql_engine: Engine) -> None:
    # The same 120 converting and 120 other paths; held by 120 persons, or by 6 of 20 paths each.
    # Twenty at a time the total scatters √20 = 4.5 times as wide.
    config = Config(attribute=AttributeConfig(bootstrap_replicates=400))
    others: list[Journey] = [(f"v:{i}", "ab"[i % 2], 0) for i in range(120)]
    apart: list[Journey] = [(f"u:{i}", "ab"[i % 2], 1) for i in range(120)]
    together: list[Journey] = [(f"u:{i}", "ab"[i % 2], 20) for i in range(6)]
    width = {}
    for name, journeys in (("apart", apart), ("together", together)):
        table = fitted(sql_engine, [*journeys, *others], config)
        assert set(column(table, "markov", "converting_paths").values()) == {120}
        low, high = (column(table, "markov", side)["a"] for side in ("low", "high"))
        width[name] = high - low
    assert 3 < width["together"] / width["apart"] < 6.5


def test_units_put_persons_with_one_equal_path_together(sql_engine: Engine) -> None:
    journeys: list[Journey] = [
        ("u:1", "ab", 1), ("u:2", "ab", 1), ("u:3", "ab", 2), ("u:4", "ba", 1),
        ("v:1", "ab", 0), ("v:2", "ab", 0), ("v:3", "ab", 0),
    ]  # fmt: skip
    put(sql_engine, journeys)
    converting, other = fits.converting_paths(sql_engine), fits.other_paths(sql_engine, "each")
    kept, unit, sizes = fits.units(*fits.paths_of(converting, other))
    # u:1 and u:2 are one unit of 2, u:3 a unit of its own with two paths, u:4 one, v:1 to v:3 one.
    assert sorted(sizes.tolist()) == [1, 1, 2, 3]
    assert sizes.sum() == len(journeys)
    held = sorted(len(list(rows)) for _unit, rows in groupby(sorted(unit.tolist())))
    assert held == [1, 1, 1, 2]
    assert len(kept) == 5
    assert (kept.conversions * sizes[unit]).sum() == 5
    assert (kept.nulls * sizes[unit]).sum() == 3


def test_direct_visits_are_no_step_of_a_path(sql_engine: Engine) -> None:
    put(sql_engine, [("u:1", "ab", 1), ("v:1", "a", 0)])
    more = {
        "touch_id": "direct", "source_key": "direct", "touched_at": "2026-03-01 10:00:30",
        "conversion_id": "u:1.0", "conversion_kind": "trial", "linear_credit": 0.5,
        "person_id": "u:1", "value": "1", "linear_value": "1",
        "converted_at": "2026-03-02 10:00:00",
    }  # fmt: skip
    rows = sql_engine.table("select * from touch_credits")
    sql_engine.relation(
        "touch_credits", pa.concat_tables([rows, plain_times(make_rows("touch_credits", [more]))])
    )
    direct = make_rows("sources", [{"source_key": "direct", "channel": "Direct", **RULES}])
    sources = sql_engine.table("select * from sources")
    sql_engine.relation("sources", pa.concat_tables([sources, plain_times(direct)]))
    table = fits.model_fits(sql_engine, NO_DRAWS)["model_fits"]
    assert set(column(table, "markov", "channel")) == {"a", "b"}
    assert set(column(table, "markov", "base_rate").values()) == {0.5}


@pytest.mark.parametrize(
    ("session_touches", "expected"),
    [("each", {"a": 2, "b": 1}), ("first_source", {"a": 2}), ("first_event", {"a": 1})],
)
def test_paths_that_did_not_convert_take_what_a_session_may_give(
    sql_engine: Engine, session_touches: str, expected: dict[str, int]
) -> None:
    # v:1's session begins with the event that brings a, v:2's with one that brings nothing.
    put(sql_engine, [("u:1", "a", 1), ("v:1", "ab", 0), ("v:2", "a", 0)])
    part = "case when user_id = 'v:1' then 'v:1.00' when user_id = 'v:2' then 'v:2' end"
    touches = sql_engine.table(f"select * replace ({part} as part_id) from touches")
    sql_engine.relation("touches", touches)
    met = fits.other_paths(sql_engine, session_touches).group_by("channel")
    found = met.aggregate([("person_id", "count_distinct")]).to_pylist()
    assert {row["channel"]: row["person_id_count_distinct"] for row in found} == expected


def test_no_paths_no_rows(sql_engine: Engine) -> None:
    assert fitted(sql_engine, []).num_rows == 0
    assert fitted(sql_engine, [("v:1", "ab", 0)]).num_rows == 0
