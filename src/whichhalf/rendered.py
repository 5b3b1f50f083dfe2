"""`whichhalf sql`: the SELECT behind a table, after the SELECTs of what it reads on the way.

The chain is data: which file makes which relation. What a file reads is asked of its SQL. The walk
ends at the tables of the lake, so what is printed computes one table from stored ones.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp, parse_one

from whichhalf import sql, tables
from whichhalf.attribute.credits import MODELS
from whichhalf.config import Config
from whichhalf.ids import users_named
from whichhalf.sessionize.arrays import UNIT
from whichhalf.views import VIEWS


@dataclass(frozen=True)
class File:
    """A relation that a .sql file makes. settings: parameter → "section.key" of whichhalf.toml."""

    package: str
    settings: Mapping[str, str] = field(default_factory=dict)


_SESSIONIZE, _ATTRIBUTE = "whichhalf.sessionize", "whichhalf.attribute"
_GAP = {"session_gap_minutes": "sessionize.session_gap_minutes"}
_HEAVY = {"max_events_per_visitor_day": "sessionize.max_events_per_visitor_day"}


def _rules(*keys: str) -> dict[str, str]:
    """Parameters that are named like their settings of [attribute]."""
    return {key: f"attribute.{key}" for key in keys}


FILES: dict[str, File] = {
    "key_events": File(_SESSIONIZE),
    "identity_edges": File("whichhalf.stitch"),
    "users": File("whichhalf.stitch"),
    "standing_cuts": File("whichhalf.stitch"),
    "persons": File("whichhalf.stitch"),
    "visit_stretches": File(_SESSIONIZE, _GAP),
    "shared_events": File(_SESSIONIZE),
    "cut_parts": File(_SESSIONIZE, _GAP),
    "chosen_events": File(_SESSIONIZE),
    "tied_instants": File(_SESSIONIZE),
    "sourced_events": File(_SESSIONIZE),
    "placed_sources": File(_SESSIONIZE),
    "instant_events": File(_SESSIONIZE),
    "part_events": File(_SESSIONIZE),
    "reported_touches": File(_SESSIONIZE),
    "session_parts": File(_SESSIONIZE),
    "touches": File(_SESSIONIZE),
    "excluded_visitors": File(_SESSIONIZE, _HEAVY),
    "campaigns": File("whichhalf.collect"),
    "cost_days": File("whichhalf.collect"),
    "valued_payments": File(_ATTRIBUTE),
    "new_conversions": File(_ATTRIBUTE, _rules("purchases_from")),
    "conversions": File(_ATTRIBUTE),
    "wanted_conversions": File(_ATTRIBUTE),
    "person_touches": File(_ATTRIBUTE, _rules("session_touches")),
    "candidates": File(
        _ATTRIBUTE,
        _GAP
        | _rules("strict_before", "count_direct", "count_converting_session", "restart_cycles"),
    ),
    "install_credits": File(
        _ATTRIBUTE, _rules("install_click_lookback_days", "install_impression_lookback_days")
    ),
    "conversion_reasons": File(_ATTRIBUTE),
    "unattributed": File(_ATTRIBUTE),
    "signup_sessions": File(_ATTRIBUTE),
    "signup_touches": File(_ATTRIBUTE),
    "useful_sessions": File(_ATTRIBUTE),
    "signups": File(_ATTRIBUTE, _GAP),
    **{name: File(view.package, view.settings) for name, view in VIEWS.items()},
}

# Parts of stored tables. A run computes them for the conversion days that changed; all days here.
PARTS: dict[str, str] = {
    "wanted_keys": "select app, conversion_id, conversion_kind from new_conversions",
    "wanted_touches": "select {columns} from touches",
    "person_installs": "select app, conversion_id as install_id, person_id,"
    " converted_at as installed_at from new_conversions where conversion_kind = 'install'",
}

# What no SELECT makes: its columns, and the function of Python that computes it.
PYTHON: dict[str, tuple[str, str]] = {
    "merged_users": ("user_id, person_id", "whichhalf.stitch.aliases.merge_users"),
    "alias_links": (
        "app, visitor_id, visitor_key, user_id, first_at, message_id, call",
        "whichhalf.stitch.aliases.alias_links",
    ),
    "ignored_hosts": ("host", "whichhalf.attribute.referrers.is_ignored"),
    "blog_paths": ("url_path", "whichhalf.sessionize.parts.session_parts"),
    "report_days": ("report_on, starts_at, ends_at", "whichhalf.collect.costs.report_days"),
    "sources": ("", "whichhalf.attribute.classify.classify"),
    "rates": ("", "whichhalf.collect.rates.dense"),
    "model_fits": ("", "whichhalf.attribute.fits.model_fits"),
    "touch_credits": ("", "whichhalf.attribute.weights.touch_credits"),
    "lookbacks": (
        "conversion_kind, touch_type, channel, lookback_days, lookback_rule",
        "whichhalf.attribute.lookback.Lookback",
    ),
    "refused_merges": ("", "whichhalf.stitch.aliases.merge_users"),
}

_CONSTANTS = {"unit": UNIT, "with_later": False}
# How a relation on the way is made. Redshift has no temporary views; Postgres computes a view anew
# for each of its readers, and plans badly over tables whose values nobody counted.
_CREATE = {
    "redshift": "create temporary table {name} as\n{select};",
    "postgres": "create temporary table {name} as\n{select};\nanalyze {name};",
}
_CREATE_VIEW = "create temporary view {name} as\n{select};"


def rendered(config: Config, table: str, dialect: str) -> str:
    """Return the SQL that computes a table, with the settings filled in, for an engine.

    dialect: duckdb, spark, postgres or redshift. UsageError where there is no such table.
    """
    contract = tables.table(table)
    head = [f"{table}: {contract.meaning}"]
    if contract.kind is tables.Kind.INPUT:
        head.append("No SELECT makes it: `whichhalf load` does. See docs/collect.md.")
        return _comment(head)
    if table in PYTHON:
        head.append(f"No SELECT makes it: {PYTHON[table][1]} computes it.")
        return _comment(head)
    needed = _needed(table)
    stored, computed = (
        [name for name in needed if test(name)] for test in (_is_stored, _is_computed)
    )
    head.append(f"Reads the tables {', '.join(sorted(stored))}.")
    head += [f"Make first: {n} ({PYTHON[n][0]}), computed by {PYTHON[n][1]}." for n in computed]
    order = [name for name in needed if name not in stored + computed]
    create = _CREATE.get(dialect, _CREATE_VIEW)
    before = [create.format(name=n, select=_select(config, n, dialect)) for n in order]
    return "\n\n".join([_comment(head), *before, f"{_select(config, table, dialect)};"])


def _needed(table: str) -> list[str]:
    """Relations that a table is computed from, each after those it needs; stored ones end it."""
    order: list[str] = []

    def visit(name: str) -> None:
        for need in sorted(_reads(name)):
            if need not in order:
                if not _is_stored(need):
                    visit(need)
                order.append(need)

    visit(table)
    return order


def _reads(name: str) -> set[str]:
    if name in FILES:
        return sql.load(FILES[name].package, name).tables
    if name in PARTS:
        return {node.name for node in parse_one(_part(name)).find_all(exp.Table)}
    return set()


def _is_stored(name: str) -> bool:
    return name in tables.TABLES and tables.TABLES[name].kind is not tables.Kind.VIEW


def _is_computed(name: str) -> bool:
    return name in PYTHON and not _is_stored(name)


def _select(config: Config, name: str, dialect: str) -> str:
    """The SELECT of a relation: of its file, of a part, or of values from the settings."""
    if name in FILES:
        query = sql.load(FILES[name].package, name)
        values = {key: config.value(of) for key, of in FILES[name].settings.items()}
        values |= {key: value for key, value in _CONSTANTS.items() if key in query.parameters}
        return query.sql(dialect, **values)
    text = _part(name) if name in PARTS else _SETTINGS[name](config)
    return sql.portable.render(parse_one(text, dialect=sql.portable.DIALECT), dialect)


def _part(name: str) -> str:
    if "{columns}" not in PARTS[name]:
        return PARTS[name]
    origin = parse_one(PARTS[name].format(columns="x")).find(exp.Table)
    assert origin is not None
    columns = ", ".join(column.name for column in tables.table(origin.name).columns)
    return PARTS[name].format(columns=columns)


def _event_kinds(config: Config) -> str:
    return _values(("name", "event_kind"), config.events.kinds())


def _ignored_users(config: Config) -> str:
    ids = users_named(config.stitch.ignored_user_ids).column("user_id").to_pylist()
    return _values(("user_id",), [(identifier,) for identifier in ids])


def _models(_config: Config) -> str:
    return _values(("model", "credits"), list(MODELS.items()))


_SETTINGS = {"event_kinds": _event_kinds, "ignored_users": _ignored_users, "models": _models}


def _values(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A SELECT of rows of texts; of none, where there are none."""
    if not rows:
        nulls = ", ".join(f"cast(null as varchar) as {column}" for column in columns)
        return f"select {nulls} where 1 = 0"
    texts = [[exp.Literal.string(text).sql(sql.portable.DIALECT) for text in row] for row in rows]
    selects = (
        ", ".join(f"{text} as {column}" for text, column in zip(row, columns, strict=True))
        for row in texts
    )
    return " union all ".join(f"select {items}" for items in selects)


def _comment(lines: list[str]) -> str:
    wrapped = (
        textwrap.wrap(line, 97, initial_indent="-- ", subsequent_indent="-- ") for line in lines
    )
    return "\n".join(text for part in wrapped for text in part)
