"""The recipe of a web server's log, against a few lines of plain Python over the same log."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pages import run_page, shared

from whichhalf.cli import main

pytestmark = pytest.mark.e2e
LOG = "data/weblog/access.log.gz"
COMBINED = re.compile(
    r'(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (?:\S+) "([^"]*)" "([^"]*)"$'
)
TIME = "%d/%b/%Y:%H:%M:%S %z"
ASSET = re.compile(r"(?i)\.(css|js|png|jpe?g|gif|ico|svg|ttf|woff)$|^/robots\.txt$")
GAP = timedelta(minutes=20)


# ---- the plain script: imports nothing of whichhalf ---------------------------------------------


@dataclass(frozen=True)
class Page:
    at: datetime
    visitor: tuple[str, str]
    source: str


@dataclass
class Told:
    """What the plain script finds. sessions: (begin, end, pages, possible sources) of each."""

    pages: int
    cut_off: int
    visitors: int
    sessions: list[tuple[datetime, datetime, int, frozenset[str]]]


def plain(lines: list[str]) -> Told:
    found = [COMBINED.match(line) for line in lines]
    pages = sorted(
        (page for match in found if match for page in page_of(*match.groups())),
        key=lambda page: (page.visitor, page.at),
    )
    sessions = [s for _, own in groupby(pages, lambda page: page.visitor) for s in cut(list(own))]
    visitors = len({page.visitor for page in pages})
    return Told(len(pages), found.count(None), visitors, sessions)


def page_of(
    address: str, at: str, method: str, target: str, status: str, referrer: str, agent: str
) -> Iterator[Page]:
    if method != "GET" or not (status.startswith("2") or status == "304"):
        return
    if not ASSET.search(re.split("[?#;]", target)[0]):
        yield Page(datetime.strptime(at, TIME), (address, agent), source_of(target, referrer))


def source_of(target: str, referrer: str) -> str:
    tags = parse_qs(urlsplit(target).query)
    if "utm_source" in tags:
        return tags["utm_source"][0].lower()
    host = (urlsplit(referrer).hostname or "").lower().removeprefix("www.")
    # Where the browser sent bytes that are no address, Apache wrote \\xe4: that is no host.
    own = re.search(r"(^|\.)semicomplete\.com$", host)
    return host if re.fullmatch(r"[a-z0-9.-]+", host) and not own else ""


def cut(pages: list[Page]) -> Iterator[tuple[datetime, datetime, int, frozenset[str]]]:
    """Sessions of one visitor. Pages of one second have no order: each may be the first source."""
    begin = 0
    for end in range(1, len(pages) + 1):
        if end == len(pages) or pages[end].at - pages[end - 1].at > GAP:
            own = pages[begin:end]
            first = min((page.at for page in own if page.source), default=None)
            sources = {page.source for page in own if page.at == first and page.source}
            yield own[0].at, own[-1].at, len(own), frozenset(sources or {"(direct)"})
            begin = end


# ---- whichhalf -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the recipe prints, and the project that it makes."""
    folder = tmp_path_factory.mktemp("weblog")
    return run_page("docs/recipes/weblog.md", folder, LOGS=str(shared(LOG).parent)), folder / "blog"


def lines_of(shift: timedelta) -> list[str]:
    """The log, with all times moved."""
    lines = gzip.decompress(shared(LOG).read_bytes()).decode().splitlines()

    def moved(match: re.Match[str]) -> str:
        return f"[{(datetime.strptime(match[1], TIME) + shift).strftime(TIME)}]"

    return [re.sub(r"\[(\d\d/\w{3}/\d{4}:[^\]]+)\]", moved, line, count=1) for line in lines]


@pytest.fixture(scope="module", params=[0, -330, 8 * 3600 - 330], ids="{} s later".format)
def log(
    request: pytest.FixtureRequest, recipe: tuple[str, Path], tmp_path_factory
) -> tuple[Told, Path]:
    """The plain script's findings on a moved log, and the recipe's project on the same log.

    All lines of the log are of the sixth minute of an hour: moved by 5:30 it lies across midnight.
    Bots are told by ua-parser's list, which no few lines replace: here they stay in.
    """
    lines = lines_of(timedelta(seconds=request.param))
    folder = tmp_path_factory.mktemp("moved")
    (folder / "data" / "logs").mkdir(parents=True)
    (folder / "data" / "logs" / "access.log").write_text("\n".join(lines) + "\n", "utf-8")
    settings = (recipe[1] / "whichhalf.toml").read_text("utf-8")
    settings += 'drop = ["assets", "errors", "methods"]\n'
    (folder / "whichhalf.toml").write_text(settings, "utf-8")
    (folder / ".whichhalf").mkdir()
    (folder / ".whichhalf" / "visitor_salt").write_text("test")
    assert main(["-C", str(folder), "run"]) == 0
    return plain(lines), folder


def rows_of(
    folder: Path, capsys: pytest.CaptureFixture[str], table: str
) -> list[dict[str, object]]:
    capsys.readouterr()
    assert (
        main(["-C", str(folder), "dump", table, "--format", "json", "-o", str(folder / "out")]) == 0
    )
    return [json.loads(line) for line in (folder / "out").read_text("utf-8").splitlines()]


def test_events_visitors_and_what_is_set_aside(
    log: tuple[Told, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    told, folder = log
    events = rows_of(folder, capsys, "events")
    assert len(events) == told.pages > 3000
    assert len({event["visitor_id"] for event in events}) == told.visitors
    aside = rows_of(folder, capsys, "quarantine")
    assert [row["reason"] for row in aside] == ["cut_off"] * told.cut_off
    assert told.cut_off == 1


def test_sessions_and_their_sources(
    log: tuple[Told, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    told, folder = log
    over_midnight = sum(begin.date() != end.date() for begin, end, *_ in told.sessions)
    assert (over_midnight > 10) is (min(begin for begin, *_ in told.sessions).minute != 5)
    sources = {row["source_key"]: row for row in rows_of(folder, capsys, "sources")}
    sessions = rows_of(folder, capsys, "sessions")
    assert len(sessions) == len(told.sessions)
    expected: dict[tuple[datetime, datetime, int], list[frozenset[str]]] = {}
    for begin, end, pages, possible in told.sessions:
        expected.setdefault((begin, end, pages), []).append(possible)
    for session in sessions:
        key = (at(session["started_at"]), at(session["ended_at"]), int(str(session["page_count"])))
        source = sources[session["source_key"]]
        name = str(source["source"] or source["referrer_host"] or "(direct)")
        possible = next((one for one in expected[key] if name in one), None)
        assert possible is not None, f"{key}: {name} is not in {expected[key]}"
        expected[key].remove(possible)


def test_report_by_source(log: tuple[Told, Path], capsys: pytest.CaptureFixture[str]) -> None:
    told, folder = log
    capsys.readouterr()
    assert (
        main(["-C", str(folder), "report", "sessions", "--by", "source", "--format", "json"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert report["total"]["sessions"] == len(told.sessions)
    shown = Counter({row["source"]: row["sessions"] for row in report["rows"]})
    assert shown.total() == len(told.sessions)
    certain = Counter(next(iter(one)) for *_, one in told.sessions if len(one) == 1)
    assert certain.total() >= 0.99 * len(told.sessions)
    assert certain - shown == Counter()


def test_the_page_shows_people_only(recipe: tuple[str, Path]) -> None:
    screen, _folder = recipe
    everything = plain(lines_of(timedelta()))
    totals = [line.split() for line in screen.splitlines() if line.strip().startswith("TOTAL")]
    sessions, visitors = (int(cell.replace(",", "")) for cell in totals[0][1:3])
    assert totals[0] == totals[1], "by channel and by source count the same sessions"
    assert 0.2 * len(everything.sessions) < sessions < 0.8 * len(everything.sessions)
    assert 0.2 * everything.visitors < visitors < 0.9 * everything.visitors
    assert "(direct)" in screen and "google.com" in screen
    assert "cut_off" in screen and ":8899" in screen


def at(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
