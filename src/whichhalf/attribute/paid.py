"""Paid or not: explicit rules over click ids, media, named networks and matched campaigns."""

from __future__ import annotations

from collections.abc import Collection

from whichhalf.attribute.rules.conditions import Facts, Rule, first_rule, read_rules
from whichhalf.attribute.rules.files import RuleFile, shipped

CONDITIONS = (
    "source_category",
    "source_regex",
    "medium_regex",
    "campaign_regex",
    "click_id_kind",
    "referrer_category",
    "network",
    "touch_type",
    "campaign_match",
)
TOUCH_TYPES = ("impression", "click", "visit", "referrer")
CAMPAIGN_MATCHES = ("costs", "registered")


def load_paid_rules(
    own: RuleFile | None, *, categories: Collection[str], click_id_kinds: Collection[str]
) -> tuple[Rule, ...]:
    """Return the paid rules: the user's, then the shipped."""
    vocabulary = {
        "source_category": categories,
        "referrer_category": categories,
        "click_id_kind": click_id_kinds,
        "touch_type": TOUCH_TYPES,
        "campaign_match": CAMPAIGN_MATCHES,
    }
    return read_rules(
        own,
        shipped("paid.csv"),
        verdict="is_paid",
        conditions=CONDITIONS,
        vocabulary=vocabulary,
    )


def paid_by(facts: Facts, rules: tuple[Rule, ...]) -> str | None:
    """Return the id of the rule by which somebody was paid for the touch; None: unpaid.

    The first rule that holds decides; it may be one of the user's that says is_paid = false.
    """
    rule = first_rule(rules, facts)
    return rule.id if rule and rule.verdict.lower() == "true" else None
