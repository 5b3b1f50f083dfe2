"""What a statement weighs, by the bytes of what it reads; and Spark's settings for its weight.

Spark is made for statements that take minutes. Of one over a few megabytes most goes into plans,
generated code, shuffles and jobs; so these run as one task, and few rows stay in the driver.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from whichhalf.engines.spark_session import PARTITIONS

HELD = 2**20  # bytes read, up to which the driver holds what comes of them; files cost more
LIGHT = 16 * 2**20  # bytes read, up to which one task computes a statement
# Settings of Spark that say otherwise; -1: nothing is.
_HELD_KEY, _LIGHT_KEY = "spark.whichhalf.heldBytes", "spark.whichhalf.lightBytes"
_OF_A_TASK = 16 * 2**20  # bytes of Parquet files a task of a shuffle; in memory five times as much
_MOST_TASKS = 2000
_CELL = 8  # bytes of a value, about, as it is in a Parquet file
_WORD = re.compile(r"\w+")

# Of statements that are light. Relations that are light have one partition, so nothing is shuffled.
_LIGHT = {
    PARTITIONS: "1",
    "spark.sql.leafNodeDefaultParallelism": "1",
    "spark.sql.adaptive.enabled": "false",  # replans between jobs, and makes jobs to do so
    "spark.sql.autoBroadcastJoinThreshold": "-1",  # a broadcast is a job
    "spark.sql.codegen.wholeStage": "false",  # compiling takes longer than the rows
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@dataclass
class Weights:
    """bytes: of each relation, about as in Parquet files. texts: SELECT of each view."""

    bytes: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def of(self, sql: str) -> int:
        """Bytes that a SELECT reads, at most: of every relation whose name is in its text."""
        named: set[str] = set()
        waiting = [sql]
        while waiting:
            more = set(_WORD.findall(waiting.pop())) - named
            named |= more
            waiting += [self.texts[name] for name in more if name in self.texts]
        return sum(self.bytes.get(name, 0) for name in named)

    def drop(self, name: str) -> None:
        """Forget a relation."""
        self.bytes.pop(name, None)
        self.texts.pop(name, None)


def of_rows(rows: int, columns: int) -> int:
    """Bytes of rows that were never in a file."""
    return rows * columns * _CELL


class Settings:
    """Sets what a session does with the next statement, where that differs from the last one's.

    held, light: bytes, as HELD and LIGHT.
    """

    def __init__(self, session: Any) -> None:
        self._conf = session.conf
        self.held = int(self._conf.get(_HELD_KEY, str(HELD)))
        self.light = int(self._conf.get(_LIGHT_KEY, str(LIGHT)))
        self._heavy = {key: self._conf.get(key, None) for key in _LIGHT}
        self._now = dict(self._heavy)
        self._cores = session.sparkContext.defaultParallelism
        self._is_chosen = session.sparkContext.getConf().contains(PARTITIONS)

    def fit(self, weight: int) -> None:
        """Prepare for a statement of this weight, in bytes."""
        wanted = _LIGHT if weight <= self.light else self._heavy | self._spread(weight)
        for key, value in wanted.items():
            if value is None and self._now[key] is not None:
                self._conf.unset(key)
            elif value != self._now[key]:
                self._conf.set(key, value)
            self._now[key] = value

    def _spread(self, weight: int) -> dict[str, str]:
        """So many tasks that the rows of each are sorted in memory; what is little is merged."""
        if self._is_chosen:
            return {}
        return {PARTITIONS: str(min(max(weight // _OF_A_TASK, self._cores), _MOST_TASKS))}
