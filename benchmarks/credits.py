"""Credits of many conversions with many touches each, under every model that is a rule.

    python -m benchmarks.credits [--conversions 1000000] [--touches 8] [--format json]

Everything that step `attribute` does to credit: judge the touches, weigh them, share the value, and
commit the rows to a lake. The limit beside it: a bare sort of the same touches by conversion and
time, which any way of ordering them must do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa

from whichhalf import views
from whichhalf.attribute.credits import judge, weighed
from whichhalf.attribute.lookback import load_lookback
from whichhalf.config import Config
from whichhalf.engines import Engine
from whichhalf.lake import Lake
from whichhalf.project import Project
from whichhalf.tables import TABLES

_BEGIN = "timestamp '2026-06-01 00:00:00'"
CONVERSIONS = """
select
    n as number, 'purchase' as credited_kind, cast('2026-06-01' as date) as day, 'web' as app,
    concat('order-', n) as conversion_id, 'purchase' as conversion_kind,
    concat('u:', n) as person_id, cast(null as varchar) as visitor_id,
    cast(null as bigint) as visitor_key, concat('u:', n) as user_id, {begin} as converted_at,
    {begin} as attributed_at, cast(null as varchar) as refers_to,
    cast(19.99 as decimal(18, 6)) as value, cast(null as varchar) as product_id,
    cast(1 as bigint) as quantity, cast(null as varchar) as country, cast(null as varchar) as os,
    'payments' as source_table
from range(1, {conversions} + 1) as r(n)
"""
TOUCHES = """
select
    'web' as app, concat('u:', c) as person_id, md5(concat(c, '-', t)) as touch_id,
    'visit' as touch_type,
    {begin} - to_microseconds(cast(hash(c * 31 + t) % 2592000000000 as bigint)) as touched_at,
    concat('source-', hash(t * 7 + c) % 40) as source_key, cast(t as bigint) as session_number,
    cast(null as varchar) as referrer_host
from range(1, {conversions} + 1) as r(c), range({touches}) as s(t)
"""
EMPTY = {
    "person_sessions": "select '' as person_id, cast(0 as bigint) as session_number,"
    f" '' as session_id, {_BEGIN} as started_at, {_BEGIN} as ended_at where false",
    "person_installs": "select '' as app, '' as install_id, '' as person_id,"
    f" {_BEGIN} as installed_at where false",
    "new_conversions": "select * from wanted_conversions",
}


def put(engine: Engine, conversions: int, touches: int) -> None:
    """Make what the step reads: conversions, their persons' touches, forty sources."""
    given = {"begin": _BEGIN, "conversions": conversions, "touches": touches}
    engine.create("wanted_conversions", CONVERSIONS.format(**given))
    engine.create("person_touches", TOUCHES.format(**given))
    keys = [f"source-{number}" for number in range(40)]
    channels = [f"channel {number % 12}" for number in range(40)]
    sources = {"source_key": keys, "channel": channels, "is_paid": [n % 3 == 0 for n in range(40)]}
    engine.relation("sources", pa.table(sources))
    for name, select in EMPTY.items():
        engine.create(name, select)


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.monotonic(), time.process_time()
    act()
    return time.monotonic() - wall, time.process_time() - cpu


def measure(conversions: int, touches: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name), Config())
        with project.engine() as engine:
            put(engine, conversions, touches)
            bare = timed(
                lambda: engine.create(
                    "sorted",
                    "select * from person_touches order by person_id, touched_at, touch_id",
                )
            )
            engine.drop("sorted")
            lookback = load_lookback(Config().attribute, Path(name))
            judged = timed(lambda: judge(engine, Config(), lookback))
            table, lake = TABLES["touch_credits"], Lake(Path(name) / "lake")
            days = {date(2026, 6, 1): ""}
            stream = weighed(engine, Config())
            weighing = timed(lambda: stream().read_all().num_rows)
            made = timed(lambda: lake.replace_days(table, stream(), days))
            project.expose(engine, ["touch_credits", "model_fits"])
            for view in ("rule_credits", "credits"):
                views.create(engine, Config(), view)
            rows = engine.table("select count(*) as n from rule_credits").column(0)[0].as_py()
            last = timed(lambda: engine.table("select * from credits where model = 'last'"))
    return {
        "conversions": conversions,
        "touches": conversions * touches,
        "credits": rows,
        "judge_seconds": round(judged[0], 2),
        "weigh_seconds": round(weighing[0], 2),
        "weigh_and_commit_seconds": round(made[0], 2),
        "seconds": round(judged[0] + made[0], 2),
        "cpu_seconds": round(judged[1] + made[1], 2),
        "bare_sort_seconds": round(bare[0], 2),
        "ratio_to_bare_sort_cpu": round((judged[1] + made[1]) / bare[1], 2),
        "read_one_model_seconds": round(last[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversions", type=int, default=1_000_000)
    parser.add_argument("--touches", type=int, default=8)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    result = measure(options.conversions, options.touches)
    if options.format == "json":
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:26} {value:>12,}")


if __name__ == "__main__":
    main()
