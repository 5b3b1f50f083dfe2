"""Steps of stitch: identity edges a day, then persons and users over all days."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from whichhalf import sql
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.ids import USER, USER_IDS, as_user, users_named
from whichhalf.stitch.aliases import Merged, alias_links, merge_users
from whichhalf.stitch.cuts import Cuts

_PACKAGE = "whichhalf.stitch"


def identity_edges(engine: Engine, config: Config) -> Mapping[str, str]:
    """Return the SELECT of identity_edges for the days whose inputs are exposed.

    Reads: events, installs, clicks, payments, loaded_conversions.
    """
    engine.relation("ignored_users", users_named(config.stitch.ignored_user_ids))
    query = sql.load(_PACKAGE, "identity_edges")
    return {"identity_edges": query.sql(engine.flags.dialect)}


def persons(engine: Engine, config: Config) -> Mapping[str, str]:
    """Return the SELECTs of users, persons and refused_merges over all days.

    Reads: identity_edges, cut_edges. Few rows are aliases; only those are merged in Python.
    """
    engine.create("standing_cuts", sql.load(_PACKAGE, "standing_cuts").sql(engine.flags.dialect))
    merged, links = _merged(engine, config)
    engine.relation("merged_users", merged.table)
    engine.relation("alias_links", links)
    engine.relation("refused_merges", merged.refusals)
    dialect = engine.flags.dialect
    users = sql.load(_PACKAGE, "users").sql(dialect)
    engine.create("users", users)
    return {
        "users": "select user_id, person_id from users",
        "persons": sql.load(_PACKAGE, "persons").sql(dialect),
        "refused_merges": "select * from refused_merges",
    }


def refused(engine: Engine) -> str:
    """Return what to say of refused_merges: how many, the worst, what to do; "" where none is."""
    count = engine.table(
        "select count(distinct component_id) as components, count(*) as users from refused_merges"
    ).to_pylist()[0]
    worst = engine.table(
        "select component_id, user_id, value, threshold, tied_count from refused_merges"
        " order by value desc, tied_count desc, user_id limit 1"
    ).to_pylist()
    if not worst:
        return ""
    row, components = worst[0], count["components"]
    raw_id = row["user_id"].removeprefix(USER)
    return (
        f"Not merged: {count['users']:,} users in {components:,} component{'s' * (components > 1)}"
        f" of aliases with more than {row['threshold']:,} users. The largest has {row['value']:,},"
        f" {row['tied_count']:,} of them tied to {row['user_id']}. If that id is nobody's, add"
        f" {raw_id!r} to [stitch] ignored_user_ids; if they are one person, raise [stitch]"
        " max_users_per_person. All: whichhalf dump refused_merges"
    )


def _merged(engine: Engine, config: Config) -> tuple[Merged, pa.Table]:
    aliases = engine.table(
        "select app, previous_id, user_id, first_at, message_id from identity_edges"
        " where edge_kind = 'alias' order by first_at, message_id"
    )
    aliases = Cuts.read(engine).believed(aliases)
    edges = [
        (as_user(earlier), user)
        for earlier, user in zip(
            aliases.column("previous_id").to_pylist(),
            aliases.column("user_id").to_pylist(),
            strict=True,
        )
    ]
    wanted = pa.table({"user_id": sorted({user for edge in edges for user in edge})})
    engine.relation("alias_users", wanted.cast(USER_IDS))
    known = engine.table(
        "select distinct e.user_id from identity_edges as e"
        " inner join alias_users as a on e.user_id = a.user_id"
    )
    users = frozenset(known.column("user_id").to_pylist())
    limit = config.stitch.max_users_per_person
    return merge_users(edges, users, limit), alias_links(aliases, users)
