"""The facts as one story in text: sentences first, then every fact behind them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from whichhalf.attribute.explain.story import amount, count, origin
from whichhalf.attribute.explain.verdicts import clock

Facts = dict[str, Any]

WIDTH = 96  # where nobody says how wide the terminal is


def to_text(facts: Facts, width: int = 0) -> str:
    """Return the whole explanation. width: columns of the terminal; 0 for no terminal."""
    lines: list[str] = []
    for person in facts["persons"]:
        lines += _person(person, facts["is_person"])
    lines += ["Versions", *_versions(facts)]
    columns = max(40, width or WIDTH)
    return "\n".join(part for line in lines for part in _wrapped(_plain(line), columns)) + "\n"


def _person(person: Facts, is_asked: bool) -> Iterator[str]:
    """The person once, then each conversion."""
    conversions = person["conversions"]
    if is_asked:
        yield from (f"Person {person['person_id']}", "")
        yield " ".join(person["story"])
        yield f"{count(len(conversions), 'conversion')}{':' if conversions else '.'}"
        for row in conversions:
            money = row["money"]
            worth = f"  {amount(money['value'])} {money['currency']}" if money["value"] else ""
            when = clock(row["converted_at"])
            yield f"  {when}  {row['conversion_kind']}:{row['conversion_id']}{worth}"
        yield ""
        yield from _history(person)
    for row in conversions:
        yield f"Conversion {row['conversion_kind']}:{row['conversion_id']}"
        yield ""
        yield " ".join(
            [*row["story"][:1], *([] if is_asked else person["story"]), *row["story"][1:]]
        )
        yield ""
        if not is_asked:
            yield from _history(person, row)
        yield from _conversion(person, row)
    if is_asked and not conversions:
        yield "Touches (UTC)"
        for touch in person["touches"]:
            yield from _touch(touch)
        yield ""


def _history(person: Facts, converting: Facts | None = None) -> Iterator[str]:
    """Identity chain and sessions."""
    yield "Identity"
    users = person["identity"]["users"]
    yield f"  person  {person['person_id']}" + (f", users {', '.join(users)}" if users else "")
    for row in person["identity"]["visitors"]:
        since = clock(row["since"]) if row["since"] else "the beginning"
        until = clock(row["until"]) if row["until"] else "now"
        by = f", by {row['by_call']} ({row['tied_by']})" if row["by_call"] else ", by itself"
        seen = "no session of this person"
        if row["parts"]:
            seen = (
                f"seen {clock(row['first_seen_at'])} to {clock(row['last_seen_at'])},"
                f" {count(row['events'], 'event')}"
            )
        yield f"  device  {row['visitor_id']} in {row['app']}: from {since} to {until}{by}; {seen}"
    yield from ("", "Sessions (UTC)")
    for row in person["sessions"]:
        yield _session(row, converting)
    yield from ([] if person["sessions"] else ["  none"])
    yield ""


def _session(row: Facts, converting: Facts | None) -> str:
    devices = ", ".join(
        " ".join(part for part in (item["visitor_id"], item["os"], item["country"]) if part)
        for item in row["visitors"]
    )
    source = " / ".join(part for part in (row["source"], row["medium"]) if part) or "no source"
    landing = f"; landing {row['landing_url']}" if row["landing_url"] else ""
    mark = ""
    if converting and converting["session_number"] == row["session_number"]:
        mark = f" <- {converting['conversion_kind']}"
    return (
        f"  {row['session_number']}  {clock(row['started_at'])} to {clock(row['ended_at'])}{mark};"
        f" {devices}; {count(row['event_count'], 'event')}; {source}, {row['channel']}{landing}"
    )


def _conversion(person: Facts, row: Facts) -> Iterator[str]:
    """What it is and is worth, its touches, its credit."""
    yield "What"
    yield (
        f"  {row['conversion_kind']} {row['conversion_id']} of {clock(row['converted_at'])},"
        f" from table {row['source_table']}, app {row['app']}"
    )
    yield f"  {_money(row['money'])}"
    yield from ("", f"Touches (UTC), judged as of {clock(row['attributed_at'])}")
    for touch in row["touches"]:
        yield from _touch(touch)
    yield from ([] if row["touches"] else ["  none"])
    yield from ("", "Credit (attributed: who is credited by a rule, not what the ads caused)")
    yield from _credit(row)
    if person["is_stale"]:
        yield (
            "  ! Under the settings and rules of now the credit is another: what is shown is of"
            " the last run. `whichhalf run` takes them in."
        )
    yield ""


def _money(money: Facts) -> str:
    text = f"value {amount(money['value'])} {money['currency']}"
    if money["original_amount"] is None:
        return text
    text += f" = {money['payment_kind'] or 'amount'} {amount(money['original_amount'])}"
    text += f" {money['original_currency']}"
    if money["rate"] is not None:
        text += f" x {amount(money['rate'])}, the rate of {money['rate_on']}"
        text += f" ({money['rate_source']}, quoted {money['rate_quoted_on']})"
    elif money["original_currency"] != money["currency"]:
        text += ", for which there is no rate"
    if money["payment_version"] is not None:
        text += f"; version {money['payment_version']} of the payment"
    return text


def _touch(touch: Facts) -> Iterator[str]:
    """Two lines: what the touch is by which rules, and the verdict on it."""
    where = f"session {touch['session_number']}" if touch["session_number"] else "no session"
    paid = f"paid (rule {touch['paid_rule']})" if touch["is_paid"] else "not paid"
    match = f"campaign matched by {touch['match_rule']}" if touch["match_rule"] else ""
    facts = [
        f"{touch['channel']} (rule {touch['channel_rule']})",
        *[part for part in (paid, match, touch["visitor_id"], where) if part],
    ]
    yield (
        f"  #{touch['number']}  {clock(touch['touched_at'])}  {touch['touch_type']}"
        f" {origin(touch).removesuffix(',')}: {', '.join(facts)}; touch {touch['touch_id']}"
    )
    if "verdict" in touch:
        found = touch["verdict"]
        word = "eligible" if found["is_eligible"] else f"refused, {found['refused']}"
        yield f"      {word}: {found['because']}"


def _credit(row: Facts) -> Iterator[str]:
    """A line for each model × touch; for a model that credits nothing, why."""
    numbers = {(touch["app"], touch["touch_id"]): touch["number"] for touch in row["touches"]}
    currency = row["money"]["currency"]
    for model in row["models"]:
        name = f"  {model['model']:<18}"
        if not model["credits"]:
            yield f"{name}    –  {model['reason'] or 'no fit of this kind of conversion yet'}"
        for share in model["credits"]:
            number = numbers.get((share["app"], share["touch_id"]), share["touch_id"])
            worth = f"  {amount(share['value'])} {currency}" if row["money"]["value"] else ""
            yield f"{name}  {'#' + str(number):>3}  {share['credit']:>8.2%}{worth}"
            name = " " * len(name)
        if model["model"] == "install_last_touch" and row["install"]:
            yield f"      {_install(row['install'])}"
        if model["fit"] and model["credits"]:
            yield f"      {_fit(row, model)}"


def _install(install: Facts) -> str:
    """The install that hands its credit on, and how old its touches may be."""
    impressions = install["impression_lookback_days"]
    return (
        f"of install {install['install_id']} in {install['app']}, {clock(install['installed_at'])}:"
        f" clicks up to {install['click_lookback_days']} days before it"
        + (f", else impressions up to {impressions}" if impressions else "")
        + " (attribute.install_click_lookback_days, install_impression_lookback_days)"
    )


def _fit(row: Facts, model: Facts) -> str:
    """The weights that a fitted model gave the channels of the touches credited."""
    credited = {(share["app"], share["touch_id"]) for share in model["credits"]}
    channels = {
        touch["channel"]
        for touch in row["touches"]
        if (touch["app"], touch["touch_id"]) in credited
    }
    fits = [fit for fit in model["fit"] if fit["channel"] in channels]
    weights = ", ".join(
        f"{fit['channel']} {fit['weight']:.4f}{' (too few conversions)' * fit['is_too_few']}"
        for fit in fits
    )
    first = model["fit"][0]
    return (
        f"fitted to {first['converting_paths']:,} paths that converted and"
        f" {first['other_paths']:,} that did not; weights: {weights}"
    )


def _versions(facts: Facts) -> Iterator[str]:
    versions = facts["versions"]
    rules = {
        touch["rules_version"]
        for person in facts["persons"]
        for touch in person["touches"]
        if touch["rules_version"]
    }
    yield f"  whichhalf {versions['whichhalf']}"
    yield from (f"  channel and paid rules {version}" for version in sorted(rules))
    if versions["lookback_rules"]:
        yield f"  lookback rules {versions['lookback_rules']}"
    if versions["steps"]:
        yield "  steps " + ", ".join(
            f"{name} {number}" for name, number in versions["steps"].items()
        )
    yield "  tables " + ", ".join(f"{name} {n}" for name, n in sorted(versions["tables"].items()))


def _wrapped(line: str, columns: int) -> list[str]:
    """A line folded at words, what follows under its text; tables are left as they are."""
    indent = " " * (len(line) - len(line.lstrip()) + (4 if line.startswith(" ") else 0))
    return textwrap.wrap(
        line,
        columns,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    ) or [""]


def _plain(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
