"""Why a touch may take credit of a conversion or not: the rule, the value, the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from whichhalf.config import Config

Facts = dict[str, Any]

_DAY = timedelta(days=1)
# Refusals that one setting decides; out_of_window names its own, after_conversion is no setting.
_SETTINGS = {
    "at_conversion": "attribute.strict_before",
    "converting_session": "attribute.count_converting_session",
    "earlier_cycle": "attribute.restart_cycles",
    "direct": "attribute.count_direct",
    "beaten_by_click": "attribute.click_beats_impression",
    "same_session": "attribute.session_touches",
    "excluded_visitor": "sessionize.max_events_per_visitor_day",
}


def verdict(candidate: Mapping[str, Any], conversion: Mapping[str, Any]) -> Facts:
    """Return the verdict on one row of `candidates`: what refused it (None: eligible) and why.

    value and threshold: days before the conversion for windows; an instant for cycles.
    """
    before = conversion["attributed_at"] - candidate["touched_at"]
    refused = candidate["refused"]
    value: object = before / _DAY
    threshold: object = candidate["lookback_days"]
    unit, rule = "days_before", candidate["lookback_rule"]
    if refused in ("after_conversion", "at_conversion"):
        threshold, rule = 0, _SETTINGS.get(refused, "after_conversion")
    elif refused == "earlier_cycle":
        value, threshold, unit = candidate["touched_at"], candidate["cycle_from"], "instant"
    elif refused == "converting_session":
        value = threshold = candidate["session_number"]
        unit = "session_number"
    elif refused in ("direct", "beaten_by_click"):
        value, threshold, unit = candidate["touch_type"], None, "touch_type"
    return {
        "is_eligible": refused is None,
        "refused": refused,
        "rule": _SETTINGS.get(refused or "", rule),
        "value": value,
        "threshold": threshold,
        "unit": unit,
        "because": _because(refused, before, candidate),
    }


def left_out(
    touch: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]],
    excluded: Sequence[Mapping[str, Any]],
    config: Config,
) -> Facts:
    """Return the verdict on a touch by which no conversion is judged.

    others: touches of the person. excluded: rows of excluded_visitors.
    """
    reason = touch["left_out_by"]
    found: Facts = {"is_eligible": False, "refused": reason, "rule": _SETTINGS[reason]}
    if reason == "excluded_visitor":
        days = [row for row in excluded if row["visitor_id"] == touch["visitor_id"]]
        worst = max(days, key=lambda row: row["value"])
        found |= {"value": worst["value"], "threshold": worst["threshold"], "unit": "events_a_day"}
        found["because"] = (
            f"its visitor is no person: {worst['value']:,} events on {worst['day']}, limit"
            f" {worst['threshold']:,}"
        )
        return found
    chosen = config.attribute.session_touches
    stands = [
        other["touch_id"]
        for other in others
        if other["left_out_by"] is None
        and other["session_number"] == touch["session_number"]
        and (chosen != "each" or other["source_key"] == touch["source_key"])
    ]
    found |= {"value": stands[0] if stands else None, "threshold": chosen, "unit": "touch_id"}
    found["because"] = (
        f"touch {found['value']} stands for it: of session {touch['session_number']},"
        f" {_CHOSEN[chosen]} counts"
    )
    return found


_CLAUSES = {
    "after_conversion": "{length} after; what comes later never counts",
    "at_conversion": "at the very instant, and attribute.strict_before is set",
    "converting_session": "in session {session}, which converts, and"
    " attribute.count_converting_session is not set",
    "earlier_cycle": "used up by the conversion of {cycle}, as attribute.restart_cycles is set",
    "direct": "a visit without a source, and attribute.count_direct is not set",
    "beaten_by_click": "an impression where something else may take credit, and"
    " attribute.click_beats_impression is set",
}
_CHOSEN = {
    "each": "each source once",
    "first_source": "the first source",
    "first_event": "the source of the first event",
}


def _because(refused: str | None, before: timedelta, row: Mapping[str, Any]) -> str:
    """One clause for people; times of the window as exact as it needs."""
    days, cycle = row["lookback_days"], row["cycle_from"]
    return _CLAUSES.get(refused or "", "{length} before, {limit} by {rule}").format(
        length=span(abs(before)),
        limit="no limit" if days is None else f"limit {span(days * _DAY)}",
        rule=row["lookback_rule"],
        session=row["session_number"],
        cycle=clock(cycle) if cycle else "",
    )


def span(length: timedelta) -> str:
    """A length in its two largest units: 9 days 2 h; 7 days 0.000001 s."""
    seconds, micros = divmod(length // timedelta(microseconds=1), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    exact = f"{second}.{micros:06d}".rstrip("0").rstrip(".")
    parts = [
        f"{day} day{'s' * (day != 1)}" if day else "",
        f"{hour} h" if hour else "",
        f"{minute} min" if minute else "",
        f"{exact} s" if exact != "0" else "",
    ]
    return " ".join([part for part in parts if part][:2]) or "0 s"


def clock(instant: datetime) -> str:
    """An instant for people, in UTC: 2026-03-01 10:00:00, with a fraction where it has one."""
    text = instant.isoformat(" ")
    return text.rstrip("0") if instant.microsecond else text
