"""Paid or not: explicit rules over click ids, media, named networks and matched campaigns."""

from __future__ import annotations

from whichhalf.attribute.rules.conditions import (
    SOURCE_CONDITIONS,
    Facts,
    Rule,
    RuleTable,
    first_rule,
)

PAID_RULES = RuleTable(
    "paid.csv",
    verdict="is_paid",
    conditions=(*SOURCE_CONDITIONS, "network", "touch_type", "campaign_match"),
    words={
        "touch_type": ("impression", "click", "visit", "referrer"),
        "campaign_match": ("costs", "registered"),
    },
)


def paid_by(facts: Facts, rules: tuple[Rule, ...]) -> str | None:
    """Return the id of the rule by which somebody was paid for the touch; None: unpaid.

    The first rule that holds decides; it may be one of the user's that says is_paid = false.
    """
    rule = first_rule(rules, facts)
    return rule.id if rule and rule.verdict.lower() == "true" else None
