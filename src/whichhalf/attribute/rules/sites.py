"""Sites that visits come from: their names and categories, by UTM source or by host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from whichhalf.attribute.rules.files import RuleFile, read_rows
from whichhalf.errors import ConfigError

_COLUMNS = ("name", "category", "words", "hosts")

# Endings under which a company runs its country sites: google.de, google.co.uk, google.com.br.
_COUNTRY_ENDINGS = r"(?:com|[a-z]{2}|co\.[a-z]{2}|com\.[a-z]{2})"


@dataclass(frozen=True)
class Site:
    """A site by its name, e.g. google, and its category, e.g. search ("" for none)."""

    name: str
    category: str


@dataclass(frozen=True)
class Sites:
    """The catalogue. words: UTM source → site. hosts: host → site, subdomains included.

    country_sites: regex for hosts of `google.*` → site; other subdomains (docs.google.com) are
    other products, so they do not count.
    """

    words: Mapping[str, Site]
    hosts: Mapping[str, Site]
    country_sites: tuple[tuple[re.Pattern[str], Site], ...]

    @property
    def categories(self) -> frozenset[str]:
        """All categories."""
        return frozenset(site.category for site in self.words.values())

    def of_source(self, source: str) -> Site:
        """Return the site of a UTM source, given as a word or as a host."""
        site = self.words.get(source)
        return site or (self.of_host(source) if "." in source else Site(source, ""))

    def of_host(self, host: str) -> Site:
        """Return the site of a host: the longest listed parent domain; else the host itself."""
        host = host.removeprefix("www.")
        for pattern, site in self.country_sites:
            if pattern.fullmatch(host):
                return site
        labels = host.split(".")
        parents = (".".join(labels[start:]) for start in range(len(labels)))
        return next((self.hosts[p] for p in parents if p in self.hosts), Site(host, ""))


def read_sites(file: RuleFile) -> Sites:
    """Return the catalogue of a CSV file with columns name, category, words, hosts (| between)."""
    words: dict[str, Site] = {}
    hosts: dict[str, Site] = {}
    country_sites = []
    for row in read_rows(file, _COLUMNS, ("name", "category")):
        site = Site(row.cells["name"], row.cells["category"])
        for word in (site.name, *_split(row.cells["words"])):
            _put(words, word, site, row.where)
        for host in _split(row.cells["hosts"]):
            if host.endswith(".*"):
                brand = re.escape(host.removesuffix(".*"))
                regex = rf"(?:(?:m|[a-z]{{2}})\.)?{brand}\.{_COUNTRY_ENDINGS}"
                country_sites.append((re.compile(regex), site))
            else:
                _put(hosts, host, site, row.where)
    return Sites(words, hosts, tuple(country_sites))


def _put(found: dict[str, Site], key: str, site: Site, where: str) -> None:
    if found.setdefault(key, site) != site:
        raise ConfigError(f"{where}: {key!r} belongs to {found[key].name!r} already.")


def _split(cell: str) -> list[str]:
    return [part for part in cell.split("|") if part]
