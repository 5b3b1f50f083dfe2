"""What a reader of report `models` must know: definitions, windows, what totals are of."""

from __future__ import annotations

from collections.abc import Iterator

from whichhalf.config import AttributeConfig
from whichhalf.project import Project
from whichhalf.report.models_columns import FITTED
from whichhalf.report.models_found import Found
from whichhalf.report.query import MODELS, Query
from whichhalf.report.result import Fact


def facts(project: Project, query: Query) -> Iterator[Fact]:
    """Yield what every model credits, and which touches are old enough not to count."""
    settings = project.config.attribute
    yield Fact("conversions", f"{query.kind}, those that happened in the period")
    yield Fact("touches", _windows(settings))
    for model, credited in MODELS.items():
        yield Fact(f"model {model}", f"{credited}{_setting(model, settings)} (attributed)")


def _windows(settings: AttributeConfig) -> str:
    clicks = _days(settings.click_lookback_days)
    impressions = _days(settings.impression_lookback_days)
    rules = f"; exceptions of {settings.lookback_rules}" if settings.lookback_rules else ""
    return f"clicks, visits and referrers {clicks}, impressions {impressions}{rules}"


def _days(days: int) -> str:
    return f"up to {days} day{'s' * (days != 1)} before" if days else "of any age"


def _setting(model: str, settings: AttributeConfig) -> str:
    """What [attribute] says of a model."""
    if model == "position":
        return f": {settings.first_share:.0%} and {settings.last_share:.0%}"
    if model == "time_decay":
        return f": {settings.half_life_days:g} days"
    if model == "install_last_touch":
        impressions = settings.install_impression_lookback_days
        without = f", without one impressions {_days(impressions)}" if impressions else ""
        return f": clicks {_days(settings.install_click_lookback_days)}{without}"
    return ""


def notes(found: Found, query: Query, *, has_totals: bool) -> Iterator[str]:
    """Yield the notes on a computed report."""
    if not found.total[0]:
        yield f"No conversion of kind {query.kind} in the period."
    yield (
        "Attributed is not incremental: every column is a rule of accounting over the same touches."
        " What ads caused: whichhalf report lift."
    )
    if has_totals:
        yield from _on_fits(found, query)
    else:
        yield (
            "Classical totals of markov and shapley_rate are of channels: --by channel shows them."
            " Credits of both, here, go by the fit of channels."
        )
    for model, count in found.unexplained.items():
        yield f"Under organic of {model}: {count:,} without a reason."


def _on_fits(found: Found, query: Query) -> Iterator[str]:
    if not found.fits:
        yield f"Nothing is fitted to conversions of kind {query.kind}: no classical totals."
        return
    yield (
        "Totals of markov and shapley_rate share all conversions of the whole history that had a"
        " touch with a source over the channels at once, so they add up to those, not to the"
        " period's; the columns before them are sums of credits within each conversion."
        " Intervals: persons drawn again, 2.5 % to 97.5 %."
    )
    for model in FITTED:
        held = {
            channel: row
            for (named, channel), row in found.fits.items()
            if named == model and row["fitted_as"] != channel
        }
        if held:
            row = next(iter(held.values()))
            yield (
                f"{model} holds rare channels together as {row['fitted_as']}, in total"
                f" {row['conversions']:,.2f}: {', '.join(sorted(held))}."
            )
