"""Countries and devices as exports write them, in the words of tables.py."""

from __future__ import annotations

from functools import cache
from importlib import resources

NOT_BROKEN_DOWN = "(not broken down)"
UNKNOWN = "(unknown)"

_SYSTEMS = {
    "ios": "ios",
    "iphone": "ios",
    "ipad": "ios",
    "ipod": "ios",
    "android": "android",
    "android_smartphone": "android",
    "android_tablet": "android",
    "android smartphone": "android",
    "android tablet": "android",
}


def read_country(text: str) -> str:
    """ISO 3166-1 alpha-2 of a code or an English name; UNKNOWN for anything else."""
    if len(text) == 2 and text.isascii() and text.isalpha():
        return text.upper()
    return _countries().get(text.casefold(), UNKNOWN)


def read_os(text: str) -> str:
    """ios, android, or UNKNOWN: a desktop says nothing of its system."""
    return _SYSTEMS.get(text.casefold(), UNKNOWN)


@cache
def _countries() -> dict[str, str]:
    """English name → code, from the list that comes with the time zones, and what Google says."""
    listed = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text("utf-8")
    lines = (line.split("\t") for line in listed.splitlines() if not line.startswith("#"))
    names = {name.casefold(): code for code, name in lines}
    others = {
        "united kingdom": "GB",
        "south korea": "KR",
        "czechia": "CZ",
        "türkiye": "TR",
        "turkey": "TR",
        "vietnam": "VN",
        "united arab emirates": "AE",
        "hong kong": "HK",
        "north macedonia": "MK",
    }
    return names | others
