"""What platforms claim against what we credit to them, and what the difference is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from whichhalf.engines import Engine
from whichhalf.report.audit_checks import MODEL, Period
from whichhalf.report.audit_line import Line, not_measured, told
from whichhalf.report.head import select
from whichhalf.report.query import bounds

NEEDS = (
    *("platform_results", "touches", "person_parts", "users", "persons", "excluded_visitors"),
    *("ad_costs", "sources", "conversions", "credits"),
)
GROUP = "platform claims"
# Last word of a platform's action → our kind. Prefixes say where it happened, not what.
KINDS = {
    **dict.fromkeys(("install", "installs", "app_install", "first_open"), "install"),
    **dict.fromkeys(("complete_registration", "registration", "registrations"), "signup"),
    **dict.fromkeys(("sign_up", "signup", "signups"), "signup"),
    **dict.fromkeys(("purchase", "purchases"), "purchase"),
    "first_purchase": "first_purchase",
}
_PREFIX = re.compile(r"(?:omni_|fb_pixel_|fb_mobile_|mobile_app_(?!install)|onsite_|web_|website_)")
_WINDOW = re.compile(r"(\d+)d_(click|view|engaged_view)")
_NEVER = -1


@dataclass(frozen=True)
class Windows:
    """Days within which a platform counts a touch; -1: such touches never count."""

    click_days: int
    view_days: int


def kind_of(action: str) -> str | None:
    """Our kind of conversion for a platform's action; None where none is known."""
    word = action.strip().lower().rpartition(".")[2].removeprefix("mobile_")
    return KINDS.get(_PREFIX.sub("", word))


def windows_of(text: str) -> Windows | None:
    """The windows that a platform's words say, 7d_click_1d_view; None where they say none."""
    found = _WINDOW.findall(text.lower())
    if not found or _WINDOW.sub("", text.lower()).strip("_,+ "):
        return None
    click = max((int(days) for days, what in found if what == "click"), default=_NEVER)
    view = max((int(days) for days, what in found if what != "click"), default=_NEVER)
    return Windows(click, view)


def claims(engine: Engine, period: Period, zone: ZoneInfo) -> Iterator[Line]:
    """Lines for each network, action and window that a platform claims for. Reads NEEDS."""
    covered = engine.table(select(engine, "audit_claim_days", **period.days)).to_pylist()
    if not covered:
        yield not_measured(
            GROUP,
            "what platforms claim",
            "No row of platform_results in the period: whichhalf load platform_results FILE.",
        )
        return
    names = pa.table({"network": sorted(row["network"] for row in covered)})
    engine.relation("claiming_networks", names)
    engine.create("audit_touches", select(engine, "audit_touches"))
    for row in sorted(covered, key=lambda row: str(row["network"])):
        days = {"first_on": row["first_on"], "last_on": row["last_on"]}
        rows = engine.table(select(engine, "audit_claims", **days)).to_pylist()
        found = [claim for claim in rows if claim["network"] == row["network"]]
        for claim in sorted(found, key=lambda c: (c["action"], c["attribution_window"])):
            yield from _claim(engine, claim, row, zone)


def _claim(
    engine: Engine, claim: dict[str, Any], covered: dict[str, Any], zone: ZoneInfo
) -> Iterator[Line]:
    """One claim: both sides, the parts of the difference, and what no part explains."""
    name = f"{claim['network']} {claim['action']} {claim['attribution_window']}"
    kind, results = kind_of(claim["action"]), claim["results"]
    if kind is None or results is None:
        why = "rows without a count" if kind else f"{claim['action']!r} is none of our kinds"
        yield not_measured(GROUP, f"{name}: claimed − ours", f"Not compared: {why}.", results)
        return
    days = (covered["first_on"], covered["last_on"])
    own = _judged(engine, claim["network"], kind, days, zone, Windows(_NEVER, _NEVER))
    yield Line(
        GROUP,
        f"{name}: claimed − ours",
        float(results),
        own["ours"],
        float(results) - own["ours"],
        "told",
        f"Ours: conversions of kind {kind}, credited to it under {MODEL} (attributed),"
        f" {days[0]} to {days[1]}. {_missing(claim)}".rstrip(),
    )
    parts = list(_parts(engine, claim, kind, covered, zone, own["ours"]))
    explained = sum(line.difference or 0 for line in parts)
    for line in parts:
        yield Line(GROUP, f"{name}: {line.what}", None, None, *_tail(line))
    rest = float(results) - own["ours"] - float(explained)
    yield Line(
        GROUP,
        f"{name}: not explained",
        *(None, None, rest, "told"),
        "What no part above explains: modelled or delayed claims, counting on the day of the click,"
        " people that we could not tie to a touch, and every part that is not measured.",
    )


def _tail(line: Line) -> tuple[Any, str, str]:
    return line.difference, line.state, line.sentence


def _missing(claim: dict[str, Any]) -> str:
    count = claim["results_missing"]
    return f"{count:,} of its rows say no count." if count else ""


def _parts(
    engine: Engine,
    claim: dict[str, Any],
    kind: str,
    covered: dict[str, Any],
    zone: ZoneInfo,
    ours: int,
) -> Iterator[Line]:
    """What turns our number into the platform's, a step a line; each begins where one ended."""
    days, network = (covered["first_on"], covered["last_on"]), claim["network"]
    account_zone = ZoneInfo(covered["time_zone"]) if covered["zones"] == 1 else None
    windows = windows_of(claim["attribution_window"])
    counted = windows or Windows(_NEVER, _NEVER)
    found = _judged(engine, network, kind, days, account_zone or zone, counted)
    if account_zone is None:
        why = "no cost row says its zone" if not covered["zones"] else "accounts of several zones"
        yield not_measured(GROUP, "time zone", f"Days of the account are unknown: {why}.")
    else:
        about = f"Ours by days of {account_zone.key} instead of {zone.key}."
        yield _part("time zone", found["ours"] - ours, about)
    if windows is None:
        why = f"the window {claim['attribution_window']!r} says no days, such as 7d_click."
        for what in ("window", "definition", "view-through", "duplicates"):
            yield not_measured(GROUP, what, f"Not told apart: {why}")
        return
    yield _part(
        "window",
        found["not_credited"] - found["too_old"],
        f"+ {found['not_credited']} with a click in its window that we credit to nobody,"
        f" − {found['too_old']} of ours without a touch in it.",
    )
    yield _part(
        "definition",
        found["elsewhere"],
        "Clicked in its window; our credit went to a paid touch of another network that claims"
        " nothing, or of none.",
    )
    yield _viewed(engine, network, windows, found["viewed"])
    yield _part(
        "duplicates",
        found["duplicates"],
        "Clicked in its window; our credit went to a later paid touch of another network that"
        " claims conversions, too.",
    )


def _viewed(engine: Engine, network: str, windows: Windows, viewed: int) -> Line:
    if windows.view_days == _NEVER:
        return _part("view-through", 0, "Its window counts no views.")
    views = engine.table("select distinct network from audit_touches where is_view = 1")
    if network not in views.column(0).to_pylist():
        return not_measured(
            GROUP, "view-through", "It counts views; no impression of it is loaded."
        )
    return _part("view-through", viewed, "Seen in its window without a click, and not ours.")


def _part(what: str, difference: int, sentence: str) -> Line:
    line = told(GROUP, what, None, sentence)
    return Line(line.group, what, None, None, difference, line.state, sentence)


def _judged(
    engine: Engine,
    network: str,
    kind: str,
    days: tuple[date, date],
    zone: ZoneInfo,
    windows: Windows,
) -> dict[str, int]:
    starts_at, ends_at = bounds(*days, zone)
    query = select(
        engine,
        "audit_claim",
        network=network,
        kind=kind,
        model=MODEL,
        starts_at=starts_at,
        ends_at=ends_at,
        click_days=windows.click_days,
        view_days=windows.view_days,
    )
    row: dict[str, int] = engine.table(query).to_pylist()[0]
    return row
