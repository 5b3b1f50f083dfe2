"""Account, time zone and currency of an export's rows: from the file, else from the source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from whichhalf.collect.ad_costs.draft import Coded, Draft, any_text, read_id
from whichhalf.collect.ad_costs.numbers import Unreadable
from whichhalf.collect.ad_days import time_zones
from whichhalf.collect.currencies import is_currency
from whichhalf.config import SourceConfig
from whichhalf.errors import BadDataError


@dataclass(frozen=True)
class Settings:
    """Of each row: account, IANA zone, currency."""

    accounts: Coded
    zones: Coded
    currencies: Coded


def read_settings(
    draft: Draft, source: SourceConfig, read_account: Callable[[str], str]
) -> Settings:
    """Return account, zone and currency of each row. BadDataError where neither says."""
    accounts = _column(
        draft,
        "account_id",
        read_account(source.account_id),
        lambda text: read_account(read_id(text)),
        'account_id = "…"',
        "an Account ID column",
    )
    zones = _column(
        draft,
        "time_zone",
        source.time_zone,
        _read_zone,
        'time_zone = "Europe/Berlin"',
        "a column of the account's time zone",
    )
    currencies = _currencies(draft, source)
    return Settings(accounts, zones, currencies)


def _currencies(draft: Draft, source: SourceConfig) -> Coded:
    named = draft.columns.currency
    if named and not draft.has("currency"):
        if not is_currency(named):
            raise BadDataError(
                f"{draft.export.file}: {named!r}, the currency in its header, is not in ISO 4217."
            )
        return Coded([named], draft.texts("currency").codes)
    return _column(
        draft,
        "currency",
        named or source.currency.upper(),
        _read_currency,
        'currency = "EUR"',
        "a Currency column",
    )


def _column(
    draft: Draft,
    meaning: str,
    otherwise: str,
    parse: Callable[[str], str],
    setting: str,
    column: str,
) -> Coded:
    """The column's values; `otherwise` where a cell is empty. Refused where there is neither."""
    if not otherwise and not any_text(draft.texts(meaning).values) and draft.size:
        raise BadDataError(
            f"{draft.export.file}: the {meaning.replace('_', ' ')} is not known: neither the file"
            f" nor the source says. Set {setting} under its [[source]] in whichhalf.toml, or export"
            f" with {column}."
        )
    values = draft.read(meaning, parse, otherwise)
    draft.require(meaning, values)
    return values


def _read_zone(text: str) -> str:
    if text not in time_zones():
        raise Unreadable("unknown_value", f"{text!r} is no IANA time zone, like Europe/Berlin")
    return text


def _read_currency(text: str) -> str:
    if not is_currency(text.upper()):
        raise Unreadable("unknown_currency", f"{text!r} is not in ISO 4217")
    return text.upper()
