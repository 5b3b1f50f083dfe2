"""Steps of sessionize, each a pure function of the days whose inputs are exposed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from whichhalf import sql
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.ids import users_named
from whichhalf.sessionize import day_cuts
from whichhalf.sessionize.arrays import UNIT, Rules
from whichhalf.tables import TABLES

_PACKAGE = "whichhalf.sessionize"


def key_events(engine: Engine, config: Config) -> Mapping[str, str]:
    """Return the SELECT of key_events. Reads: events."""
    engine.relation("ignored_users", users_named(config.stitch.ignored_user_ids))
    kinds = [{"name": name, "event_kind": kind} for name, kind in config.events.kinds()]
    engine.relation("event_kinds", pa.Table.from_pylist(kinds, schema=_KINDS))
    return {"key_events": sql.load(_PACKAGE, "key_events").sql(engine.flags.dialect)}


_KINDS = pa.schema([("name", pa.string()), ("event_kind", pa.string())])
_HOSTS = pa.schema([("host", pa.string())])
_PATHS = pa.schema([("url_path", pa.string())])


def session_parts(
    engine: Engine, config: Config, *, ignored_hosts: Callable[[list[str]], list[str]]
) -> Mapping[str, str | pa.Table]:
    """Return what makes session_parts, touches and excluded_visitors.

    Over arrays where this process reads the files and their days fit into its memory; by SQL on a
    cluster, and for days that must be spilled to disk.
    Reads: events, clicks, impressions, loaded_touches.
    ignored_hosts: of a list of referring hosts, those that take no credit.
    """
    scan = engine.scan("events")
    threads = day_cuts.fitting_threads(scan, engine.limits) if scan else 0
    reported = sql.load(_PACKAGE, "reported_touches").sql(engine.flags.dialect, unit=UNIT)
    engine.view("reported_touches", reported)
    if scan is None or not threads:
        return _queries(engine, config, ignored_hosts)
    cut = day_cuts.cut_days(scan, rules(config, ignored_hosts), threads=threads)
    touches = TABLES["touches"].arrow
    listed = ", ".join(touches.names)
    others = engine.table(f"select {listed} from reported_touches").cast(touches)
    return cut._replace(touches=pa.concat_tables([cut.touches, others]))._asdict()


def rules(config: Config, ignored_hosts: Callable[[list[str]], list[str]]) -> Rules:
    """Return what cutting a day over arrays goes by."""
    settings = config.sessionize
    return Rules(
        gap=settings.session_gap_minutes * 60_000_000,
        most_events=settings.max_events_per_visitor_day,
        ignored_users=users_named(config.stitch.ignored_user_ids)["user_id"].to_pylist(),
        blog_paths=lambda paths: _of_blog(paths, config),
        ignored_hosts=ignored_hosts,
    )


def _queries(
    engine: Engine, config: Config, ignored_hosts: Callable[[list[str]], list[str]]
) -> Mapping[str, str]:
    """Return the SELECTs of session_parts, touches and excluded_visitors."""
    dialect = engine.flags.dialect
    engine.relation("ignored_users", users_named(config.stitch.ignored_user_ids))
    engine.relation("ignored_hosts", _ignored(engine, ignored_hosts))
    engine.relation("blog_paths", _blog_paths(engine, config))
    gap = {"session_gap_minutes": config.sessionize.session_gap_minutes}
    for name, given in (
        ("visit_stretches", gap), ("shared_events", {}), ("cut_parts", gap), ("chosen_events", {}),
        ("tied_instants", {}), ("sourced_events", {"unit": UNIT}), ("placed_sources", {}),
    ):  # fmt: skip
        engine.create(name, sql.load(_PACKAGE, name).sql(dialect, **given))
    for name in ("instant_events", "part_events"):
        engine.view(name, sql.load(_PACKAGE, name).sql(dialect))
    heavy = config.sessionize.max_events_per_visitor_day
    excluded = sql.load(_PACKAGE, "excluded_visitors")
    return {
        "session_parts": sql.load(_PACKAGE, "session_parts").sql(dialect),
        "touches": sql.load(_PACKAGE, "touches").sql(dialect),
        "excluded_visitors": excluded.sql(dialect, max_events_per_visitor_day=heavy),
    }


def excluded(engine: Engine) -> str:
    """Return what to say of excluded_visitors: how many, the worst, what to do; "" for none."""
    count = engine.table(
        "select count(distinct visitor_key) as visitors from excluded_visitors"
    ).to_pylist()[0]
    worst = engine.table(
        "select app, visitor_id, value, threshold, day from excluded_visitors"
        " order by value desc, app, visitor_id, day limit 1"
    ).to_pylist()
    if not worst:
        return ""
    row, visitors = worst[0], count["visitors"]
    return (
        f"Left out of all sessions: {visitors:,} visitor{'s' * (visitors > 1)} with more than"
        f" {row['threshold']:,} events on a day. The heaviest is {row['visitor_id']} in app"
        f" {row['app']}, with {row['value']:,} on {row['day']}. If they are people, raise"
        " [sessionize] max_events_per_visitor_day. All: whichhalf dump excluded_visitors"
    )


def _ignored(engine: Engine, ignored_hosts: Callable[[list[str]], list[str]]) -> pa.Table:
    """Of the referring hosts of these days, those that take no credit: tested once a host."""
    hosts = engine.table(
        "select distinct referrer_host from events where referrer_host is not null"
        " order by referrer_host"
    )
    return pa.table({"host": ignored_hosts(hosts.column(0).to_pylist())}, schema=_HOSTS)


def _blog_paths(engine: Engine, config: Config) -> pa.Table:
    """Of the paths of these days, those of the blog."""
    paths = engine.table(
        "select distinct url_path from events where url_path is not null order by url_path"
    )
    return pa.table({"url_path": _of_blog(paths.column(0).to_pylist(), config)}, schema=_PATHS)


def _of_blog(paths: list[str], config: Config) -> list[str]:
    """Of some paths those of the blog: /blog and what lies below, not /blogger."""
    roots = [root.rstrip("/") for root in config.sessionize.blog_paths]
    return [
        path for path in paths if any(path == root or path.startswith(f"{root}/") for root in roots)
    ]
