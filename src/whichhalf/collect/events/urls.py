"""Addresses taken apart: host, path, UTM tags, click id. Over distinct values, with Arrow.

Nothing here raises on what people, ad networks and bots put into addresses: an address that
cannot be read gives nulls.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Which click id counts where an address carries several. Google's first (auto-tagging sets at most
# one of the three); fbclid last, since Facebook adds it to links in unpaid posts too.
CLICK_IDS: tuple[str, ...] = (
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "msclkid",
    "ttclid",
    "li_fat_id",
    "twclid",
    "sccid",
    "epik",
    "rdt_cid",
    "yclid",
    "fbclid",
)

_UTM: dict[str, str] = {
    "source": "utm_source",
    "medium": "utm_medium",
    "campaign": "utm_campaign",
    "content": "utm_content",
    "term": "utm_term",
    "utm_id": "utm_id",
}
TAGS: tuple[str, ...] = (*_UTM, "click_id_kind", "click_id")

URLS = pa.schema([(name, pa.string()) for name in ("url", "url_host", "url_path", *TAGS)])

# RFC 3986, appendix B, for addresses with a host and for those that begin at the path.
_PARTS = (
    r"^\s*(?:"
    r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//(?:[^/?#]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#:@\[\]<>\"\\]*)(?::[0-9]*)?(?P<path>/[^?#]*)?"
    r"|(?P<bare>/(?:[^/?#][^?#]*)?)?"
    r")(?:\?(?P<query>[^#]*))?(?:#|$)"
)
_NAMES = "|".join((*_UTM.values(), *CLICK_IDS))
_PARAMETER = re.compile(rf"(?:^|&)(?:amp;)?({_NAMES})=([^&]+)", re.IGNORECASE)
_ENCODED_NAME = re.compile(r"(?:^|&)[^=&]*%[^=&]*=")
# The same for Arrow: which addresses are looked into at all.
_TAGGED = rf"(?i)(?:^|&)(?:(?:amp;)?(?:{_NAMES})|[^=&]*%[^=&]*)="


def parse_urls(urls: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return one row per distinct address of `urls`, in order of first appearance: schema URLS.

    url: the address as given; join on it with `pyarrow.compute.index_in`. Nulls give no row.
    url_host: lower case, without www. and port; null where the address has none.
    url_path: as written; "/" for a host without a path.
    source, medium: lower case. All other tags as written, percent-decoded; empty ones are null.
    click_id_kind, click_id: the first of CLICK_IDS that the address carries.
    """
    distinct = _distinct(urls)
    parts = pc.extract_regex(distinct, pattern=_PARTS)
    host, path, bare, query = (
        _none_if_empty(pc.struct_field(parts, name)) for name in ("host", "path", "bare", "query")
    )
    path = pc.if_else(pc.is_valid(host), pc.fill_null(path, "/"), pc.coalesce(path, bare))
    tags = _tags(query)
    columns = [distinct, _clean_host(host), path, *(tags[name] for name in TAGS)]
    return pa.table(columns, schema=URLS)


def referrer_hosts(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the host of each address: lower case, without www.; null where it has none.

    Same length and order as `urls`. Hosts of apps (android-app://com.example) are hosts.
    """
    distinct = _distinct(urls)
    host = _none_if_empty(pc.struct_field(pc.extract_regex(distinct, pattern=_PARTS), "host"))
    places = pc.index_in(_flat(urls), distinct)
    return _clean_host(host).take(places)


def take_parts(urls: pa.Array | pa.ChunkedArray, parsed: pa.Table) -> pa.Table:
    """Return the rows of `parse_urls` for each of `urls`, all null where the address is null."""
    return parsed.take(pc.index_in(_flat(urls), parsed["url"].combine_chunks()))


def _flat(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One contiguous array of plain strings (an empty chunked array too)."""
    if isinstance(urls, pa.ChunkedArray):
        urls = urls.combine_chunks()
    return urls.cast(pa.string())


def _distinct(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pc.unique(_flat(urls).drop_null())


def _none_if_empty(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _clean_host(hosts: pa.Array) -> pa.Array:
    """Lower case, no brackets around IPv6, no root dot, no www. before a whole domain."""
    plain = pc.utf8_rtrim(pc.utf8_trim(pc.utf8_lower(hosts), "[]"), ".")
    return _none_if_empty(pc.replace_substring_regex(plain, r"^www\.([^.]+\..+)$", r"\1"))


def _tags(queries: pa.Array) -> dict[str, pa.Array]:
    """The TAGS of each query string; only those that may hold one are looked into."""
    mask = pc.fill_null(pc.match_substring_regex(queries, _TAGGED), False)
    read = [_read_tags(query) for query in queries.filter(mask).to_pylist()]
    place = np.full(len(queries), -1)
    place[mask.to_numpy(zero_copy_only=False)] = np.arange(len(read))
    places = pa.array(place, mask=place < 0)
    values = zip(*read, strict=True) if read else [()] * len(TAGS)
    return {
        name: pa.array(column, pa.string()).take(places)
        for name, column in zip(TAGS, values, strict=True)
    }


def _read_tags(query: str) -> tuple[str | None, ...]:
    """The TAGS of one query string. The first value that is not empty holds."""
    found: dict[str, str] = {}
    for name, value in _pairs(query):
        if name not in found and (clean := unquote_plus(value).strip()):
            found[name] = clean
    get = found.get
    source, medium, *others = (get(tag) for tag in _UTM.values())
    kind = next((kind for kind in CLICK_IDS if kind in found), None)
    return (source and source.lower(), medium and medium.lower(), *others, kind, get(kind or ""))


def _pairs(query: str) -> list[tuple[str, str]]:
    """The wanted parameters, in order; names lower case, values not yet decoded.

    Unlike urllib's parse_qsl it decodes nothing that is not wanted, which halves the time, and
    takes `&amp;`, which mail programs and feeds leave in links, for `&`.
    """
    if _ENCODED_NAME.search(query):
        pairs = (pair.partition("=") for pair in query.split("&"))
        query = "&".join(f"{unquote_plus(name)}={value}" for name, _, value in pairs)
    return [(name.lower(), value) for name, value in _PARAMETER.findall(query)]
