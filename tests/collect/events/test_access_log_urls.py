"""Addresses taken apart, against urllib and by hand."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichhalf.collect.events.urls import (
    CLICK_IDS,
    URLS,
    parse_urls,
    referrer_hosts,
    take_parts,
)


def parsed(url: str) -> dict[str, str]:
    table = parse_urls(pa.array([url]))
    assert table.schema == URLS
    return {k: v for k, v in table.to_pylist()[0].items() if v is not None and k != "url"}


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://WWW.Shop.Example:8080", {"url_host": "shop.example", "url_path": "/"}),
        ("//h.example/y", {"url_host": "h.example", "url_path": "/y"}),
        ("/rel/?utm_id=7#f", {"url_path": "/rel/", "utm_id": "7"}),
        ("http://u:p@a.b.c./x?y", {"url_host": "a.b.c", "url_path": "/x"}),
        ("http://[2001:DB8::1]:80/q", {"url_host": "2001:db8::1", "url_path": "/q"}),
        ("http://www.com/", {"url_host": "www.com", "url_path": "/"}),
        (
            "https://h/?UTM_Source=A%20B&utm_medium=CPC&utm_campaign=%C3%A4+B&utm_term=",
            {"source": "a b", "medium": "cpc", "campaign": "ä B", "url_host": "h", "url_path": "/"},
        ),
        (
            "https://h/?a=1&amp;utm_source=z&utm_source=later",
            {"source": "z", "url_host": "h", "url_path": "/"},
        ),
        ("https://h/?%75tm_source=q", {"source": "q", "url_host": "h", "url_path": "/"}),
        ("https://h/?utm_term=%ff", {"term": "\ufffd", "url_host": "h", "url_path": "/"}),
        ("https://h/?xutm_source=q&gclidx=1", {"url_host": "h", "url_path": "/"}),
        (
            "https://h/?fbclid=F&gclid=G",
            {"click_id_kind": "gclid", "click_id": "G", "url_host": "h", "url_path": "/"},
        ),
        (
            "https://h/?fbclid=F&gclid=",
            {"click_id_kind": "fbclid", "click_id": "F", "url_host": "h", "url_path": "/"},
        ),
        ("http://[bad/?utm_source=x", {}),
        ("http://bad host/x", {}),
        ("about:blank", {}),
        ("no url", {}),
        ("", {}),
    ],
)
def test_parts(url: str, parts: dict[str, str]) -> None:
    assert parsed(url) == parts


@pytest.mark.parametrize("kind", CLICK_IDS)
def test_click_ids(kind: str) -> None:
    found = parsed(f"https://h/?x=1&{kind}=Ab-1_")
    assert (found["click_id_kind"], found["click_id"]) == (kind, "Ab-1_")


def test_distinct_and_back() -> None:
    urls = pa.chunked_array([["https://a/1", None], ["https://b/2", "https://a/1"]])
    table = parse_urls(urls)
    assert table["url"].to_pylist() == ["https://a/1", "https://b/2"]
    assert take_parts(urls, table)["url_host"].to_pylist() == ["a", None, "b", "a"]
    assert referrer_hosts(urls).to_pylist() == ["a", None, "b", "a"]
    assert parse_urls(pa.array([], pa.string())).num_rows == 0
    assert referrer_hosts(pa.chunked_array([], pa.string())).to_pylist() == []


def test_hosts_of_apps_are_hosts() -> None:
    hosts = referrer_hosts(pa.array(["android-app://com.google.android.gm/", "https://www.T.co/x"]))
    assert hosts.to_pylist() == ["com.google.android.gm", "t.co"]


@given(st.lists(st.text()))
@settings(max_examples=50, deadline=None)
def test_nothing_raises(urls: list[str]) -> None:
    assert parse_urls(pa.array(urls, pa.string()))["url"].to_pylist() == list(dict.fromkeys(urls))
    assert len(referrer_hosts(pa.array(urls, pa.string()))) == len(urls)


WORDS = st.text("abcXYZ019-_%20+äé ", max_size=8)


@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,5}){1,2}", fullmatch=True),
    st.lists(st.sampled_from(["a", "b-c", "%20", "9"]), max_size=3),
    st.dictionaries(st.sampled_from(["utm_campaign", "utm_content", "q", "x"]), WORDS, max_size=4),
)
@settings(max_examples=50, deadline=None)
def test_same_as_urllib(host: str, path: list[str], query: dict[str, str]) -> None:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    url = f"https://{host}/{'/'.join(path)}?{text}"
    found, split = parsed(url), urlsplit(url.strip())
    assert found["url_host"] == (split.hostname or "").removeprefix(
        "www." if host.count(".") > 1 else ""
    )
    assert found["url_path"] == split.path
    tags = parse_qs(split.query)
    for name in ("campaign", "content"):
        expected = next((v.strip() for v in tags.get(f"utm_{name}", []) if v.strip()), None)
        assert found.get(name) == expected


@pytest.mark.parametrize("name", CLICK_IDS)
def test_every_click_id_is_found_in_any_case(name: str) -> None:
    found = parsed(f"https://shop.com/?a=1&{name.upper()}=x")
    assert (found["click_id_kind"], found["click_id"]) == (name, "x")
