"""A world, drawn and written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from whichhalf.world import app_files, truth
from whichhalf.world.arrivals import Arrivals
from whichhalf.world.calls import draw_events
from whichhalf.world.campaigns import Ads, draw_ads
from whichhalf.world.causal_ads import causal_ads
from whichhalf.world.causal_files import write_experiments, write_impressions
from whichhalf.world.config import WorldConfig
from whichhalf.world.cost_files import write_costs
from whichhalf.world.costs import Cost, draw_costs
from whichhalf.world.delivery import Lines, deliver
from whichhalf.world.effects import Effects, draw_effects
from whichhalf.world.events import Events
from whichhalf.world.heads import Heads
from whichhalf.world.journeys import Journeys, decide, draw_journeys, sizes
from whichhalf.world.ledger import write_causes
from whichhalf.world.money import ecb_quotes
from whichhalf.world.payments import Payments, draw_payments
from whichhalf.world.people import FIRST_OLD_USER_ID, FIRST_USER_ID, People, draw_people
from whichhalf.world.project_file import project_file
from whichhalf.world.segment_files import SegmentWriter
from whichhalf.world.touches import true_signups, true_touches
from whichhalf.world.visits import ALIAS, Visits, draw_visits


@dataclass(frozen=True)
class Summary:
    """What was written. files: rows (without headers and totals) by path, relative to `out`."""

    files: dict[str, int]
    people: int
    signups: int
    events: int
    lines: int
    campaigns: int


@dataclass(frozen=True)
class Causes:
    """Where ads persuade: what they do to whom, and every touch that was due."""

    effects: Effects
    journeys: Journeys


@dataclass(frozen=True)
class World:
    """All that was drawn."""

    config: WorldConfig
    seed: int
    ads: Ads
    people: People
    visits: Visits
    arrivals: Arrivals
    payments: Payments
    heads: Heads
    events: Events
    lines: Lines
    costs: list[Cost]
    seen: app_files.AppTouches
    causes: Causes | None


def generate(config: WorldConfig, seed: int, out: Path) -> Summary:
    """Write a world into folder `out`: whichhalf.toml, data/, truth/.

    The same config and seed write the same bytes. Raises ConfigError where the packaged exchange
    rates do not cover the dates.
    """
    check_dates(config)
    world = draw(config, seed)
    out.mkdir(parents=True, exist_ok=True)
    (out / "whichhalf.toml").write_text(project_file(config, world.ads, seed), "utf-8")
    files = write_data(world, out / "data")
    signups = write_truth(world, out / "truth")
    return Summary(
        files={f"data/{name}": rows for name, rows in files.items()},
        people=world.people.count,
        signups=signups,
        events=len(world.events.at),
        lines=len(world.lines.copy),
        campaigns=len(world.ads.campaigns),
    )


def check_dates(config: WorldConfig) -> None:
    """Refuse dates and currencies without exchange rates."""
    currencies = {*config.account_currencies, config.reporting_currency, "TRY"}
    for day in (config.start_on, config.start_on + timedelta(days=config.days)):
        for currency in sorted(currencies):
            ecb_quotes().quote(currency, day)


def draw(config: WorldConfig, seed: int) -> World:
    """Draw everything; nothing is written."""
    effects = draw_effects(config, seed) if config.causal_people else None
    drawn = sizes(config, effects) if effects else config
    people = draw_people(drawn, seed)
    ads = causal_ads(config) if effects else draw_ads(config, seed)
    causes, clicks, signup_ads = None, None, None
    if effects:
        people, decided_at = decide(seed, people)
        causes = Causes(effects, draw_journeys(seed, ads, effects, decided_at))
        clicks, signup_ads = causes.journeys.visits, causes.journeys.signup_ads(people.users)
    visits = draw_visits(drawn, seed, people, clicks, signup_ads)
    arrivals = Arrivals(drawn, seed, people, visits, ads)
    payments = draw_payments(drawn, seed, people)
    heads = Heads()
    events = draw_events(drawn, seed, people, visits, arrivals, payments, heads)
    lines = deliver(config, seed, people, events)
    brought = app_files.visits_by_ad(people, visits, arrivals, ads)
    costs = draw_costs(config, seed, ads, brought)
    seen = app_files.draw_app_touches(seed, people, visits, arrivals.installs, arrivals)
    return World(
        *(config, seed, ads, people, visits, arrivals),
        *(payments, heads, events, lines, costs, seen),
        causes=causes,
    )


def write_data(world: World, folder: Path) -> dict[str, int]:
    """Write the files that a project reads; return rows by path below `folder`."""
    people, visits, arrivals, seed = world.people, world.visits, world.arrivals, world.seed
    writer = SegmentWriter.of(
        seed,
        world.config.site_host,
        people,
        world.events,
        world.lines,
        world.heads,
        arrivals.book,
    )
    files = {f"segment/{name}": n for name, n in writer.write(folder / "segment").items()}
    files |= {f"costs/{name}": n for name, n in write_costs(folder / "costs", world.costs).items()}
    files["products.csv"] = app_files.write_products(folder / "products.csv")
    files["payments.csv"] = app_files.write_payments(
        folder / "payments.csv", people, world.payments, _payers(world), seed
    )
    files["installs.csv"] = app_files.write_installs(
        folder / "installs.csv", people, visits, arrivals, world.seen, seed
    )
    files["clicks.csv"] = app_files.write_clicks(
        folder / "clicks.csv", (world.ads, people, visits, arrivals), world.seen, seed
    )
    if world.causes:
        journeys = world.causes.journeys
        files["impressions.csv"] = write_impressions(
            folder / "impressions.csv", world.ads, arrivals, journeys.impressions, seed
        )
        files["experiments.csv"] = write_experiments(
            folder / "experiments.csv", world.config, world.ads, journeys, seed
        )
    return files


def _payers(world: World) -> Any:
    """Number of the user id of each payment: people with an alias had another one before it."""
    payments, visits = world.payments, world.visits
    aliased_on = np.full(world.people.count, -1)
    alias = visits.role == ALIAS
    aliased_on[visits.person[alias]] = visits.start[alias]
    old = payments.paid_at < aliased_on[payments.person]
    return np.where(old, FIRST_OLD_USER_ID, FIRST_USER_ID) + payments.person


def write_truth(world: World, folder: Path) -> int:
    """Write the ledger; return how many people signed up."""
    folder.mkdir(parents=True, exist_ok=True)
    seed, events, book = world.seed, world.events, world.arrivals.book
    truth.write_events(folder / "events.parquet", events, seed)
    views = world.causes.journeys.impressions if world.causes else None
    touches, *sessions = true_touches(
        seed, world.people.users, events, world.visits, world.arrivals, world.seen, views
    )
    signups = true_signups(
        seed, events, world.heads, world.arrivals, touches, (sessions[0], sessions[1])
    )
    truth.write_signups(folder / "signups.parquet", signups, touches, events, book, seed)
    currency = world.config.reporting_currency
    spend = truth.write_spend(folder / "spend.parquet", world.costs, currency)
    revenue = truth.write_revenue(folder / "revenue.parquet", world.payments, currency, seed)
    if world.causes:
        write_causes(folder, world.causes.effects, world.ads, seed)
    counts = {
        "currency": currency,
        "spend": str(spend),
        "revenue": str(revenue),
        "people": world.people.count,
        "signups": len(signups.person),
        "events": len(events.at),
        "cost_rows": len(world.costs),
        "payments": len(world.payments.paid_at),
    }
    truth.write_totals(folder / "totals.json", world.config, seed, world.lines, counts)
    return len(signups.person)
