"""Gather the facts behind the credit of a person's conversions, by the very SQL of the run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from whichhalf import __version__, views
from whichhalf.attribute.credits import weighed
from whichhalf.attribute.explain.conversions import conversion_facts
from whichhalf.attribute.explain.found import Found, find
from whichhalf.attribute.explain.history import READ, prepare
from whichhalf.attribute.explain.identity import identity_facts, session_facts
from whichhalf.attribute.explain.story import conversion_story, person_story
from whichhalf.attribute.lookback import load_lookback
from whichhalf.engines import Engine
from whichhalf.errors import WhichhalfError
from whichhalf.project import Project
from whichhalf.tables import TABLES

Facts = dict[str, Any]

_FIND = ("conversions", "users", "persons", "session_parts", "touches")
_CREDIT = ", ".join(c.name for c in TABLES["touch_credits"].columns if c.name != "day")


def explain(
    project: Project,
    asked: str,
    *,
    kinds: Collection[str] = (),
    steps: Mapping[str, int] | None = None,
) -> Facts:
    """Return what is behind a conversion, or all conversions of a person, as a tree of facts.

    asked: ID or KIND:ID of a conversion; else a person, user or visitor id. kinds: only these.
    steps: version of each step, to be told. Keys: docs/explain.md. All as of the last good run;
    times are UTC without a zone, money Decimal. UsageError where nothing fits.
    """
    versions = project.snapshot()
    if "conversions" not in versions:
        raise WhichhalfError("There is nothing to explain before a run: `whichhalf run`.")
    with project.engine() as engine:
        project.expose(engine, _FIND, versions=versions)
        found = find(engine, asked, kinds)
        persons = [_person(project, engine, found, person) for person in found.person_ids]
    return {
        "asked": asked,
        "is_person": found.is_person,
        "persons": persons,
        "versions": {
            "whichhalf": __version__,
            "lookback_rules": load_lookback(project.config.attribute, project.folder).version,
            "steps": dict(steps or {}),
            "tables": {name: versions[name] for name in READ if name in versions},
        },
        "settings": {
            key: project.config.value(key)
            for key in project.config.origins
            if key.startswith("attribute.") or key == "sessionize.session_gap_minutes"
        },
    }


def _person(project: Project, engine: Engine, found: Found, person: str) -> Facts:
    """Facts of one person and of the conversions of theirs that were asked for."""
    prepare(project, engine, person)
    identity = identity_facts(project, engine, person)
    sessions = session_facts(engine, person)
    facts: Facts = {
        "person_id": person,
        "identity": identity,
        "sessions": sessions,
        "conversions": [],
        "is_stale": _differs(project, engine),
    }
    told = conversion_facts(project, engine, person, identity["excluded"], sessions)
    facts["touches"] = told.touches
    facts["story"] = person_story(facts)
    for conversion in told.conversions:
        key = (conversion["app"], conversion["conversion_id"], conversion["conversion_kind"])
        if key in found.conversions:
            conversion["story"] = conversion_story(facts, conversion)
            facts["conversions"].append(conversion)
    return facts


def _differs(project: Project, engine: Engine) -> bool:
    """Whether the rules of now give other credits than those that are stored.

    Makes `credits`, those of the person.
    """
    engine.relation("now_credits", weighed(engine, project.config)().read_all())
    old, new = (f"select {_CREDIT} from {name}" for name in ("touch_credits", "now_credits"))
    differing = engine.table(f"({old} except all {new}) union all ({new} except all {old})")
    for name in ("rule_credits", "credits"):
        views.create(engine, project.config, name)
    return bool(differing.num_rows)
