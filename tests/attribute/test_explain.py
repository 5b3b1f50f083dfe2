"""What `explain` tells is what was credited: the facts against the tables, the story by heart."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from explained_world import TOML, explained_world

from whichhalf.attribute.credits import MODELS
from whichhalf.attribute.explain import explain, to_text
from whichhalf.attribute.explain.found import find
from whichhalf.attribute.explain.history import READ
from whichhalf.config import load_config
from whichhalf.errors import UsageError, WhichhalfError
from whichhalf.project import Project

STORY = Path(__file__).with_name("explained_signup.txt")
Facts = dict[str, Any]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return explained_world(tmp_path_factory.mktemp("explained") / "shop")


def persons_of(project: Project) -> list[str]:
    return sorted(set(project.table("conversions").arrow()["person_id"].to_pylist()))


@pytest.fixture(scope="module")
def told(shop: Project) -> dict[str, Facts]:
    """Facts of everybody who converted."""
    return {name: explain(shop, name)["persons"][0] for name in persons_of(shop)}


def conversions(told: dict[str, Facts]) -> Iterator[tuple[Facts, Facts]]:
    for person in told.values():
        for conversion in person["conversions"]:
            yield person, conversion


def one(told: dict[str, Facts], person: str, name: str) -> Facts:
    kind, _, identifier = name.partition(":")
    found = [
        conversion
        for conversion in told[person]["conversions"]
        if (conversion["conversion_kind"], conversion["conversion_id"]) == (kind, identifier)
    ]
    assert len(found) == 1
    return found[0]


def verdicts(conversion: Facts) -> dict[str, Facts]:
    return {touch["touch_id"]: touch["verdict"] for touch in conversion["touches"]}


def test_a_signup_with_two_devices_and_a_late_identify_reads_as_one_story(shop: Project) -> None:
    text = to_text(explain(shop, "m07"))
    body, _, versions = text.partition("\nVersions\n")
    assert body == STORY.read_text("utf-8")
    page = Path(__file__).parents[2] / "docs" / "explain.md"
    assert body.split("\n\n")[1] in page.read_text("utf-8"), "the story in docs/explain.md"
    assert "channel and paid rules" in versions and "conversions 0" in versions


def test_the_credits_shown_are_those_of_the_table(shop: Project, told: dict[str, Facts]) -> None:
    shown = [
        (person["person_id"], c["app"], c["conversion_id"], c["conversion_kind"], m["model"],
         share["touch_id"], share["credit"], share["value"])
        for person, c in conversions(told)
        for m in c["models"]
        for share in m["credits"]
    ]  # fmt: skip
    names = ("person_id", "app", "conversion_id", "conversion_kind", "model", "touch_id")
    stored = shop.table("credits").arrow().select([*names, "credit", "value"]).to_pylist()
    assert len(stored) > 50
    assert sorted(shown) == sorted(tuple(row.values()) for row in stored)


def test_every_model_says_whom_it_credits_or_why_nobody(
    shop: Project, told: dict[str, Facts]
) -> None:
    names = ("app", "conversion_id", "conversion_kind", "model", "reason")
    rows = shop.table("unattributed").arrow().select(names).to_pylist()
    shown = []
    for _person, conversion in conversions(told):
        assert [row["model"] for row in conversion["models"]] == list(MODELS)
        for row in conversion["models"]:
            assert bool(row["credits"]) != bool(row["reason"])
            if row["reason"]:
                key = [conversion[name] for name in names[:3]]
                shown.append((*key, row["model"], row["reason"]))
    assert sorted(shown) == sorted(tuple(row.values()) for row in rows)


def test_every_conversion_is_told(shop: Project, told: dict[str, Facts]) -> None:
    stored = shop.table("conversions").arrow().select(["conversion_kind", "conversion_id", "value"])
    shown = [
        (c["conversion_kind"], c["conversion_id"], c["money"]["value"])
        for _person, c in conversions(told)
    ]
    assert sorted(shown) == sorted(tuple(row.values()) for row in stored.to_pylist())


def test_every_touch_of_a_person_is_told_once(shop: Project, told: dict[str, Facts]) -> None:
    """Also those that no model is given; a direct visit is made of its session."""
    stored = set(shop.table("touches").arrow()["touch_id"].to_pylist())
    by_person = {
        name: [touch["touch_id"] for touch in person["touches"]] for name, person in told.items()
    }
    assert all(len(set(touches)) == len(touches) for touches in by_person.values())
    shown = [touch for touches in by_person.values() for touch in touches]
    nobodys = {"x1"}  # the stranger's, who never converted
    assert {touch for touch in shown if touch in stored} == stored - nobodys
    assert len(set(shown)) == len(shown)
    for person, conversion in conversions(told):
        assert list(verdicts(conversion)) == by_person[person["person_id"]]
        times = [touch["touched_at"] for touch in conversion["touches"]]
        assert times == sorted(times)


def test_only_eligible_touches_take_credit(told: dict[str, Facts]) -> None:
    for _person, conversion in conversions(told):
        eligible = {name for name, found in verdicts(conversion).items() if found["is_eligible"]}
        for row in conversion["models"]:
            if row["model"] == "linear":
                assert {share["touch_id"] for share in row["credits"]} == eligible
            elif row["model"] != "install_last_touch":  # it has windows of its own
                assert {share["touch_id"] for share in row["credits"]} <= eligible


def test_a_window_is_told_with_value_threshold_and_setting(told: dict[str, Facts]) -> None:
    found = verdicts(one(told, "u:anna", "signup:m07"))["m01"]
    assert (found["refused"], found["rule"]) == ("out_of_window", "attribute.click_lookback_days")
    assert (found["threshold"], found["unit"]) == (7, "days_before")
    assert found["value"] == pytest.approx(9 + 2 / 24)


def test_a_refund_is_told_by_its_charge(told: dict[str, Facts]) -> None:
    refund = one(told, "u:anna", "refund:p2")
    charge = one(told, "u:anna", "purchase:p1")
    assert refund["refers_to"] == "p1" and refund["money"]["charge_is_named"]
    assert refund["attributed_at"] == charge["converted_at"] < refund["converted_at"]
    assert verdicts(refund) == verdicts(charge)
    assert [
        [(share["touch_id"], share["credit"]) for share in row["credits"]]
        for row in refund["models"]
    ] == [
        [(share["touch_id"], share["credit"]) for share in row["credits"]]
        for row in charge["models"]
    ]
    money = refund["money"]
    assert money["value"] == Decimal("-6.25") and money["rate"] == Decimal("1.25")
    assert (money["original_amount"], money["original_currency"]) == (Decimal(5), "EUR")
    assert "It returns p1 of 2026-03-16 10:00:00, the charge that it names" in " ".join(
        refund["story"]
    )


def test_the_corrected_payment_and_the_fit_of_purchases_are_told(told: dict[str, Facts]) -> None:
    money = one(told, "u:anna", "purchase:p3")["money"]
    assert (money["payment_version"], money["original_amount"]) == (1, Decimal(30))
    assert money["value"] == Decimal(30)
    fits = [
        next(row["fit"] for row in one(told, "u:anna", name)["models"] if row["model"] == "markov")
        for name in ("refund:p2", "purchase:p1")
    ]
    assert fits[0] == fits[1] != []


def test_a_source_again_in_its_session_says_which_touch_stands_for_it(
    told: dict[str, Facts],
) -> None:
    found = verdicts(one(told, "u:bert", "signup:s2"))
    assert found["s1"]["is_eligible"]
    assert (found["s6"]["refused"], found["s6"]["value"]) == ("same_session", "s1")


def test_identity_tells_aliases_shared_browsers_heavy_visitors_and_refused_merges(
    told: dict[str, Facts],
) -> None:
    bert, dora, emil = (told[name]["identity"] for name in ("u:bert", "u:dora", "u:emil"))
    assert bert["users"] == ["u:bert", "u:bertold"]
    assert [(row["user_id"], row["previous_id"]) for row in bert["aliases"]] == [
        ("u:bert", "u:bertold")
    ]
    assert [(row["visitor_id"], row["person_id"]) for row in bert["others"]] == [
        ("a:shared", "u:cora")
    ]
    assert [(row["visitor_id"], row["value"], row["threshold"]) for row in dora["excluded"]] == [
        ("a:robot", 7, 5)
    ]
    assert verdicts(one(told, "u:dora", "signup:r1"))["r0"]["refused"] == "excluded_visitor"
    assert [row["user_id"] for row in emil["refused_merges"]] == ["u:emil"]
    anna = {row["visitor_id"]: row for row in told["u:anna"]["identity"]["visitors"]}
    assert anna["a:phone"]["tied_by"] == "m09" and anna["a:laptop"]["tied_by"] == "m06"
    late = anna["a:phone"]["tie_received_at"] - anna["a:phone"]["tied_at"]
    assert late.days == 2


def test_an_install_hands_on_its_credit(told: dict[str, Facts]) -> None:
    purchase = one(told, "u:anna", "purchase:p3")
    assert purchase["install"]["install_id"] == "i1"
    assert not any(found["is_eligible"] for found in verdicts(purchase).values())
    inherited = next(row for row in purchase["models"] if row["model"] == "install_last_touch")
    assert [share["touch_id"] for share in inherited["credits"]] == ["c1"]
    assert "inherits the credit of install i1" in " ".join(purchase["story"])


@pytest.mark.parametrize(
    ("asked", "person", "count"),
    [
        ("u:anna", "u:anna", 8),
        ("anna", "u:anna", 8),
        ("a:phone", "u:anna", 8),
        ("laptop", "u:anna", 8),
        ("u:bertold", "u:bert", 1),
        ("p1", "u:anna", 2),  # a purchase and a first purchase
        ("first_purchase:p1", "u:anna", 1),
        ("stranger", "a:stranger@app", 0),
        ("a:stranger@app", "a:stranger@app", 0),
    ],
)
def test_whom_an_id_means(shop: Project, asked: str, person: str, count: int) -> None:
    with shop.engine() as engine:
        shop.expose(engine, READ)
        found = find(engine, asked)
    assert found.person_ids == (person,)
    assert len(found.conversions) == count


def test_a_person_who_never_converted_has_a_story_too(shop: Project) -> None:
    facts = explain(shop, "stranger")
    assert [touch["touch_id"] for touch in facts["persons"][0]["touches"]] == ["x1"]
    assert "from newsletter / email, campaign 'march'" in to_text(facts)


def test_a_conversion_of_nobody_is_told(told: dict[str, Facts]) -> None:
    (quote,) = (row for _person, row in conversions(told) if row["conversion_id"] == "q2")
    assert quote["touches"] == [] and quote["money"]["value"] == Decimal(4)
    assert quote["story"][-1] == (
        "Nothing takes credit under every model (organic): there was no touch that could take it."
    )


def test_money_without_a_rate_says_so(shop: Project) -> None:
    facts = explain(shop, "p2")
    money = facts["persons"][0]["conversions"][0]["money"]
    assert "refund 5.00 EUR x 1.25, the rate of 2026-03-16" in to_text(facts, 10_000)
    money |= {"value": Decimal(0), "rate": None}
    assert "refund 5.00 EUR, for which there is no rate" in to_text(facts, 10_000)


def test_kinds_choose_among_the_conversions(shop: Project) -> None:
    found = explain(shop, "u:anna", kinds=["signup", "refund"])["persons"][0]["conversions"]
    assert [row["conversion_kind"] for row in found] == ["signup", "refund"]
    with pytest.raises(UsageError, match=r"no 'signups'. Did you mean 'signup'"):
        explain(shop, "u:anna", kinds=["signups"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("a:shared", "more than one person: u:bert, u:cora"),
        ("refund:p1", r"'p1' is no 'refund'. There is: first_purchase:p1, purchase:p1"),
        ("u:bertolt", r"'u:bertolt'. Did you mean 'u:bertold'.* `whichhalf dump conversions`"),
        ("annna", r"Did you mean 'u:anna'"),
        ("purchase:nothing", r"Nothing is known of 'purchase:nothing'. Expected"),
        ("'; drop table conversions; --", "Nothing is known"),
    ],
)
def test_what_nothing_is_known_of(shop: Project, asked: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        explain(shop, asked)


def test_nothing_is_explained_before_a_run(project_of) -> None:
    with pytest.raises(WhichhalfError, match="before a run"):
        explain(project_of(), "m07")


EDGES = {
    "strict_before = true": ("e1", "e1", "at_conversion"),
    "count_direct = false": ("m07", "m03", "direct"),
    "count_converting_session = false": ("s2", "s1", "converting_session"),
    "click_beats_impression = true": ("purchase:p1", "v1", "beaten_by_click"),
    "restart_cycles = true": ("purchase:p4", "c1", "earlier_cycle"),
}


@pytest.mark.parametrize("setting", EDGES)
def test_every_edge_rule_is_named_and_change_since_the_run_told(
    shop: Project, told: dict[str, Facts], setting: str
) -> None:
    """The settings of now judge; what is stored is of other ones, and that is said."""
    asked, touch, refused = EDGES[setting]
    toml = TOML.replace("[attribute]", f"[attribute]\n{setting}")
    (shop.folder / "changed").mkdir(exist_ok=True)
    (shop.folder / "changed" / "whichhalf.toml").write_text(toml, "utf-8")
    changed = Project(shop.folder, load_config(shop.folder / "changed", {}))
    facts = explain(changed, asked)
    found = verdicts(facts["persons"][0]["conversions"][0])[touch]
    assert (found["refused"], found["rule"]) == (
        refused,
        f"attribute.{setting.split(maxsplit=1)[0]}",
    )
    assert f"{refused}: {found['because']}" in to_text(facts, 10_000)
    assert facts["persons"][0]["is_stale"]
    assert "`whichhalf run` takes them in" in to_text(facts, 10_000)
    assert not any(person["is_stale"] for person in told.values())


def test_the_text_keeps_to_the_width_and_loses_nothing(shop: Project) -> None:
    facts = explain(shop, "u:anna")
    whole = to_text(facts, 10_000)
    for width in (0, 40, 80, 200):
        text = to_text(facts, width)
        long = [line for line in text.splitlines() if len(line) > (width or 96)]
        assert all(len(line.split()) == 1 for line in long)
        assert text.split() == whole.split()


def test_what_a_terminal_would_obey_is_shown_as_text(shop: Project) -> None:
    facts = explain(shop, "m07")
    facts["persons"][0]["conversions"][0]["touches"][0]["source"] = "\x1b[31mred"
    text = to_text(facts)
    assert "\x1b" not in text and "\\x1b[31mred" in text
