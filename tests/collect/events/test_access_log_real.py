"""The four-day log of a real blog, against a few lines of plain Python."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import pytest

from required import lacking
from whichhalf.collect.events import access_log
from whichhalf.collect.reading import Parsed
from whichhalf.config import CollectConfig, Config, SessionizeConfig, SourceConfig

NAME = Path("shared/data/weblog/access.log.gz")
CONFIG = Config(
    collect=CollectConfig(visitor_salt="x"),
    sessionize=SessionizeConfig(own_hosts=("semicomplete.com",)),
)
COMBINED = re.compile(
    r'(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\S+) "([^"]*)" "([^"]*)"$'
)


@pytest.fixture(scope="module")
def log() -> Path:
    found = [p / NAME for p in Path(__file__).resolve().parents if (p / NAME).exists()]
    if found:
        return found[0]
    return lacking(f"{NAME} is in no folder above the repository")


def plain(log: Path) -> list[tuple[str, ...]]:
    lines = gzip.decompress(log.read_bytes()).decode().splitlines()
    return [found.groups() for one in lines if (found := COMBINED.match(one))]


def read(log: Path, *steps: str) -> Parsed:
    return access_log.read_file(log, SourceConfig(name="web", app="blog", drop=steps), CONFIG)


def test_every_line_but_the_one_that_is_cut_off(log: Path) -> None:
    parsed = read(log)
    assert (parsed.lines, parsed.rows.num_rows) == (10_000, 9_999)
    assert [(bad.position, bad.reason) for bad in parsed.bad] == [(8899, "cut_off")]
    lines = plain(log)
    rows = parsed.rows
    assert len(set(rows["message_id"].to_pylist())) == 9_999
    visitors = len({(one[0], one[7]) for one in lines})
    assert len(set(rows["visitor_id"].to_pylist())) == visitors
    assert Counter(rows["url_path"].to_pylist()) == Counter(
        re.sub(r"[?#].*", "", one[3]) for one in lines
    )
    assert rows["referrer"].null_count == sum(one[6] == "-" for one in lines)
    assert rows["occurred_at"].to_pylist()[0].isoformat() == "2015-05-17T10:05:03+00:00"
    days = Counter(f"{at:%d/%b/%Y}" for at in rows["occurred_at"].to_pylist())
    assert days == Counter(one[1].split(":")[0] for one in lines)


def test_steps_count_what_plain_python_counts(log: Path) -> None:
    parsed = read(log, "errors", "methods", "assets")
    lines = plain(log)
    errors = [one for one in lines if not (one[4].startswith("2") or one[4] == "304")]
    rest = [one for one in lines if one not in set(errors)]
    methods = [one for one in rest if one[2] != "GET"]
    rest = [one for one in rest if one[2] == "GET"]
    asset = re.compile(r"(?i)\.(css|js|png|jpg|jpeg|gif|ico|svg|ttf|woff)$|^/robots\.txt$")
    assets = [one for one in rest if asset.search(re.sub(r"[?#].*", "", one[3]))]
    assert parsed.dropped == Counter(errors=len(errors), methods=len(methods), assets=len(assets))


def test_bots_are_those_that_say_so(log: Path) -> None:
    parsed = read(log, "bots")
    named = r"bot|spider|crawl|slurp|feed|curl|wget|python|rss"
    words = re.compile(rf"(?i){named}|[+(]https?://|@|^-$")
    said = sum(bool(words.search(one[7])) for one in plain(log))
    assert said <= parsed.dropped["bots"] <= 1.05 * said
    kept = set(parsed.rows["user_agent"].to_pylist())
    assert not [agent for agent in kept if agent and words.search(agent)]
