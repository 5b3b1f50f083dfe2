"""whichhalf.toml as frozen dataclasses. Flag > WHICHHALF_* > file > default; unknown keys refused.

The docstring-like `about` of each setting is what `whichhalf init`, `config show` and docs print.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from whichhalf.errors import ConfigError, nearest

FILE_NAME = "whichhalf.toml"
EVENT_KINDS = ("install", "signup", "login", "purchase")


def setting(default: Any, about: str) -> Any:
    """A dataclass field with its meaning; lists are given as tuples."""
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class ProjectConfig:
    """[project]: the engine and its limits."""

    name: str = setting("whichhalf", "Name of the project, shown on every report.")
    engine: str = setting("duckdb", "duckdb, or a Spark master: local[2], spark://host:7077.")
    memory_limit_percent: int = setting(60, "Share of memory that the engine may use.")
    threads: int = setting(0, "Threads of the engine; 0: one a core.")


@dataclass(frozen=True)
class EventsConfig:
    """[events]: which event names mean what."""

    install: tuple[str, ...] = setting(("Application Installed",), "Names that mean: installed.")
    signup: tuple[str, ...] = setting(("Signed Up",), "Names that mean: signed up.")
    login: tuple[str, ...] = setting(("Signed In",), "Names that mean: logged in.")
    purchase: tuple[str, ...] = setting(("Order Completed",), "Names that mean: bought.")

    def kinds(self) -> list[tuple[str, str]]:
        """(event name, kind), in a fixed order."""
        return [(name, kind) for kind in EVENT_KINDS for name in getattr(self, kind)]


@dataclass(frozen=True)
class CollectConfig:
    """[collect]: how input is read."""

    dedupe_days: int = setting(7, "Retries of one message id are sought this many days around.")
    max_rate_age_days: int = setting(7, "A quote older than this converts no money.")
    visitor_salt: str = setting("", "Secret that hashes addresses of access logs into visitors.")


@dataclass(frozen=True)
class StitchConfig:
    """[stitch]: guards against wrong merges."""

    ignored_user_ids: tuple[str, ...] = setting((), "User ids that are nobody: test, kiosk …")
    max_users_per_person: int = setting(20, "Alias chains longer than this are not believed.")


@dataclass(frozen=True)
class SessionizeConfig:
    """[sessionize]: sessions and the touches in them."""

    session_gap_minutes: int = setting(20, "A longer pause begins a new session.")
    own_hosts: tuple[str, ...] = setting((), "Your own hosts: referrers from them are no source.")
    ignored_referrers: tuple[str, ...] = setting(
        (), "More hosts that take no credit, beside the shipped payment and login providers."
    )
    blog_paths: tuple[str, ...] = setting(("/blog",), "Path beginnings that are the blog.")
    max_events_per_visitor_day: int = setting(
        10_000, "Visitors with more events on a day are no people: left out whole, and counted."
    )


@dataclass(frozen=True)
class AttributeConfig:
    """[attribute]: rules of credit."""

    click_lookback_days: int = setting(7, "Model install_last_touch: clicks this old still count.")
    purchases_from: str = setting("payments", "payments, or events of kind purchase.")
    channel_rules: str = setting("", "CSV of your own channel rules; they come before the shipped.")
    paid_rules: str = setting("", "CSV of your own paid rules; they come before the shipped.")


@dataclass(frozen=True)
class ReportConfig:
    """[report]: what reports are shown in."""

    currency: str = setting("USD", "Reporting currency, ISO 4217.")
    time_zone: str = setting("UTC", "Zone whose days reports cut, IANA name.")


@dataclass(frozen=True)
class SourceConfig:
    """[[source]]: one place that input comes from."""

    name: str = setting("", "Name of the source, unique.")
    kind: str = setting("", "What the files are: see SOURCE_KINDS.")
    files: tuple[str, ...] = setting((), "Paths or globs, relative to the project folder.")
    app: str = setting("app", "Which product the rows are about.")
    table: str = setting("", "kind = table: the table that the files hold.")
    account_id: str = setting("", "Ad costs: account, where the file does not say.")
    time_zone: str = setting("", "Ad costs: the account's zone, where the file does not say.")
    currency: str = setting("", "Ad costs: the account's currency, where the file does not say.")
    network: str = setting("", "Ad costs: network, where the kind does not say.")
    drop: tuple[str, ...] = setting(
        ("bots", "assets", "errors", "methods"), "Access logs: steps that drop lines, in order."
    )
    priority: int = setting(0, "Rates: the higher number wins where two sources quote one day.")


SOURCE_KINDS: dict[str, str] = {
    "segment": "Segment JSON lines, plain or gzipped",
    "access_log": "web server log in Combined Log Format, plain or gzipped",
    "meta_csv": "CSV export of Facebook Ads Manager, by day",
    "google_ads_csv": "CSV report of Google Ads, by day",
    "ecb_rates": "history of the European Central Bank (CSV or zip); no files: the packaged one",
    "table": "CSV, Parquet or JSON lines with the columns of a whichhalf table",
}


@dataclass(frozen=True)
class Config:
    """All settings. `origins`: "section.key" → file, variable or default that it came from."""

    project: ProjectConfig = ProjectConfig()
    events: EventsConfig = EventsConfig()
    collect: CollectConfig = CollectConfig()
    stitch: StitchConfig = StitchConfig()
    sessionize: SessionizeConfig = SessionizeConfig()
    attribute: AttributeConfig = AttributeConfig()
    report: ReportConfig = ReportConfig()
    sources: tuple[SourceConfig, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    def value(self, key: str) -> Any:
        """Return the value of "section.key"; steps name the settings they depend on so."""
        section, _, name = key.partition(".")
        return getattr(getattr(self, section), name) if name else getattr(self, section)


SECTIONS: dict[str, type[Any]] = {
    "project": ProjectConfig,
    "events": EventsConfig,
    "collect": CollectConfig,
    "stitch": StitchConfig,
    "sessionize": SessionizeConfig,
    "attribute": AttributeConfig,
    "report": ReportConfig,
}


def load_config(folder: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read `folder`/whichhalf.toml and the WHICHHALF_* variables.

    A setting section.key is overridden by WHICHHALF_SECTION_KEY; a secret can be given as
    key_file or WHICHHALF_SECTION_KEY_FILE, a path whose content is the value.
    Raises ConfigError with the nearest known key for an unknown one.
    """
    environ = os.environ if environ is None else environ
    path = folder / FILE_NAME
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"No {FILE_NAME} in {folder}. Make a project with `whichhalf init NAME`, or name its"
            " folder with `whichhalf -C FOLDER …`."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    known = [*SECTIONS, "source"]
    for key in content:
        if key not in known:
            raise ConfigError(f"{path}: unknown section [{key}].{nearest(key, known)}")
    origins: dict[str, str] = {}
    sections = {
        name: _section(name, cls, content.get(name, {}), folder, environ, origins)
        for name, cls in SECTIONS.items()
    }
    sources = _sources(content.get("source", []), path)
    config = Config(**sections, sources=sources, origins=origins)
    _check(config, path)
    return config


def _section(
    name: str,
    cls: type[Any],
    given: Any,
    folder: Path,
    environ: Mapping[str, str],
    origins: dict[str, str],
) -> Any:
    """Build one section from file and environment, noting where each value came from."""
    if not isinstance(given, dict):
        raise ConfigError(f"{FILE_NAME}: [{name}] must be a section, not {given!r}.")
    known = {item.name: item for item in fields(cls)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        plain = key.removesuffix("_file") if key not in known else key
        if plain not in known:
            raise ConfigError(f"{FILE_NAME}: unknown setting {name}.{key}.{nearest(key, known)}")
        if plain != key:
            value = _read_secret(folder / str(value), f"{name}.{key}")  # noqa: PLW2901
        values[plain] = _typed(f"{name}.{key}", value, known[plain].default)
        origins[f"{name}.{plain}"] = FILE_NAME
    for key, item in known.items():
        variable = f"WHICHHALF_{name}_{key}".upper()
        if variable in environ:
            values[key] = _from_text(variable, environ[variable], item.default)
            origins[f"{name}.{key}"] = variable
        elif f"{variable}_FILE" in environ:
            values[key] = _read_secret(Path(environ[f"{variable}_FILE"]), f"{variable}_FILE")
            origins[f"{name}.{key}"] = f"{variable}_FILE"
        origins.setdefault(f"{name}.{key}", "default")
    return cls(**values)


def _read_secret(path: Path, name: str) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: cannot read {path}: {error}.") from None


def _typed(key: str, value: Any, default: Any) -> Any:
    """Check a TOML value against the type of the default; lists of strings become tuples."""
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ConfigError(f"{FILE_NAME}: {key} must be a list of strings, not {value!r}.")
    if type(value) is not type(default):
        raise ConfigError(
            f"{FILE_NAME}: {key} must be {_type_name(default)}, not {value!r}"
            f" (default {default!r})."
        )
    return value


def _from_text(variable: str, text: str, default: Any) -> Any:
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            raise ConfigError(f"{variable} must be a whole number, not {text!r}.") from None
    return text


def _type_name(value: Any) -> str:
    return {int: "a whole number", str: "a string", bool: "true or false"}[type(value)]


def _sources(given: Any, path: Path) -> tuple[SourceConfig, ...]:
    known = {item.name: item for item in fields(SourceConfig)}
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise ConfigError(
            f"{path}: sources are written as [[source]], each with a name and a kind."
        )
    sources = []
    for number, entry in enumerate(given, 1):
        label = f"source {entry.get('name', number)!r}"
        for key in entry:
            if key not in known:
                raise ConfigError(f"{path}: {label}: unknown setting {key}.{nearest(key, known)}")
        values = {k: _typed(f"{label}: {k}", v, known[k].default) for k, v in entry.items()}
        source = SourceConfig(**values)
        if source.kind not in SOURCE_KINDS:
            raise ConfigError(
                f"{path}: {label}: unknown kind {source.kind!r}."
                f"{nearest(source.kind, SOURCE_KINDS)} Kinds: {', '.join(SOURCE_KINDS)}."
            )
        if not source.name:
            raise ConfigError(f"{path}: source {number} has no name. Add `name = …`.")
        sources.append(source)
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: two sources are named {name!r}. Rename one.")
    return tuple(sources)


def _check(config: Config, path: Path) -> None:
    """Ranges and names that types cannot say."""
    positive = ("sessionize.session_gap_minutes", "attribute.click_lookback_days")
    for key in positive:
        if config.value(key) <= 0:
            raise ConfigError(f"{path}: {key} must be above 0, not {config.value(key)}.")
    for key in ("collect.dedupe_days", "collect.max_rate_age_days", "project.threads"):
        if config.value(key) < 0:
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
    if config.attribute.purchases_from not in ("payments", "events"):
        raise ConfigError(
            f"{path}: attribute.purchases_from must be payments or events,"
            f" not {config.attribute.purchases_from!r}."
        )


def time_zone(name: str, key: str) -> ZoneInfo:
    """Return the zone. ConfigError names the nearest where `name` (setting `key`) is no zone."""
    if name not in available_timezones():
        raise ConfigError(
            f"{key}: {name!r} is no time zone.{nearest(name, available_timezones())}"
            " IANA names are expected, like Europe/Berlin."
        )
    return ZoneInfo(name)
