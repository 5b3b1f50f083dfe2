"""STEPS: the whole way of the data, in order. The only module that knows it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyarrow as pa

from whichhalf.attribute import conversions, fits, referrers, sources
from whichhalf.attribute.classify import load_rules
from whichhalf.attribute.lookback import load_lookback
from whichhalf.collect import costs
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.sessionize import parts
from whichhalf.stitch import persons

Outputs = Mapping[str, str | pa.Table]


class Grain(enum.Enum):
    """What a step recomputes when something changed."""

    DAY = "day"  # the days whose inputs changed, each from its own day alone
    WHOLE = "whole"  # all of a small table
    CHANGES = "changes"  # the conversion days that a change of history touches


@dataclass(frozen=True)
class Step:
    """One step. `version` is raised by hand when its logic changes: all its days are stale then.

    settings: "section.key" or "section" of whichhalf.toml that its outputs depend on.
    compute(engine, config, folder) gives the SELECT (or rows) of each output.
    rules(config, folder): fingerprint of files outside whichhalf.toml that it depends on.
    notes: output → what a person should hear of it after every run, "" for nothing.
    """

    name: str
    version: int
    grain: Grain
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: tuple[str, ...]
    compute: Callable[[Engine, Config, Path], Outputs] | None = None
    rules: Callable[[Config, Path], str] | None = None
    notes: Mapping[str, Callable[[Engine], str]] = field(default_factory=dict)


def _plain(
    compute: Callable[[Engine, Config], Outputs],
) -> Callable[[Engine, Config, Path], Outputs]:
    return lambda engine, config, _folder: compute(engine, config)


def _session_parts(engine: Engine, config: Config, _folder: Path) -> Outputs:
    settings = config.sessionize
    is_ignored = partial(
        referrers.is_ignored, own_hosts=settings.own_hosts, more=settings.ignored_referrers
    )
    return parts.session_parts(
        engine, config, ignored_hosts=lambda hosts: [host for host in hosts if is_ignored(host)]
    )


def _sources(engine: Engine, config: Config, folder: Path) -> Outputs:
    return sources.sources(engine, load_rules(config.attribute, folder))


def _rules_version(config: Config, folder: Path) -> str:
    return load_rules(config.attribute, folder).version


def _lookback_version(config: Config, folder: Path) -> str:
    return load_lookback(config.attribute, folder).version


# All of [attribute] that decides which touch may take how much credit.
_CREDIT_RULES = tuple(
    f"attribute.{key}"
    for key in (
        "click_lookback_days", "impression_lookback_days", "install_click_lookback_days",
        "install_impression_lookback_days", "click_beats_impression", "strict_before",
        "count_direct", "session_touches", "count_converting_session", "restart_cycles",
        "first_share", "last_share", "half_life_days",
    )
)  # fmt: skip

STEPS: tuple[Step, ...] = (
    Step(
        "key_events", 1, Grain.DAY, ("events",), ("key_events",),
        ("events", "stitch.ignored_user_ids"), _plain(parts.key_events),
    ),
    Step(
        "identity_edges", 1, Grain.DAY,
        ("events", "installs", "clicks", "payments", "loaded_conversions"), ("identity_edges",),
        ("stitch.ignored_user_ids",), _plain(persons.identity_edges),
    ),
    Step(
        "persons", 2, Grain.WHOLE, ("identity_edges", "cut_edges"),
        ("users", "persons", "refused_merges"),
        ("stitch.max_users_per_person",), _plain(persons.persons),
        notes={"refused_merges": persons.refused},
    ),
    Step(
        "session_parts", 3, Grain.DAY, ("events", "clicks", "impressions", "loaded_touches"),
        ("session_parts", "touches", "excluded_visitors"),
        ("sessionize", "stitch.ignored_user_ids"), _session_parts,
        notes={"excluded_visitors": parts.excluded},
    ),
    Step(
        "campaigns", 1, Grain.WHOLE, ("ad_costs", "loaded_campaigns"), ("campaigns",), (),
        _plain(costs.campaigns),
    ),
    Step(
        "rates", 1, Grain.WHOLE,
        ("loaded_rates", "ad_costs", "payments", "key_events", "loaded_conversions"), ("rates",),
        ("report.currency", "collect.max_rate_age_days"), _plain(costs.rates),
    ),
    Step(
        "cost_days", 1, Grain.WHOLE, ("ad_costs", "rates"), ("cost_days",),
        ("report.currency", "report.time_zone"), _plain(costs.cost_days),
    ),
    Step(
        "sources", 2, Grain.WHOLE, ("touches", "campaigns", "ad_costs"), ("sources",),
        ("attribute.channel_rules", "attribute.paid_rules"), _sources, _rules_version,
    ),
    Step(
        "attribute", 6, Grain.CHANGES,
        ("key_events", "installs", "payments", "loaded_conversions", "rates", "users", "persons",
         "session_parts", "touches", "excluded_visitors", "sources"),
        conversions.OUTPUTS,
        ("attribute.purchases_from", "sessionize.session_gap_minutes", *_CREDIT_RULES),
        rules=_lookback_version,
    ),
    Step(
        "fits", 2, Grain.WHOLE,
        ("touch_credits", "unattributed", "touches", "excluded_visitors", "users", "persons",
         "sources"),
        ("model_fits",), ("attribute.bootstrap_replicates", "attribute.session_touches"),
        _plain(fits.model_fits),
    ),
)  # fmt: skip
