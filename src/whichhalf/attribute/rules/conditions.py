"""Rules: conditions on the facts of a source tuple, and the first rule that holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from whichhalf.attribute.rules.files import Row, RuleFile, read_rows, shipped
from whichhalf.errors import ConfigError, nearest

# What the words of a column may be; a column that is not named here takes any word.
Vocabulary = Mapping[str, Collection[str]]

# What every rule table may ask of a source tuple.
SOURCE_CONDITIONS = (
    "source_category",
    "source_regex",
    "medium_regex",
    "campaign_regex",
    "click_id_kind",
    "referrer_category",
)

_YES_NO = {"true": True, "false": False}


@dataclass(frozen=True)
class RuleTable:
    """What a rule file may say.

    file: the shipped one. verdict: the column of what a rule says. conditions: the columns that it
    may ask for. words: condition → the only words that it may hold.
    """

    file: str
    verdict: str
    conditions: tuple[str, ...]
    words: Vocabulary = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What rules can ask of a source tuple; "" where there is nothing.

    source, medium: by the origin (docs/channels.md), lower case. campaign: lower case.
    network: the one that a click or impression itself names.
    campaign_match: "costs" (matched, has cost rows), "registered" (matched, has none) or "".
    is_paid: None until the paid rules have spoken.
    """

    source: str = ""
    medium: str = ""
    campaign: str = ""
    click_id_kind: str = ""
    source_category: str = ""
    referrer_category: str = ""
    network: str = ""
    touch_type: str = ""
    campaign_match: str = ""
    is_paid: bool | None = None


@dataclass(frozen=True)
class Rule:
    """One row of a rule table. All of its conditions must hold; a row without any always does.

    verdict: what the rule says: a channel, or "true" and "false" for paid and not paid.
    patterns: fact → regex for the whole value. words: fact → values, "*" for any but none.
    """

    id: str
    verdict: str
    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    words: tuple[tuple[str, frozenset[str]], ...]
    is_paid: bool | None

    def holds(self, facts: Facts) -> bool:
        """Whether every condition holds."""
        return (
            (self.is_paid is None or self.is_paid == facts.is_paid)
            and all(_is_one_of(getattr(facts, name), words) for name, words in self.words)
            and all(regex.fullmatch(getattr(facts, name)) for name, regex in self.patterns)
        )


def first_rule(rules: Iterable[Rule], facts: Facts) -> Rule | None:
    """Return the first rule that holds."""
    return next((rule for rule in rules if rule.holds(facts)), None)


def _is_one_of(value: str, words: frozenset[str]) -> bool:
    return value in words or (value != "" and "*" in words)


def read_rules(table: RuleTable, own: RuleFile | None, vocabulary: Vocabulary) -> tuple[Rule, ...]:
    """Return the user's rules, then the shipped. ConfigError says file, line and what is wrong.

    vocabulary: of all rule tables; a table's own words come beside it.
    """
    verdict, conditions = table.verdict, table.conditions
    known = {**vocabulary, **table.words}
    columns = ("id", verdict, *conditions, "note")
    ids: set[str] = set()
    groups: list[list[Rule]] = []
    # The shipped first, so that an id taken twice is told at the user's line.
    for file, needs_condition in ((shipped(table.file), False), (own, True)):
        groups.append([])
        for row in read_rows(file, columns, ("id", verdict)) if file else ():
            rule = _rule(row, verdict, conditions, known)
            _check(rule, row, ids, conditions if needs_condition else ())
            ids.add(rule.id)
            groups[-1].append(rule)
    return (*groups[1], *groups[0])


def _check(rule: Rule, row: Row, ids: Collection[str], conditions: Sequence[str]) -> None:
    """Refuse an id that is there already; where `conditions` are given, a rule with none."""
    if rule.id in ids:
        raise ConfigError(
            f"{row.where}: rule {rule.id!r} is there twice. Give each rule an id of its own,"
            " e.g. with your name before it."
        )
    if conditions and not (rule.patterns or rule.words or rule.is_paid is not None):
        raise ConfigError(
            f"{row.where}: rule {rule.id!r} has no condition, so no rule after it could ever"
            f" hold. Fill one of: {', '.join(conditions)}."
        )


def _rule(row: Row, verdict: str, conditions: Sequence[str], vocabulary: Vocabulary) -> Rule:
    if verdict == "is_paid":
        _yes_no(row, verdict)
    filled = [name for name in conditions if row.cells.get(name)]
    regexes = [name for name in filled if name.endswith("_regex")]
    worded = [name for name in filled if name not in regexes and name != "is_paid"]
    return Rule(
        id=row.cells["id"],
        verdict=row.cells[verdict],
        patterns=tuple((name.removesuffix("_regex"), _regex(row, name)) for name in regexes),
        words=tuple((name, _words(row, name, vocabulary.get(name))) for name in worded),
        is_paid=_yes_no(row, "is_paid") if "is_paid" in filled else None,
    )


def _regex(row: Row, name: str) -> re.Pattern[str]:
    try:
        return re.compile(row.cells[name], re.IGNORECASE)
    except re.error as error:
        raise ConfigError(
            f"{row.where}: {name}: {row.cells[name]!r} is no regular expression: {error}."
            " It must fit the whole value, e.g. news.* for all that begins with news."
        ) from None


def _words(row: Row, name: str, known: Collection[str] | None) -> frozenset[str]:
    words = frozenset(word.strip().lower() for word in row.cells[name].split("|"))
    for word in sorted(words):
        if known is not None and word not in known and word != "*":
            raise ConfigError(
                f"{row.where}: {name}: unknown {word!r}.{nearest(word, known)}"
                f" Known, several separated by |: {', '.join(sorted(known))}, or * for any."
            )
    return words


def _yes_no(row: Row, name: str) -> bool:
    if row.cells[name].lower() not in _YES_NO:
        raise ConfigError(f"{row.where}: {name} must be true or false, not {row.cells[name]!r}.")
    return _YES_NO[row.cells[name].lower()]
