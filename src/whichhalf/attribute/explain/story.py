"""The story in plain sentences, each made from facts; what the facts do not say, it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from whichhalf.attribute.credits import MODELS
from whichhalf.attribute.explain.verdicts import span

Facts = dict[str, Any]

_LATE = timedelta(hours=1)  # a call that took longer to arrive came late
_DID = {
    "install": "installed {app}",
    "signup": "signed up",
    "purchase": "bought",
    "first_purchase": "bought for the first time",
    "refund": "got money back",
    "chargeback": "took money back by a chargeback",
    "ad_revenue": "brought ad revenue",
}
_REFUSED = {
    "at_conversion": "at the instant of the conversion",
    "converting_session": "in the session that converts",
    "earlier_cycle": "used up by an earlier conversion",
    "direct": "without a source",
    "out_of_window": "too long before",
    "beaten_by_click": "an impression beside a click",
    "same_session": "in a session for which another touch stands",
    "excluded_visitor": "of a visitor that is no person",
}
_WHY = {
    "out_of_window": "what could take it is refused",
    "direct": "there were only visits without a source to take it",
    "organic": "there was no touch that could take it",
    "rejected": "screening rejected it",
    "redacted": "the touch was erased",
}


def person_story(facts: Facts) -> list[str]:
    """Sentences on who the person is: devices, the calls that tied them, what was left out."""
    identity = facts["identity"]
    visitors = identity["visitors"]
    names = list(dict.fromkeys(row["visitor_id"] for row in visitors))
    person = facts["person_id"]
    told = [_known_by(person, names)]
    told += [_tie(row) for row in visitors if row["tied_at"]]
    for row in identity["others"]:
        until = f" until {moment(row['until'])}" if row["until"] else ""
        since = f" from {moment(row['since'])}" if row["since"] else ""
        told.append(f"{row['visitor_id']} belonged to {row['person_id']}{since}{until}.")
    for row in identity["aliases"]:
        told.append(
            f"An alias of {moment(row['said_at'])} made {row['user_id']} and {row['previous_id']}"
            " one person."
        )
    for row in identity["refused_merges"]:
        told.append(
            f"An alias that would merge {row['user_id']} with {row['value'] - 1:,} other users was"
            f" not believed: stitch.max_users_per_person allows {row['threshold']:,}."
        )
    for row in identity["excluded"]:
        told.append(
            f"{row['visitor_id']} is left out whole: {row['value']:,} events on {row['day']}, and"
            f" sessionize.max_events_per_visitor_day allows {row['threshold']:,}."
        )
    return told


def _known_by(person: str, names: Sequence[str]) -> str:
    if not names:
        return f"{person} was never seen on a device."
    if len(names) == 1:
        return f"{person} was seen on one device, {names[0]}."
    return f"{person} was seen on {len(names)} devices: {listed(names)}."


def _tie(row: Facts) -> str:
    """What tied a visitor to the person, and whether that was late."""
    call = "An alias" if row["by_call"] == "alias" else f"The {row['by_call']} call"
    who = f"{row['visitor_id']} to {row['user_id']}"
    text = f"{call} of {moment(row['tied_at'])} tied {who}"
    first = row["first_seen_at"]
    if row["since"] is None and first is not None and first < row["tied_at"]:
        text += (
            f", {span(_whole(row['tied_at']) - _whole(first))} after the device was first seen"
            f" ({moment(first)}); what it did before counts, too"
        )
    received = row["tie_received_at"]
    if received is not None and received - row["tied_at"] >= _LATE:
        text += f"; the call arrived {span(_whole(received) - _whole(row['tied_at']))} late"
    return f"{text}."


def conversion_story(facts: Facts, conversion: Facts) -> list[str]:
    """Sentences on one conversion: what, in which session, which touches, who takes the credit."""
    told = [_what(facts["person_id"], conversion), *_origin(conversion)]
    told += _sessions(facts["sessions"], conversion)
    told += _touched(conversion)
    told += _credit(conversion)
    return told


def _what(person: str, conversion: Facts) -> str:
    kind, money = conversion["conversion_kind"], conversion["money"]
    did = _DID.get(kind, f"converted ({kind})").format(app=conversion["app"])
    text = f"{person} {did} on {moment(conversion['converted_at'])} UTC"
    if money["value"]:
        text += f", worth {amount(money['value'])} {money['currency']}"
    same = money["original_currency"] in (None, money["currency"])
    if money["value"] and not same and money["rate"] is not None:
        text += (
            f" ({amount(money['original_amount'])} {money['original_currency']} at the rate of"
            f" {money['rate_on']})"
        )
    return f"{text}."


def _origin(conversion: Facts) -> list[str]:
    """Whose credit a refund or chargeback takes."""
    if conversion["conversion_kind"] not in ("refund", "chargeback"):
        return []
    if conversion["refers_to"] is None:
        return ["No charge covers it, so touches up to its own instant are judged."]
    how = (
        "the charge that it names"
        if conversion["money"]["charge_is_named"]
        else "the latest charge of the user in that currency that covers it"
    )
    return [
        f"It returns {conversion['refers_to']} of {moment(conversion['attributed_at'])}, {how}:"
        " touches are judged as of that instant, and it takes that credit back."
    ]


def _sessions(sessions: Sequence[Facts], conversion: Facts) -> list[str]:
    before = [row for row in sessions if row["started_at"] <= conversion["attributed_at"]]
    number = conversion["session_number"]
    if not before:
        return ["No session began before it."]
    kind = conversion["conversion_kind"].replace("_", " ")
    if number is None:
        return [f"{count(len(before), 'session')} began before the {kind}; it falls into none."]
    session = next(row for row in sessions if row["session_number"] == number)
    devices = listed(dict.fromkeys(row["visitor_id"] for row in session["visitors"]))
    return [f"The {kind} falls into session {number} of {len(sessions)}, on {devices}."]


def _touched(conversion: Facts) -> list[str]:
    """How many touches may take credit, and why the paid ones among the others may not."""
    touches = conversion["touches"]
    if not touches:
        return ["No touch of this person is known."]
    eligible = [row for row in touches if row["verdict"]["is_eligible"]]
    few = len(eligible) or "none"
    told = [f"Of {count(len(touches), 'touch', 'touches')}, {few} may take credit."]
    if len(touches) == len(eligible):
        whole = "Its one touch" if len(touches) == 1 else f"All {len(touches)} touches"
        told = [f"{whole} may take credit."]
    refused = [row for row in touches if not row["verdict"]["is_eligible"]]
    later = [row for row in refused if row["verdict"]["refused"] == "after_conversion"]
    earlier = [row for row in refused if row["verdict"]["refused"] != "after_conversion"]
    for row in earlier:
        if row["is_paid"]:
            told.append(f"Refused is {touch_name(row)}: {row['verdict']['because']}.")
    if rest := [row for row in earlier if not row["is_paid"]]:
        reasons = listed(dict.fromkeys(_REFUSED[row["verdict"]["refused"]] for row in rest))
        unpaid = count(len(rest), "unpaid touch", "unpaid touches")
        told.append(f"Refused {'is' if len(rest) == 1 else 'are'} {unpaid}: {reasons}.")
    if later:
        told.append(f"{count(len(later), 'touch', 'touches')} came later, which never counts.")
    return told


def _credit(conversion: Facts) -> list[str]:
    """Who takes the whole credit, model by model; who shares it; and which models credit nobody."""
    touches = {(row["app"], row["touch_id"]): row for row in conversion["touches"]}
    winners: dict[tuple[str, str], list[str]] = {}
    shared: list[str] = []
    nobody: dict[str, list[str]] = {}
    inherited: list[str] = []
    for row in conversion["models"]:
        if row["model"] == "install_last_touch" and row["credits"]:
            inherited = _inherited(conversion, row["credits"][0], touches)
        elif len(row["credits"]) == 1:
            share = row["credits"][0]
            winners.setdefault((share["app"], share["touch_id"]), []).append(row["model"])
        elif row["credits"]:
            shared.append(row["model"])
        elif row["reason"]:
            nobody.setdefault(row["reason"], []).append(row["model"])
    told = []
    for key, models in winners.items():
        name = touch_name(touches[key]) if key in touches else f"touch {key[1]}"
        told.append(f"All credit goes to {name} under {_models(models)}.")
    if shared:
        told.append(f"Several touches share it under {_models(shared)}.")
    for reason, models in nobody.items():
        why = _WHY.get(reason, reason)
        told.append(f"Nothing takes credit under {_models(models)} ({reason}): {why}.")
    return told + inherited


def _models(names: Sequence[str]) -> str:
    """The names of models; of most of them, those left out."""
    others = [model for model in MODELS if model not in names]
    if len(others) >= len(names):
        return listed(names)
    return f"all models but {listed(others)}" if others else "every model"


def _inherited(
    conversion: Facts, share: Facts, touches: Mapping[tuple[str, str], Facts]
) -> list[str]:
    """Which install hands its credit on, under install_last_touch."""
    key, install = (share["app"], share["touch_id"]), conversion["install"]
    name = touch_name(touches[key]) if key in touches else f"touch {key[1]}"
    if install is None or conversion["conversion_kind"] == "install":
        return [f"All credit goes to {name} under install_last_touch."]
    return [
        f"Under install_last_touch, which has windows of its own, it inherits the credit of install"
        f" {install['install_id']} of {moment(install['installed_at'])}: {name}."
    ]


def touch_name(touch: Facts) -> str:
    """A touch for people: its number, kind and source."""
    paid = "paid " if touch["is_paid"] else ""
    kind = "visit" if touch["touch_type"] == "referrer" else touch["touch_type"]
    return f"#{touch['number']}, the {paid}{kind} {origin(touch)} of {moment(touch['touched_at'])}"


def origin(touch: Facts) -> str:
    """Where a touch came from: from google / cpc, campaign 'spring'; without a source."""
    parts = [part for part in (touch["source"], touch["medium"]) if part]
    place = " / ".join(parts) or touch["referrer_host"] or touch["network"]
    place = place or touch["click_id_kind"] or ""
    campaign = touch["campaign"] or touch["campaign_id"]
    text = f"from {place}" if place else "without a source"
    return f"{text}, campaign {campaign!r}," if campaign else text


def listed(names: Iterable[str]) -> str:
    """One, two and three."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def amount(value: Decimal) -> str:
    """Money with two decimals at least, without zeros that say nothing."""
    whole, _, digits = f"{value:,f}".partition(".")
    return f"{whole}.{digits.rstrip('0').ljust(2, '0')}"


def moment(instant: datetime) -> str:
    """An instant to the second: a story needs no more."""
    return _whole(instant).isoformat(" ")


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 touch, 2 touches."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
