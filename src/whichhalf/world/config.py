"""What a world is made of: WorldConfig, its presets, and world.toml.

A share lies in [0, 1]. docs/world.md prints every key with its meaning.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from whichhalf.errors import ConfigError, nearest

FIRST_DAY = date(2026, 7, 1)
LEAST_CAUSAL_DAYS = 21
NETWORKS = ("meta", "google_ads", "tiktok", "apple_ads", "unity_ads")


def _key(default: Any, about: str) -> Any:
    """A field with its meaning."""
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class WorldConfig:
    """Every key of world.toml. Numbers are means of what is drawn, unless said otherwise."""

    users: int = _key(20_000, "People who sign up.")
    visitors_per_user: float = _key(2.2, "People who never sign up, for each who does.")
    start_on: date = _key(FIRST_DAY, "First day, UTC.")  # noqa: RUF009 — a date cannot change
    days: int = _key(60, "Days on which people visit. Late rows and refunds come after.")
    reporting_currency: str = _key("USD", "Currency of reports and of the truth.")
    time_zone: str = _key("UTC", "Zone whose days the reports cut.")
    site_host: str = _key("www.lumo.example", "Host of the web site.")

    networks: tuple[str, ...] = _key(NETWORKS, "Networks that sell ads, out of these five.")
    campaigns: int = _key(120, "Campaigns in all networks together.")
    dead_campaign_share: float = _key(0.12, "Campaigns that cost and bring nobody.")
    renamed_campaigns: int = _key(6, "Campaigns renamed in the middle of the world.")
    unknown_medium_share: float = _key(
        0.12, "Campaigns whose utm_medium no pattern calls paid: only their costs tell."
    )
    missing_utm_id_share: float = _key(0.2, "Campaigns whose links carry no utm_id.")
    account_currencies: tuple[str, ...] = _key(
        ("USD", "EUR", "TRY"), "Currencies of the ad accounts, in turn."
    )
    account_time_zones: tuple[str, ...] = _key(
        ("America/Los_Angeles", "Europe/Berlin", "Europe/Istanbul"),
        "Zones of the ad accounts, in turn.",
    )
    daily_spend: float = _key(
        12.0, "Median spend of a campaign on a day, in the reporting currency."
    )

    ad_share: float = _key(0.38, "Web visits and app installs that an ad brings.")
    app_share: float = _key(0.35, "People whose first device runs the app, not the web site.")
    pages_per_visit: float = _key(2.0, "Pages, screens and product events of a visit.")
    visits_before_signup: float = _key(1.2, "Visits of a user before the one that signs up.")
    visits_after_signup: float = _key(2.2, "Visits of a user after it; the tail is heavy.")
    followup_share: float = _key(0.05, "Web visits in the midst of which another link is followed.")
    exact_gap_share: float = _key(0.004, "Visits with a pause of 20 min to the ms, or 1 ms more.")

    causal_people: int = _key(
        0, "People whom ads persuade, in place of users and passers-by; 0: ads persuade nobody."
    )
    holdout_share: float = _key(0.1, "People kept from a network's ads, where ads persuade.")
    brand_search_lift: float = _key(0.0, "What brand search adds to the chance to sign up.")
    retargeting_lift: float = _key(0.01, "What retargeting adds to it.")
    social_lift: float = _key(0.04, "What social ads add to it.")
    display_lift: float = _key(0.003, "What display ads add to it.")

    second_device_share: float = _key(0.12, "Users who log in on a second device later.")
    silent_device_share: float = _key(
        0.002, "Users with a second device on which they never log in. Nobody could know."
    )
    shared_device_share: float = _key(0.02, "Users who share a browser, two and two.")
    unassignable_share: float = _key(
        0.08, "Pairs of them where one browses anonymously after the other. Nobody could know."
    )
    late_identify_share: float = _key(0.05, "Users first identified days after their signup.")
    alias_share: float = _key(0.005, "Users who sign up twice; an alias merges the two ids.")
    server_signup_share: float = _key(0.04, "Signups told by the server, with a user id only.")
    logged_out_share: float = _key(0.08, "Later visits of a known device without user id.")

    payer_share: float = _key(0.035, "Users who pay.")
    payments_per_payer: float = _key(3.0, "Charges of a user who pays.")
    refund_share: float = _key(0.06, "Charges that are refunded, some of them in part.")
    chargeback_share: float = _key(0.01, "Charges that the bank takes back.")
    missing_reference_share: float = _key(
        0.3, "Refunds that do not name their charge, where it can be told without."
    )

    skewed_clock_share: float = _key(0.1, "Devices whose clock is wrong, by up to two days.")
    late_share: float = _key(0.01, "Events that arrive late, by hours or days.")
    late_days: float = _key(5.0, "How late they are at most.")
    retry_share: float = _key(0.01, "Events sent again under the same message id.")
    duplicate_share: float = _key(0.005, "Lines that stand twice in a file.")
    broken_share: float = _key(0.002, "Lines added that cannot be read truly.")

    def __post_init__(self) -> None:
        _check(self)

    @property
    def web_host(self) -> str:
        """Host without www."""
        return self.site_host.removeprefix("www.")


def load_world(path: Path) -> WorldConfig:
    """Read world.toml: `preset = "demo"` (the default) and any key of WorldConfig.

    Raises ConfigError for a file that cannot be read, and for unknown keys, with the nearest one.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}. Name a world.toml.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from None
    base = preset(content.pop("preset", "demo"))
    known = {item.name: getattr(base, item.name) for item in fields(WorldConfig)}
    for key in content:
        if key not in known:
            raise ConfigError(f"{path}: unknown key {key!r}.{nearest(key, ['preset', *known])}")
    return replace(base, **_typed(content, known, path))


def preset(name: object) -> WorldConfig:
    """Return the preset of that name. ConfigError names the nearest where there is none."""
    if not isinstance(name, str) or name not in PRESETS:
        raise ConfigError(
            f"There is no preset {name!r}.{nearest(str(name), PRESETS)}"
            f" Presets: {', '.join(PRESETS)}."
        )
    return PRESETS[name]


def _typed(given: Mapping[str, Any], known: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Values of the types that the keys have; whole numbers may stand for fractions."""
    values: dict[str, Any] = {}
    for key, value in given.items():
        now, wanted = value, type(known[key])
        if wanted is tuple and isinstance(now, list) and all(isinstance(v, str) for v in now):
            now = tuple(now)
        elif wanted is float and type(now) is int:
            now = float(now)
        if type(now) is not wanted:
            names = {tuple: "a list of strings", date: "a date like 2026-07-01"}
            expected = names.get(wanted, f"of type {wanted.__name__}")
            raise ConfigError(f"{path}: {key} must be {expected}, not {value!r}.")
        values[key] = now
    return values


def _check(config: WorldConfig) -> None:
    """Ranges and names that types cannot say."""
    for item in fields(config):
        value = getattr(config, item.name)
        if item.name.endswith("_share") and not 0 <= value <= 1:
            raise ConfigError(f"world: {item.name} must lie in [0, 1], not {value}.")
    least: dict[str, float] = {
        "users": 10,
        "days": 3,
        "campaigns": 10,
        "visitors_per_user": 0,
        "pages_per_visit": 1,
    }
    least |= {"renamed_campaigns": 0, "late_days": 0, "visits_after_signup": 0}
    least |= {"visits_before_signup": 0, "payments_per_payer": 1, "daily_spend": 0.1}
    for key, number in least.items():
        if getattr(config, key) < number:
            raise ConfigError(f"world: {key} must be {number} or more, not {getattr(config, key)}.")
    special = ("second_device", "silent_device", "shared_device", "late_identify", "alias")
    total = sum(getattr(config, f"{name}_share") for name in special)
    if total > 0.9:
        raise ConfigError(
            f"world: the shares of {', '.join(special)} add up to {total:.2f}."
            " A user is one of these at most: keep the sum at 0.9 or less."
        )
    _check_causes(config)
    _check_names(config)


def _check_causes(config: WorldConfig) -> None:
    """Ads persuade many people, over enough days, and never more than surely."""
    people, least = config.causal_people, 1_000
    if people and (people < least or config.days < LEAST_CAUSAL_DAYS):
        raise ConfigError(
            f"world: causal_people = {people} over {config.days} days. Where ads persuade, it must"
            f" be {least} or more over {LEAST_CAUSAL_DAYS} days or more; 0 switches it off."
        )
    lifts = [item.name for item in fields(config) if item.name.endswith("_lift")]
    for name in lifts:
        if not 0 <= getattr(config, name) <= 0.25:
            raise ConfigError(
                f"world: {name} must lie in [0, 0.25], not {getattr(config, name)}."
                " It is added to a chance."
            )


def _check_names(config: WorldConfig) -> None:
    for network in config.networks:
        if network not in NETWORKS:
            raise ConfigError(
                f"world: unknown network {network!r}.{nearest(network, NETWORKS)}"
                f" Networks: {', '.join(NETWORKS)}."
            )
    for key in ("networks", "account_currencies", "account_time_zones"):
        if not getattr(config, key):
            raise ConfigError(f"world: {key} is empty. Name one at least.")
    for zone in (config.time_zone, *config.account_time_zones):
        if zone not in available_timezones():
            raise ConfigError(
                f"world: {zone!r} is no time zone.{nearest(zone, available_timezones())}"
                " IANA names are expected, like Europe/Berlin."
            )


# All can be known: what is left between a model and the truth is the model's own error.
CAUSAL = WorldConfig(
    causal_people=40_000,
    payer_share=0.25,
    unassignable_share=0.0,
    silent_device_share=0.0,
    visits_before_signup=0.4,
    visits_after_signup=0.8,
)

PRESETS: dict[str, WorldConfig] = {
    "tiny": WorldConfig(
        users=2_000, campaigns=40, daily_spend=4.0, payer_share=0.05, renamed_campaigns=3
    ),
    "demo": WorldConfig(),
    "large": WorldConfig(users=200_000, campaigns=300, daily_spend=50.0),
    "huge": WorldConfig(users=1_000_000, campaigns=600, daily_spend=120.0),
    "causal": CAUSAL,
}
