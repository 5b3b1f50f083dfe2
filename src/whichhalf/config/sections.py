"""The settings of whichhalf.toml: a frozen dataclass a section, unit in the key.

The docstring-like `about` of each setting is what `whichhalf init`, `config show` and docs print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVENT_KINDS = ("install", "signup", "login", "purchase")


def setting(default: Any, about: str) -> Any:
    """A dataclass field with its meaning; lists are given as tuples."""
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class ProjectConfig:
    """[project]: the engine and its limits."""

    name: str = setting("whichhalf", "Name of the project, shown on every report.")
    lake: str = setting(
        "", "Where the tables lie: s3://bucket/prefix; empty: the folder lake/ of the project."
    )
    control: str = setting(
        "",
        "Control store: postgresql://user@host/db where several hosts share the lake; empty: SQLite"
        " in the project.",
    )
    engine: str = setting(
        "duckdb", "duckdb; a Spark master: local[2], spark://host:7077; postgresql://user@host/db."
    )
    memory_limit_percent: int = setting(60, "Share of memory that the engine may use.")
    threads: int = setting(0, "Threads of the engine; 0: one a core.")


@dataclass(frozen=True)
class LakeConfig:
    """[lake]: upkeep of the tables."""

    keep_days: int = setting(
        30, "`whichhalf lake vacuum` keeps what reports as of the last so many days need."
    )
    compact_files: int = setting(8, "Days with so many small files of a table are compacted.")
    compact_seconds: int = setting(
        10, "Time that `whichhalf run` may spend on it at its end; 0: it leaves them."
    )


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

    click_lookback_days: int = setting(
        0, "Clicks, visits and referrers this old still count; 0: no limit."
    )
    impression_lookback_days: int = setting(1, "Impressions this old still count; 0: no limit.")
    lookback_rules: str = setting(
        "", "CSV of exceptions: conversion_kind, touch_type, channel, days; the first that fits."
    )
    install_click_lookback_days: int = setting(
        7, "Model install_last_touch: clicks this old still count."
    )
    install_impression_lookback_days: int = setting(
        1, "Model install_last_touch, without a click: impressions this old count; 0: none."
    )
    click_beats_impression: bool = setting(
        False, "Whether impressions take no credit where anything else can."
    )
    strict_before: bool = setting(
        False, "Whether a touch at the very instant of the conversion is too late."
    )
    count_direct: bool = setting(True, "Whether a visit without a source is a touch.")
    session_touches: str = setting(
        "each",
        "Touches of a session: each source in it, its first_source, or the source of its"
        " first_event (direct if that has none).",
    )
    count_converting_session: bool = setting(
        True, "Whether touches of the session that converts count."
    )
    restart_cycles: bool = setting(
        False, "Whether touches up to a person's last conversion of the kind are used up by it."
    )
    first_share: float = setting(0.4, "Model position: share of the first touch.")
    last_share: float = setting(0.4, "Model position: share of the last touch.")
    half_life_days: float = setting(
        7.0, "Model time_decay: a touch this much older weighs half as much."
    )
    bootstrap_replicates: int = setting(
        200, "Draws of persons behind the intervals of fitted models; 0: no intervals."
    )
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
    on: str = setting("", "kind = lookup: dimension that the keys are values of.")
    key: str = setting("", "kind = lookup: column of the keys; else named as `on`, else the first.")
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
    "lookup": "CSV, Parquet or JSON lines of your own: their columns become dimensions of reports",
}


@dataclass(frozen=True)
class Config:
    """All settings. `origins`: "section.key" → file, variable or default that it came from."""

    project: ProjectConfig = ProjectConfig()
    lake: LakeConfig = LakeConfig()
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
    "lake": LakeConfig,
    "events": EventsConfig,
    "collect": CollectConfig,
    "stitch": StitchConfig,
    "sessionize": SessionizeConfig,
    "attribute": AttributeConfig,
    "report": ReportConfig,
}
