"""Report `models`: every model on the same touches, reconciled, each total by its name."""

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_lake import make, read_tables, write

from whichhalf.attribute.credits import MODELS as CREDITED
from whichhalf.cli import main
from whichhalf.errors import UsageError
from whichhalf.project import open_project
from whichhalf.report import DIMENSIONS, MODELS, Query, render, report_project

PERIOD = (date(2026, 2, 1), date(2026, 3, 31))
# The recipe docs/recipes/own_touches.md, whose credits are worked out by hand there.
TOUCHES = """\
touch_id,person_id,occurred_at,channel,type
t1,anna,2026-03-02T10:00:00Z,Paid Social,impression
t2,anna,2026-03-03T10:00:00Z,Paid Search,click
t3,anna,2026-03-04T10:00:00Z,Email,visit
t4,anna,2026-03-05T10:00:00Z,direct,visit
t5,ben,2026-03-03T10:00:00Z,Paid Social,impression
t6,cleo,2026-02-20T10:00:00Z,Paid Search,click
t7,eve,2026-03-01T10:00:00Z,Email,visit
t8,fay,2026-03-04T10:00:00Z,direct,visit
t9,gus,2026-03-04T10:00:00Z,Paid Search,click
"""
CONVERSIONS = """\
conversion_id,person_id,kind,occurred_at,value,currency
c1,anna,purchase,2026-03-05T10:00:00Z,100,EUR
c2,ben,purchase,2026-03-05T10:00:00Z,40,
c3,cleo,purchase,2026-03-05T10:00:00Z,30,EUR
c4,dora,purchase,2026-03-05T10:00:00Z,20,EUR
c5,fay,purchase,2026-03-05T10:00:00Z,10,EUR
"""
SETTINGS = """\
[attribute]
click_lookback_days = 7
impression_lookback_days = 5
click_beats_impression = true
strict_before = true
[report]
currency = "EUR"
"""
LATE = 1 / (1 + 2 ** (-1 / 7))  # the later of two touches a day apart, half-life 7 days
# Model → conversions of Paid Search, Email and Paid Social, direct, organic, out of window.
BY_HAND = {
    "first": (1, 0, 1, 1, 1, 1),
    "last": (0, 1, 1, 1, 1, 1),
    "first_non_direct": (1, 0, 1, 1, 1, 1),
    "last_non_direct": (0, 1, 1, 1, 1, 1),
    "first_paid": (1, 0, 1, 1, 1, 1),
    "last_paid": (1, 0, 1, 1, 1, 1),
    "linear": (0.5, 0.5, 1, 1, 1, 1),
    "position": (0.5, 0.5, 1, 1, 1, 1),
    "time_decay": (1 - LATE, LATE, 1, 1, 1, 1),
    "shapley": (0.5, 0.5, 1, 1, 1, 1),
    # Nobody installed: four organic, and the direct visit.
    "install_last_touch": (0, 0, 0, 1, 4, 0),
    "markov": (1 / 3, 2 / 3, 1, 1, 1, 1),
    "shapley_rate": (0.5, 0.5, 1, 1, 1, 1),
}
ROWS = ("Paid Search", "Email", "Paid Social", "(direct)", "(organic)", "(out of window)")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "whichhalf.toml").write_text(SETTINGS, "utf-8")
    for name, text in (("touches", TOUCHES), ("conversions", CONVERSIONS)):
        (folder / f"{name}.csv").write_text(text, "utf-8")
        assert main(["-C", str(folder), "load", name, str(folder / f"{name}.csv")]) == 0
    assert main(["-C", str(folder), "run"]) == 0
    return open_project(folder)


def asked(project, by, kind="purchase", period=PERIOD):
    return report_project(project, "models", Query("models", *period, by=by, kind=kind))


def by_channel(project):
    return {row["channel"]: row for row in asked(project, "channel").records()}


def test_every_model_of_credits_can_be_asked():
    assert list(MODELS) == list(CREDITED)
    assert set(BY_HAND) == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_every_count_is_the_one_computed_by_hand(shop, model):
    found = by_channel(shop)
    counts = [found[row][f"attributed_{model}"] for row in ROWS]
    assert counts == pytest.approx(BY_HAND[model], abs=1e-9)


def test_value_follows_the_credit_to_the_last_digit(shop):
    found = by_channel(shop)
    assert found["Email"]["attributed_value_markov"] == Decimal("66.666667")
    assert found["Paid Search"]["attributed_value_markov"] == Decimal("33.333333")
    assert found["(direct)"]["attributed_value_linear"] == 10


@pytest.mark.parametrize("by", DIMENSIONS["models"])
def test_every_column_sums_to_all_conversions(shop, by):
    report = asked(shop, by)
    reconciles(report, 5, 200)


def reconciles(report, count, value):
    """Each model's rows add up to all conversions of the kind; so does TOTAL."""
    total = report.total_record
    for model in MODELS:
        name, money = f"attributed_{model}", f"attributed_value_{model}"
        assert (total[name], total[money]) == (count, value), model
        assert sum(cell or 0 for cell in report.column(name)) == pytest.approx(count, abs=1e-6)
        assert sum(cell or 0 for cell in report.column(money)) == value, model


def test_classical_totals_are_those_of_the_stored_fit(shop):
    report = asked(shop, "channel")
    found = {row["channel"]: row for row in report.records()}
    with shop.engine() as engine:
        shop.expose_read(engine, ["model_fits"])
        fits = engine.table("select * from model_fits").to_pylist()
    assert len(fits) == 6
    for fit in fits:
        name = f"attributed_{fit['model']}_total"
        row = found[fit["channel"]]
        ends = (row[name], row[f"{name}_low"], row[f"{name}_high"], row[f"{name}_too_few"])
        assert ends == (fit["conversions"], fit["low"], fit["high"], "too few")
    # Two conversions had a touch with a source. Removal effects: Search 1/4, Email and Social 1/2.
    totals = [found[name]["attributed_markov_total"] for name in ROWS[:3]]
    assert totals == pytest.approx([0.4, 0.8, 0.8])
    assert report.total_record["attributed_markov_total"] == 2
    assert found["(direct)"]["attributed_markov_total"] is None
    assert any("whole history" in note for note in report.notes)


def test_totals_are_only_of_channels(shop):
    report = asked(shop, "network")
    assert not any(name.endswith("_total") for name in report.names)
    assert any("--by channel" in note for note in report.notes)


def test_the_period_cuts_conversions_but_not_the_fit(shop):
    report = asked(shop, "channel", period=(date(2026, 2, 1), date(2026, 3, 4)))
    reconciles(report, 0, 0)
    assert report.total_record["attributed_markov_total"] == 2
    assert "No conversion of kind purchase in the period." in report.notes


def test_whatever_a_model_says_is_named_attributed(shop):
    report = asked(shop, "channel")
    numbers = [column for column in report.columns if not column.is_text]
    assert all(c.name.startswith("attributed_") for c in numbers if c.name != "spend")
    ends = ("from", "to")
    assert all("attributed" in c.heading for c in numbers[1:] if not c.heading.endswith(ends))


def test_the_head_says_models_windows_zone_and_freshness(shop):
    facts = {fact.name: fact.text for fact in asked(shop, "channel").facts}
    assert facts["touches"].startswith("clicks, visits and referrers up to 7 days before")
    assert facts["model position"].endswith(": 40% and 40% (attributed)")
    assert {f"model {model}" for model in MODELS} < set(facts)
    assert {"time zone", "newest event", "snapshot", "period"} < set(facts)


def test_a_kind_that_nothing_has_is_refused(shop):
    with pytest.raises(UsageError, match="Did you mean 'purchase'"):
        asked(shop, "channel", kind="purchas")


def test_every_format_holds_the_same_rows(shop, tmp_path, capsys):
    report = asked(shop, "channel")
    rows = list(csv.DictReader(io.StringIO(render(report, "csv").decode())))
    assert [row["channel"] for row in rows][:-1] == report.column("channel")
    told = json.loads(render(report, "json"))
    assert [row["attributed_markov"] for row in told["rows"]] == report.column("attributed_markov")
    path = tmp_path / "models.parquet"
    path.write_bytes(render(report, "parquet"))
    assert pq.read_table(path).num_rows >= len(report.rows)
    assert render(report, "xlsx").startswith(b"PK")
    arguments = ["-C", str(shop.folder), "report", "models", "--kind", "purchase"]
    capsys.readouterr()
    assert main(arguments) == 0
    assert "model markov: channels by their removal effects" in capsys.readouterr().out


@pytest.mark.parametrize("model", ["linear", "markov"])
def test_report_campaigns_takes_models_that_share(shop, model):
    query = Query("campaigns", *PERIOD, by="channel", model=model, basis="event")
    report = report_project(shop, "campaigns", query)
    total = report.total_record
    assert (total["revenue"], total["buying_frequency"]) == (200, 5)
    assert sum(cell or 0 for cell in report.column("revenue")) == 200
    counts = {row["channel"]: row["buying_frequency"] for row in report.records()}
    assert [counts[row] for row in ROWS] == pytest.approx(BY_HAND[model], abs=1e-9)


# Conversions of several kinds, costs, campaigns and countries, credited by hand under few models.
WORLD = Path(__file__).parents[1] / "golden" / "report_campaigns" / "in"
JANUARY = (date(2026, 1, 1), date(2026, 1, 31))


@pytest.fixture
def golden(tmp_path):
    return make(tmp_path, read_tables(WORLD))


@pytest.mark.parametrize("by", DIMENSIONS["models"])
def test_spend_and_conversions_reconcile_with_report_campaigns(golden, by):
    report = asked(golden, by, kind="signup", period=JANUARY)
    query = Query("campaigns", *JANUARY, by=by, basis="event")
    campaigns = report_project(golden, "campaigns", query)
    texts = [c.name for c in campaigns.columns if c.is_text]
    shown = {tuple(row[name] for name in texts): row for row in report.records()}
    assert report.total_record["spend"] == campaigns.total_record["spend"]
    for row in campaigns.records():
        key = tuple(row[name] for name in texts)
        if key in shown:
            assert shown[key]["spend"] == row["spend"]
            assert (shown[key]["attributed_last_paid"] or 0) == (row["registrations"] or 0)
        else:
            assert not row["registrations"]
            assert not row["spend"]
    count = campaigns.total_record["registrations"]
    assert count > 1
    reconciles(report, count, report.total_record["attributed_value_last_paid"])


def test_a_column_of_a_look_up_is_a_dimension(golden):
    said = {"lookup": "mine", "dimension": "network", "attribute": "team"}
    rows = [
        {**said, "lookup_key": key, "attribute_value": value}
        for key, value in {"meta": "social", "tiktok": "social"}.items()
    ]
    write(golden, {"lookups": rows})
    report = asked(golden, "team", kind="signup", period=JANUARY)
    teams = {row["team"]: row for row in report.records()}
    networks = {r["network"]: r for r in asked(golden, "network", "signup", JANUARY).records()}
    held = [row for name, row in networks.items() if name in ("meta", "tiktok")]
    for name in ("spend", "attributed_last_paid"):
        assert teams["social"][name] == sum(row[name] or 0 for row in held)
    reconciles(
        report,
        report.total_record["attributed_last_paid"],
        report.total_record["attributed_value_first"],
    )


def test_rare_channels_that_a_fit_holds_together_stand_in_a_note(tmp_path):
    fit = {"conversion_kind": "signup", "model": "shapley_rate", "converting_paths": 4}
    given = {
        "model_fits": [
            {**fit, "channel": "Email", "fitted_as": "Email", "conversions": 3.0},
            {**fit, "channel": "Podcast", "fitted_as": "(other)", "conversions": 1.0},
            {**fit, "channel": "Print", "fitted_as": "(other)", "conversions": 1.0},
        ],
        "conversions": [
            {
                **{"conversion_id": "s", "conversion_kind": "signup", "person_id": "u:1"},
                **dict.fromkeys(("converted_at", "attributed_at"), datetime(2026, 1, 1)),
            }
        ],
    }
    report = asked(make(tmp_path, given), "channel", "signup", JANUARY)
    totals = dict(
        zip(report.column("channel"), report.column("attributed_shapley_rate_total"), strict=True)
    )
    assert (totals["Email"], totals["Podcast"], totals["Print"]) == (3, None, None)
    assert report.total_record["attributed_shapley_rate_total"] == 4
    assert any("(other), in total 1.00: Podcast, Print" in note for note in report.notes)
    assert any("Under organic of markov: 1 without a reason" in note for note in report.notes)
