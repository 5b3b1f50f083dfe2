"""Addresses taken apart: host, path, UTM tags, click id. Over distinct values, with Arrow.

Nothing here raises on what people, ad networks and bots put into addresses: an address that
cannot be read gives nulls. Arrow's regular expressions do the work, two to three times as fast as
urllib's urlsplit and parse_qsl; what they match is RFC 3986, appendix B.
"""

from __future__ import annotations

from functools import reduce
from urllib.parse import unquote_plus

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.events.distinct import flat, taken

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

# A query string without any of these has no click id.
_CLICK_ID_ENDINGS = ("id=", "epik=")

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

# Addresses with a host, and those that begin at the path. Each leaves Arrow no choice to go back
# on: that is what makes it fast.
_WHOLE = (
    r"^(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//(?P<authority>[^/?#]*)"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)
_BARE = r"^(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#|$)"
_HOST = r"^(?:[^@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:@\[\]<>\"\\]*)(?::[0-9]*)?$"

_ENCODED_NAME = r"(?:^|&)[^=&]*%[^=&]*="
_NONE = pa.scalar(None, pa.string())


def parse_urls(urls: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return one row per distinct address of `urls`, in order of first appearance: schema URLS.

    url: the address as given; `take_parts` joins on it. Nulls give no row.
    url_host: lower case, without www. and port; null where the address has none.
    url_path: as written; "/" for a host without a path.
    source, medium: lower case. All other tags as written, percent-decoded; empty ones are null,
    and of a repeated parameter the first value that is not empty holds.
    click_id_kind, click_id: the first of CLICK_IDS that the address carries.
    """
    distinct = _distinct(urls)
    authority, path, query = _split(distinct)
    host = _hosts(authority)
    readable = pc.or_(pc.is_valid(host), pc.is_null(_none_if_empty(authority)))
    path = pc.if_else(pc.is_valid(host), pc.fill_null(path, "/"), path)
    tags = _tags(pc.if_else(readable, query, _NONE))
    columns = [distinct, host, pc.if_else(readable, path, _NONE), *(tags[name] for name in TAGS)]
    return pa.table(columns, schema=URLS)


def referrer_hosts(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the host of each address: lower case, without www.; null where it has none.

    Same length and order as `urls`. Hosts of apps (android-app://com.example) are hosts.
    """
    distinct = _distinct(urls)
    return _hosts(_split(distinct)[0]).take(pc.index_in(flat(urls), distinct))


def take_parts(urls: pa.Array | pa.ChunkedArray, parsed: pa.Table) -> pa.Table:
    """Return the rows of `parse_urls` for each of `urls`, all null where the address is null."""
    return taken(urls, parsed)


def _distinct(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pc.unique(flat(urls).drop_null())


def _none_if_empty(values: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(values, ""), _NONE, values)


def _split(distinct: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """(authority, path, query) of each address; null where it has none, or is no address."""
    trimmed = pc.utf8_trim_whitespace(distinct)
    whole = pc.extract_regex(trimmed, pattern=_WHOLE)
    bare = pc.extract_regex(pc.if_else(pc.is_null(whole), trimmed, _NONE), pattern=_BARE)
    path, query = (
        _none_if_empty(pc.coalesce(pc.struct_field(whole, name), pc.struct_field(bare, name)))
        for name in ("path", "query")
    )
    return pc.struct_field(whole, "authority"), path, query


def _hosts(authorities: pa.Array) -> pa.Array:
    """Hosts: lower case, no brackets around IPv6, no root dot, no www. before a whole domain."""
    coded = authorities.dictionary_encode()
    host = pc.struct_field(pc.extract_regex(coded.dictionary, pattern=_HOST), "host")
    plain = pc.utf8_rtrim(pc.utf8_trim(pc.utf8_lower(host), "[]"), ".")
    short = pc.replace_substring_regex(plain, r"^www\.([^.]+\..+)$", r"\1")
    return _none_if_empty(short).take(coded.indices)


def _tags(queries: pa.Array) -> dict[str, pa.Array]:
    """The TAGS of each query string."""
    queries = _decode_names(queries)
    lower = pc.utf8_lower(queries)
    tags = {name: _parameter(queries, lower, tag) for name, tag in _UTM.items()}
    tags |= {name: pc.utf8_lower(tags[name]) for name in ("source", "medium")}
    return tags | _click_ids(queries, lower)


def _click_ids(queries: pa.Array, lower: pa.Array) -> dict[str, pa.Array]:
    """click_id_kind and click_id of each query string."""
    nothing = pa.nulls(len(queries), pa.string())
    endings = [pc.match_substring(lower, ending) for ending in _CLICK_ID_ENDINGS]
    carries = pc.fill_null(reduce(pc.or_, endings), False)
    some, lower = queries.filter(carries), lower.filter(carries)
    kind = value = pa.nulls(len(some), pa.string())
    for name in CLICK_IDS if len(some) else ():
        found = _parameter(some, lower, name)
        kind = pc.coalesce(kind, pc.if_else(pc.is_valid(found), name, _NONE))
        value = pc.coalesce(value, found)
    return {
        "click_id_kind": pc.replace_with_mask(nothing, carries, kind),
        "click_id": pc.replace_with_mask(nothing, carries, value),
    }


def _parameter(queries: pa.Array, lower: pa.Array, name: str) -> pa.Array:
    """One parameter's value in each query string, decoded; null where missing or empty.

    lower: the same in lower case. Only those that hold the name are looked at closely.
    """
    nothing = pa.nulls(len(queries), pa.string())
    carries = pc.fill_null(pc.match_substring(lower, f"{name}="), False)
    if not pc.any(carries).as_py():
        return nothing
    # `&amp;`, which mail programs and feeds leave in links, is taken for `&`.
    pattern = rf"(?i)(?:^|&)(?:amp;)?{name}=(?P<value>[^&]+)"
    raw = pc.struct_field(pc.extract_regex(queries.filter(carries), pattern=pattern), "value")
    value = _none_if_empty(pc.utf8_trim_whitespace(_decode(raw)))
    return pc.replace_with_mask(nothing, carries, value)


def _decode(raw: pa.Array) -> pa.Array:
    """Percent-decoded values; bytes that are no UTF-8 become U+FFFD, as browsers show them."""
    coded = raw.dictionary_encode()
    encoded = pc.match_substring_regex(coded.dictionary, "[%+]")
    decoded = pa.array(map(unquote_plus, coded.dictionary.filter(encoded).to_pylist()), pa.string())
    return pc.replace_with_mask(coded.dictionary, encoded, decoded).take(coded.indices)


def _decode_names(queries: pa.Array) -> pa.Array:
    """The query strings with parameter names percent-decoded where any is encoded (rare)."""
    encoded = pc.fill_null(pc.match_substring_regex(queries, _ENCODED_NAME), False)
    if not pc.any(encoded).as_py():
        return queries
    plain = map(_decode_names_of, queries.filter(encoded).to_pylist())
    return pc.replace_with_mask(queries, encoded, pa.array(plain, pa.string()))


def _decode_names_of(query: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&"))
    return "&".join(f"{unquote_plus(name)}{equals}{value}" for name, equals, value in pairs)
