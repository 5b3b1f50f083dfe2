"""Steps of sessionize, each a pure function of the days whose inputs are exposed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa

from whichhalf import sql
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.ids import users_named

_PACKAGE = "whichhalf.sessionize"
UNIT = "\x1f"  # ASCII unit separator: between the members of a source tuple


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
) -> Mapping[str, str]:
    """Return the SELECTs of session_parts, touches and excluded_visitors.

    Reads: events, clicks, impressions, loaded_touches.
    ignored_hosts: of a list of referring hosts, those that take no credit.
    """
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
    engine.view("part_events", sql.load(_PACKAGE, "part_events").sql(dialect))
    heavy = config.sessionize.max_events_per_visitor_day
    excluded = sql.load(_PACKAGE, "excluded_visitors")
    return {
        "session_parts": sql.load(_PACKAGE, "session_parts").sql(dialect),
        "touches": sql.load(_PACKAGE, "touches").sql(dialect, unit=UNIT),
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
    """Of the paths of these days, those of the blog: /blog and what lies below, not /blogger."""
    paths = engine.table(
        "select distinct url_path from events where url_path is not null order by url_path"
    )
    roots = [root.rstrip("/") for root in config.sessionize.blog_paths]
    blog = [
        path
        for path in paths.column(0).to_pylist()
        if any(path == root or path.startswith(f"{root}/") for root in roots)
    ]
    return pa.table({"url_path": blog}, schema=_PATHS)
