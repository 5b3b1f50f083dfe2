"""User agents: systems, browsers, and who is nobody's browser."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichhalf.collect.events.agents import AGENTS, parse_agents, take_agents

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "os", "browser"),
    [
        (IPHONE, "ios", "Mobile Safari"),
        (WINDOWS, "windows", "Chrome"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
         "android", "Firefox Mobile"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
         "macos", "Firefox"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
         "linux", "Firefox"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko)"
         " Chrome/126.0.0.0 Safari/537.36", "chromeos", "Chrome"),
    ],
)  # fmt: skip
def test_browsers(agent: str, os: str, browser: str) -> None:
    one = parse_agents(pa.array([agent])).to_pylist()[0]
    assert (one["os"], one["browser"], one["is_bot"]) == (os, browser, False)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "GPTBot/1.2",
        "curl/8.5.0",
        "python-requests/2.32",
        "Tiny Tiny RSS/1.11 (http://tt-rss.org/)",
        "UptimeRobot/2.0",
        "help@moz.example/1.0",
        "Mozilla/5.0",
        "-",
        "",
    ],
)
def test_bots(agent: str) -> None:
    assert parse_agents(pa.array([agent]))["is_bot"].to_pylist() == [True]


def test_distinct_and_back() -> None:
    agents = pa.chunked_array([[IPHONE, None], [WINDOWS, IPHONE]])
    table = parse_agents(agents)
    assert table.schema == AGENTS
    assert table["user_agent"].to_pylist() == [IPHONE, WINDOWS]
    assert take_agents(agents, table)["os"].to_pylist() == ["ios", None, "windows", "ios"]


@given(st.lists(st.text(max_size=30), max_size=5))
@settings(max_examples=20, deadline=None)
def test_nothing_raises(agents: list[str]) -> None:
    assert parse_agents(pa.array(agents, pa.string())).num_rows == len(set(agents))
