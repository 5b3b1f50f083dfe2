"""Views: tables that are computed when they are read, as data: SQL file, inputs, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whichhalf import sql
from whichhalf.config import Config
from whichhalf.engines import Engine


@dataclass(frozen=True)
class View:
    """A SELECT of a stage over tables and other views.

    package: of the .sql file, which is named like the view unless `file` says otherwise.
    needs: relations that it reads. settings: parameter → "section.key" of whichhalf.toml.
    is_lazy: computed where it is read, so that only the rows asked for are made.
    """

    package: str
    needs: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    is_lazy: bool = False


_GAP = {"session_gap_minutes": "sessionize.session_gap_minutes"}

VIEWS: dict[str, View] = {
    "wanted_parts": View("whichhalf.sessionize", ("session_parts",)),
    "person_parts": View(
        "whichhalf.attribute", ("wanted_parts", "excluded_visitors", "users", "persons")
    ),
    "part_sessions": View("whichhalf.attribute", ("person_parts",), _GAP),
    "person_sessions": View("whichhalf.attribute", ("person_parts", "part_sessions")),
    "sessions": View("whichhalf.attribute", ("person_sessions", "useful_sessions")),
    "rule_credits": View("whichhalf.attribute", ("touch_credits",), is_lazy=True),
    "credits": View("whichhalf.attribute", ("rule_credits", "model_fits", "sources"), is_lazy=True),
    "event_persons": View("whichhalf.stitch", ("events", "session_parts", "users", "persons")),
    "person_groups": View("whichhalf.report", ("events", "session_parts", "users", "persons")),
    "activity_days": View(
        "whichhalf.attribute", ("person_parts", "key_events", "users", "persons")
    ),
}


def needed(name: str) -> list[str]:
    """Relations in the order in which they must exist, `name` last; each once."""
    order: list[str] = []
    for need in VIEWS[name].needs if name in VIEWS else ():
        order += [item for item in needed(need) if item not in order]
    return [*order, name]


def create(engine: Engine, config: Config, name: str) -> None:
    """Make a view readable in an engine where what it needs is there already."""
    view = VIEWS[name]
    parameters = {key: config.value(setting) for key, setting in view.settings.items()}
    select = sql.load(view.package, name).sql(engine.flags.dialect, **parameters)
    if view.is_lazy:
        engine.view(name, select)
    else:
        engine.create(name, select)
