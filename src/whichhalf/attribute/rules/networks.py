"""Networks: their names in UTM sources and clicks, and the click ids that they add."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from whichhalf.attribute.rules.files import RuleFile, read_rows
from whichhalf.errors import ConfigError

_GAPS = re.compile(r"[\s_+-]+")


@dataclass(frozen=True)
class Network:
    """A network, and source and medium of a touch that says no more than its name.

    medium: "" where the click id says nothing about payment (fbclid, epik).
    """

    name: str
    source: str
    medium: str


@dataclass(frozen=True)
class Networks:
    """words: normalised name → network. click_ids: kind of click id → network."""

    words: Mapping[str, Network]
    click_ids: Mapping[str, Network]

    def named(self, word: str) -> Network:
        """Return the network of that name or alias; an unknown one is a network of its own."""
        known = self.words.get(normalise(word))
        own = normalise(word).replace(" ", "_")
        return known or Network(own, own, "paid")


def normalise(name: str) -> str:
    """Return a name as it is compared.

    Percent-decoded, NFKC, case folded; runs of space, _, - and + are one space.
    """
    text = unicodedata.normalize("NFKC", unquote(name)).casefold()
    return _GAPS.sub(" ", unicodedata.normalize("NFKC", text)).strip()


def read_networks(networks: RuleFile, click_ids: RuleFile) -> Networks:
    """Return the networks of networks.csv and click_ids.csv."""
    words: dict[str, Network] = {}
    for row in read_rows(networks, ("network", "source", "medium", "words"), ("network", "words")):
        network = Network(row.cells["network"], row.cells["source"], row.cells["medium"])
        for word in (network.name, *row.cells["words"].split("|")):
            if words.setdefault(normalise(word), network) != network:
                raise ConfigError(f"{row.where}: {word!r} names another network already.")
    columns = ("click_id_kind", "network", "source", "medium", "note")
    rows = [row.cells for row in read_rows(click_ids, columns, columns[:3])]
    kinds = {
        cells["click_id_kind"]: Network(cells["network"], cells["source"], cells["medium"])
        for cells in rows
    }
    return Networks(words, kinds)
