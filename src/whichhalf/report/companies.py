"""Companies as a dimension: the group that each person belongs to, and its traits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from whichhalf.engines import Engine
from whichhalf.project import Project
from whichhalf.report.head import select

REPORTS = ("campaigns", "signups", "sessions")  # those whose rows are about people
NEEDS = ("person_groups", "events")
NONE = "(no company)"
NO_TRAIT = "(no such trait)"
NAME = "name"


@dataclass(frozen=True)
class Companies:
    """Who belongs where. of_person: person id → group id. traits: group id → trait → value."""

    of_person: Mapping[str, str]
    traits: Mapping[str, Mapping[str, str]]

    @property
    def names(self) -> list[str]:
        """What a report can be asked by; nothing where nobody has a company."""
        if not self.of_person:
            return []
        traits = sorted({name for said in self.traits.values() for name in said})
        return [
            "company",
            "group_id",
            *(name for name in traits if name != NAME),
            *(f"company.{name}" for name in traits),
        ]

    def labels(self, by: str) -> dict[str, str]:
        """Person id → label, for one of `names`."""
        if by in ("company", "group_id"):
            shown = self._named() if by == "company" else {}
            return {who: shown.get(group, group) for who, group in self.of_person.items()}
        trait = by.removeprefix("company.")
        return {
            who: self.traits.get(group, {}).get(trait, NO_TRAIT)
            for who, group in self.of_person.items()
        }

    def looked_up(self, label: Callable[..., str]) -> dict[str, str]:
        """Person id → label of a look-up on companies, sought by group id, then by name."""
        groups = {
            group: label(group, self.traits.get(group, {}).get(NAME))
            for group in set(self.of_person.values())
        }
        return {who: groups[group] for who, group in self.of_person.items()}

    def _named(self) -> dict[str, str]:
        """Group id → trait name; with the id where several companies have one name."""
        names = {group: said[NAME] for group, said in self.traits.items() if NAME in said}
        counts = Counter(names.values())
        return {
            group: name if counts[name] == 1 else f"{name} ({group})"
            for group, name in names.items()
        }


def read(project: Project, engine: Engine) -> Companies:
    """Read who belongs where, as of the newest snapshot."""
    project.expose_read(engine, NEEDS)
    people = engine.table("select person_id, group_id from person_groups")
    of_person = dict(zip(*(column.to_pylist() for column in people.columns), strict=True))
    traits: dict[str, dict[str, str]] = {}
    # The oldest first, so that of each trait the last word holds.
    for row in engine.table(select(engine, "group_traits")).to_pylist():
        traits.setdefault(row["group_id"], {}).update(_said(row["properties"]))
    return Companies(of_person, traits)


def _said(properties: str) -> dict[str, str]:
    """Traits as text; lists and objects are no dimension, and null says nothing."""
    said = orjson.loads(properties)
    if not isinstance(said, dict):
        return {}
    return {
        name: orjson.dumps(value).decode() if not isinstance(value, str) else value
        for name, value in said.items()
        if value not in (None, "") and not isinstance(value, list | dict)
    }
