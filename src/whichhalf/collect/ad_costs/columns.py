"""Which column of an export means what, by the names of its header."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Aliases = Mapping[str, Mapping[str, str]]  # language → meaning → names, separated by |

LEVELS = ("campaign", "ad_set", "ad")
LEVEL_COLUMNS = tuple(f"{level}_{part}" for level in LEVELS for part in ("id", "name"))
_CURRENCY = re.compile(r"\s*\(([A-Z]{3})\)$")


@dataclass(frozen=True)
class Columns:
    """at: meaning → column number. unkept: columns of breakdowns that ad_costs does not keep.

    language: of most names, "en" in doubt. currency: as the name of the spend column says, or "".
    """

    at: Mapping[str, int]
    unkept: tuple[int, ...]
    language: str
    currency: str


def find_columns(header: Sequence[str], aliases: Aliases) -> Columns:
    """Return what each column means. A name that two columns share means the first."""
    at: dict[str, int] = {}
    unkept = []
    languages: Counter[str] = Counter()
    for number, name in enumerate(header):
        plain = _plain(name)
        meanings = {
            language: meaning
            for language, names in aliases.items()
            for meaning, listed in names.items()
            if plain in _split(listed)
        }
        languages.update(meanings.keys())
        for meaning in dict.fromkeys(meanings.values()):
            if meaning == "unkept":
                unkept.append(number)
            else:
                at.setdefault(meaning, number)
    # most_common keeps the order of first appearance among equals: English comes first.
    ranked = sorted(languages, key=lambda language: (-languages[language], language != "en"))
    spend = _CURRENCY.search(header[at["spend"]].strip()) if "spend" in at else None
    language = ranked[0] if ranked else "en"
    return Columns(at, tuple(unkept), language, spend[1] if spend else "")


def _plain(name: str) -> str:
    """A column name without what varies: capitals, spaces, apostrophes, the currency."""
    name = " ".join(unicodedata.normalize("NFC", name).replace("’", "'").split())
    return _fold(_CURRENCY.sub("", name))


@lru_cache(maxsize=4096)
def _split(listed: str) -> frozenset[str]:
    return frozenset(_fold(name) for name in listed.split("|"))


def _fold(name: str) -> str:
    """Lower case; Turkish dotted and dotless i made one, as files fold them differently."""
    return name.casefold().replace("i̇", "i").replace("ı", "i")
