"""Web server logs: fields, steps, and what is set aside."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whichhalf.collect.events import access_log
from whichhalf.collect.reading import Parsed, Raw
from whichhalf.config import CollectConfig, Config, SessionizeConfig, SourceConfig
from whichhalf.errors import BadDataError, ConfigError
from whichhalf.tables.inputs import EVENTS

CONFIG = Config(
    collect=CollectConfig(visitor_salt="pepper"),
    sessionize=SessionizeConfig(own_hosts=("shop.example", "www.shop.example")),
)
SOURCE = SourceConfig(name="web", kind="access_log", app="shop")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def line(
    request: str = "GET /blog/?utm_source=Mail HTTP/1.1",
    status: int = 200,
    referrer: str = "https://www.Google.com/",
    agent: str = FIREFOX,
    address: str = "198.51.100.7",
    time: str = "17/May/2026:10:05:03 +0200",
) -> str:
    return f'{address} - - [{time}] "{request}" {status} 512 "{referrer}" "{agent}"\n'


def read(
    tmp_path: Path, content: str | bytes, source: SourceConfig = SOURCE, config: Config = CONFIG
) -> Parsed:
    path = tmp_path / "access.log"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    parsed = access_log.read_file(path, source, config)
    assert parsed.rows.schema.names == [c.name for c in EVENTS.columns if c.name != "day"]
    for column in EVENTS.columns:
        if column.name != "day" and not column.nullable:
            assert parsed.rows[column.name].null_count == 0, column.name
    return parsed


def test_a_page_call(tmp_path: Path) -> None:
    parsed = read(tmp_path, gzip.compress(line().encode()))
    one = parsed.rows.to_pylist()[0]
    known = {name: value for name, value in one.items() if value is not None}
    message_id, visitor = known.pop("message_id"), known.pop("visitor_id")
    assert message_id == known.pop("content_hash") + "-0"
    assert visitor.startswith("a:")
    assert "198.51" not in json.dumps(one, default=str)
    assert known == {
        "app": "shop",
        "call": "page",
        "occurred_at": datetime(2026, 5, 17, 8, 5, 3, tzinfo=UTC),
        "received_at": datetime(2026, 5, 17, 8, 5, 3, tzinfo=UTC),
        "url": "https://shop.example/blog/?utm_source=Mail",
        "url_host": "shop.example",
        "url_path": "/blog/",
        "referrer": "https://www.Google.com/",
        "source": "mail",
        "referrer_host": "google.com",
        "user_agent": FIREFOX,
        "os": "linux",
        "browser": "Firefox",
        "properties": '{"status":200,"bytes":512,"method":"GET"}',
    }
    assert json.loads(known["properties"]) == {"status": 200, "bytes": 512, "method": "GET"}
    assert (parsed.lines, parsed.notes) == (1, ())


def test_identical_lines_are_told_apart_by_their_ordinal(tmp_path: Path) -> None:
    ids = read(tmp_path, line() + line() + line(address="198.51.100.8")).rows["message_id"]
    first, second, third = ids.to_pylist()
    assert first[:-2] == second[:-2] != third[:-2]
    assert (first[-2:], second[-2:], third[-2:]) == ("-0", "-1", "-0")


def test_a_visitor_is_address_and_agent_under_the_salt(tmp_path: Path) -> None:
    text = line() + line(request="GET /b HTTP/1.1") + line(address="2001:db8::1")
    text += line(agent=FIREFOX.replace("128", "127"))
    visitors = read(tmp_path, text).rows["visitor_id"].to_pylist()
    assert visitors[0] == visitors[1]
    assert len(set(visitors)) == 3
    unsalted = read(tmp_path, text, config=Config())
    assert unsalted.rows["visitor_id"].to_pylist()[0] != visitors[0]
    assert any("visitor_salt" in note for note in unsalted.notes)


def test_quotes_inside_quotes_and_what_follows_the_agent(tmp_path: Path) -> None:
    text = line(referrer='https://x.example/?q=\\"a\\"', agent=FIREFOX + ' \\"x\\"')
    parsed = read(tmp_path, text.rstrip("\n") + ' "10.0.0.1" 0.021\r\n')
    one = parsed.rows.to_pylist()[0]
    assert one["referrer"] == 'https://x.example/?q="a"'
    assert one["user_agent"] == FIREFOX + ' "x"'


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (line(agent="Googlebot/2.1 (+http://www.google.com/bot.html)"), "bots"),
        (line(agent="curl/8.5.0"), "bots"),
        (line(agent="-"), "bots"),
        (line(agent="Feedly/1.0"), "bots"),
        (line(request="GET /style.css?v=3 HTTP/1.1"), "assets"),
        (line(request="GET /favicon.ico HTTP/1.1"), "assets"),
        (line(request="GET /robots.txt HTTP/1.1"), "assets"),
        (line(request="GET /feed/ HTTP/1.1"), "feeds"),
        (line(request="GET /blog/index.rss HTTP/1.1"), "feeds"),
        (line(status=404), "errors"),
        (line(status=301), "errors"),
        (line(request="POST /form HTTP/1.1"), "methods"),
        (line(request="GET /a.png HTTP/1.1", agent="curl/8.5.0", status=404), "bots"),
        (line(request="\\x16\\x03\\x01", status=200), "methods"),
        (line(status=304), None),
        (line(request="GET /blog/feeding-cats HTTP/1.1"), None),
        (line(agent="Mozilla/5.0 (Linux; Android 9; CUBOT_X19) Firefox/120.0"), None),
    ],
)
def test_steps(tmp_path: Path, text: str, step: str | None) -> None:
    source = SourceConfig(name="web", drop=("bots", "assets", "feeds", "errors", "methods"))
    parsed = read(tmp_path, text, source)
    assert parsed.dropped == (Counter({step: 1}) if step else Counter())
    assert parsed.rows.num_rows == (0 if step else 1)


def test_only_the_steps_of_the_source_drop(tmp_path: Path) -> None:
    text = line(agent="curl/8.5.0") + line(status=404) + line(request="nonsense")
    parsed = read(tmp_path, text, SourceConfig(name="web", drop=()))
    assert (parsed.rows.num_rows, parsed.dropped) == (2, Counter())
    assert [(bad.position, bad.reason) for bad in parsed.bad] == [(3, "cut_off")]
    assert "request" in parsed.bad[0].detail


def test_an_unknown_step_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'bots'"):
        read(tmp_path, line(), SourceConfig(name="web", drop=("drop_bot",)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (line()[:90], "cut_off"),
        ('1.1.1.1 - - [17/May/2026:10:05:03 +0000] "GET / HTTP/1.1" 200 5', "cut_off"),
        (line(time="31/Feb/2026:10:05:03 +0000"), "impossible_time"),
        (line(time="17/May/2026:25:05:03 +0000"), "impossible_time"),
        (line(time="17/May/1999:10:05:03 +0000"), "impossible_time"),
        (line(time="yesterday"), "impossible_time"),
        (line().encode().replace(b"Mail", b"M\xe4il"), "not_utf8"),
    ],
)
def test_set_aside(tmp_path: Path, text: str | bytes, reason: str) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    parsed = read(tmp_path, line().encode() + b"\n" + content)
    assert [(bad.position, bad.reason) for bad in parsed.bad] == [(3, reason)]
    assert (parsed.rows.num_rows, parsed.dropped) == (1, Counter(blank=1))
    again = access_log.read_raw([Raw(b.position, b.raw) for b in parsed.bad], SOURCE, CONFIG)
    assert [bad.reason for bad in again.bad] == [reason]


def test_offsets_and_leap_seconds(tmp_path: Path) -> None:
    text = line(time="31/Dec/2016:23:59:60 +0000") + line(time="01/Jan/2017:05:15:00 +0545")
    text += line(time="31/Dec/2016:20:30:00 -0330")
    times = set(read(tmp_path, text).rows["occurred_at"].to_pylist())
    assert times == {datetime(2017, 1, 1, tzinfo=UTC), datetime(2016, 12, 31, 23, 30, tzinfo=UTC)}


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="zcat"):
        read(tmp_path, gzip.compress(line().encode() * 100)[:-20])


def test_another_kind_of_file_is_told(tmp_path: Path) -> None:
    parsed = read(tmp_path, '{"type":"page"}\n')
    assert len(parsed.bad) == 1
    assert any("another kind of file" in note for note in parsed.notes)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([line().encode(), b"\n", line(status=404).encode()]),
        )
    )
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_lines_add_up_whatever_they_hold(tmp_path: Path, pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    if content.startswith(b"\x1f\x8b"):
        content = b" " + content
    parsed = read(tmp_path, content)  # Parsed itself refuses counts that do not add up
    assert parsed.lines == content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
