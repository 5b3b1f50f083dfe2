"""How old a touch may be: [attribute]'s windows, and the user's exceptions by kind and channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from whichhalf.attribute.rules.files import Row, own_file, read_rows, version_of
from whichhalf.config import AttributeConfig
from whichhalf.errors import ConfigError, nearest

TOUCH_TYPES = ("impression", "click", "visit", "referrer")
_COLUMNS = ("conversion_kind", "touch_type", "channel", "days")
LOOKBACKS = pa.schema(
    [
        ("conversion_kind", pa.string()),
        ("touch_type", pa.string()),
        ("channel", pa.string()),
        ("lookback_days", pa.int64()),
        ("lookback_rule", pa.string()),
    ]
)


@dataclass(frozen=True)
class Rule:
    """One line of lookback_rules. An empty cell fits everything; days 0: no limit."""

    where: str
    conversion_kind: str
    touch_type: str
    channel: str
    days: int

    def fits(self, conversion_kind: str, touch_type: str, channel: str) -> bool:
        """Whether the rule is about such a touch."""
        return (
            self.conversion_kind in ("", conversion_kind)
            and self.touch_type in ("", touch_type)
            and self.channel.lower() in ("", channel.lower())
        )


@dataclass(frozen=True)
class Lookback:
    """The exceptions, in their order; then the window of the touch's type. version: of the file."""

    rules: tuple[Rule, ...]
    click_days: int
    impression_days: int
    version: str

    def of(self, conversion_kind: str, touch_type: str, channel: str) -> tuple[int | None, str]:
        """Return the days that such a touch counts (None: no limit) and what says so."""
        for rule in self.rules:
            if rule.fits(conversion_kind, touch_type, channel):
                return rule.days or None, rule.where
        if touch_type == "impression":
            return self.impression_days or None, "attribute.impression_lookback_days"
        return self.click_days or None, "attribute.click_lookback_days"

    def table(self, conversion_kinds: Iterable[str], channels: Iterable[str]) -> pa.Table:
        """Return the window of every kind × touch type × channel: schema LOOKBACKS."""
        listed = sorted(set(channels) | {"Direct"})
        rows = [
            (kind, touch_type, channel, *self.of(kind, touch_type, channel))
            for kind in sorted(set(conversion_kinds))
            for touch_type in TOUCH_TYPES
            for channel in listed
        ]
        columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(LOOKBACKS)
        return pa.table(columns, schema=LOOKBACKS)


def load_lookback(config: AttributeConfig, folder: Path) -> Lookback:
    """Read [attribute] lookback_rules, a path relative to `folder`.

    ConfigError says file, line and what is wrong.
    """
    file = own_file(config.lookback_rules, folder, "attribute.lookback_rules")
    rows = read_rows(file, _COLUMNS, ("days",)) if file else []
    return Lookback(
        tuple(map(_rule, rows)),
        config.click_lookback_days,
        config.impression_lookback_days,
        version_of([file]) if file else "",
    )


def _rule(row: Row) -> Rule:
    cells = {name: row.cells.get(name, "") for name in _COLUMNS}
    touch_type = cells["touch_type"]
    if touch_type and touch_type not in TOUCH_TYPES:
        raise ConfigError(
            f"{row.where}: touch_type {touch_type!r} is unknown.{nearest(touch_type, TOUCH_TYPES)}"
            f" Types: {', '.join(TOUCH_TYPES)}; empty: all of them."
        )
    if not cells["days"].isdecimal():
        raise ConfigError(
            f"{row.where}: days must be a whole number of days, 0 for no limit, not"
            f" {cells['days']!r}."
        )
    return Rule(
        row.where, cells["conversion_kind"], touch_type, cells["channel"], int(cells["days"])
    )
