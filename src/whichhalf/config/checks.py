"""What settings must be beyond their types: ranges, words, zones."""

from __future__ import annotations

import math
import re
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from whichhalf.config.sections import Config
from whichhalf.errors import ConfigError, nearest

_ABOVE_ZERO = (
    *("sessionize.session_gap_minutes", "attribute.half_life_days"),
    *("attribute.install_click_lookback_days", "lake.compact_files"),
)
_NOT_BELOW_ZERO = (
    *("collect.dedupe_days", "collect.max_rate_age_days", "project.threads"),
    *("lake.keep_days", "lake.compact_seconds"),
    *("attribute.click_lookback_days", "attribute.impression_lookback_days"),
    *("attribute.install_impression_lookback_days", "attribute.bootstrap_replicates"),
    *("attribute.first_share", "attribute.last_share"),
)
# Setting → the words that it can be.
_WORDS = {
    "attribute.purchases_from": ("payments", "events"),
    "attribute.session_touches": ("each", "first_source", "first_event"),
}


def check(config: Config, path: Path) -> None:
    """Ranges and names that types cannot say."""
    for key in _ABOVE_ZERO:
        if not 0 < config.value(key) < math.inf:
            raise ConfigError(f"{path}: {key} must be above 0, not {config.value(key)}.")
    for key in _NOT_BELOW_ZERO:
        if not 0 <= config.value(key) < math.inf:
            raise ConfigError(f"{path}: {key} must not be below 0, as {config.value(key)} is.")
    if not re.fullmatch("[A-Z]{3}", config.report.currency):
        raise ConfigError(
            f"{path}: report.currency must be an ISO 4217 code like EUR,"
            f" not {config.report.currency!r}."
        )
    if not 1 <= config.project.memory_limit_percent <= 95:
        raise ConfigError(f"{path}: project.memory_limit_percent must be from 1 to 95.")
    zones = [("report.time_zone", config.report.time_zone)]
    zones += [(f"source {s.name!r}: time_zone", s.time_zone) for s in config.sources if s.time_zone]
    for key, zone in zones:
        time_zone(zone, key)
    for key, words in _WORDS.items():
        if config.value(key) not in words:
            raise ConfigError(
                f"{path}: {key} must be {' or '.join(words)}, not {config.value(key)!r}."
                f"{nearest(config.value(key), words)}"
            )
    shares = config.attribute.first_share + config.attribute.last_share
    if not 0 < shares <= 1:
        raise ConfigError(
            f"{path}: attribute.first_share and attribute.last_share must be above 0 and at most 1"
            f" together, not {shares:g}. 0.4 and 0.4 leave 0.2 to the touches between."
        )


def time_zone(name: str, key: str) -> ZoneInfo:
    """Return the zone. ConfigError names the nearest where `name` (setting `key`) is no zone."""
    if name not in available_timezones():
        raise ConfigError(
            f"{key}: {name!r} is no time zone.{nearest(name, available_timezones())}"
            " IANA names are expected, like Europe/Berlin."
        )
    return ZoneInfo(name)
