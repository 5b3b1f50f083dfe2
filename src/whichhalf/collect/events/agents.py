"""User agents taken apart, over distinct values: device, operating system, browser, bot or not.

ua-parser does the work. It is slow (about 600 a second in plain Python, 100 times that with its
`regex` extra installed, which it finds by itself), so nothing calls it twice for one agent.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.collect.events.distinct import flat, taken

if TYPE_CHECKING:
    from ua_parser import Result

AGENTS = pa.schema(
    [
        ("user_agent", pa.string()),
        ("device", pa.string()),
        ("os", pa.string()),
        ("browser", pa.string()),
        ("is_bot", pa.bool_()),
    ]
)

# ua-parser's names of operating system families, in the words of tables.py. Others: lower case.
_SYSTEMS: dict[str, str] = {
    "mac os x": "macos",
    "mac os": "macos",
    "chrome os": "chromeos",
    **dict.fromkeys(
        ("ubuntu", "debian", "fedora", "centos", "red hat", "suse", "gentoo", "arch linux", "mint"),
        "linux",
    ),
}

# What programs that are nobody's browser call themselves, beside those that ua-parser knows as
# spiders. A browser names neither a home page nor a mail address. Cubot is a make of phones.
_BOT_WORDS = (
    r"(?:^|[^u]|[^c]u)bot",
    r"crawl|spider|slurp|archiver|nutch|scrap|robo",
    r"feed|rss|liferea|aggregator|subscribers|reader\b|reeder|newsify",
    r"curl|wget|fetch|python|libwww-perl|lwp::|^java/|^ruby|httpclient|http_request|go-http|indy",
    r"headless|phantomjs|selenium|lighthouse|pagespeed",
    r"monitor|uptime|pingdom|nagios|check_http|statuscake|validator|link sleuth",
    r"preview|embedly|facebookexternalhit|protocol discovery",
    r"[+(]https?://|[\w.]@[\w-]+\.",
    r"^[\s\-]*$|^mozilla/\d\.\d[\s(;]*(?:compatible)?[;)\s]*$",
)
_BOT = "(?i)" + "|".join(_BOT_WORDS)


def parse_agents(agents: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return one row per distinct agent of `agents`, in order of first appearance: schema AGENTS.

    user_agent: the agent as given; `take_agents` joins on it. Nulls give no row.
    device, browser: ua-parser's families; null where it knows none.
    os: lower case: ios, android, windows, macos, linux, chromeos …; null where unknown.
    is_bot: a spider by ua-parser, or named like a program (empty agents too).
    """
    distinct = pc.unique(flat(agents).drop_null())
    found = [_parse(agent) for agent in distinct.to_pylist()]
    device = pa.array([_family(one.device) for one in found], pa.string())
    browser = pa.array([_family(one.user_agent) for one in found], pa.string())
    system = pa.array([_system(_family(one.os)) for one in found], pa.string())
    spider = pc.fill_null(pc.equal(device, "Spider"), False)
    is_bot = pc.or_(spider, pc.match_substring_regex(distinct, _BOT))
    return pa.table([distinct, device, system, browser, is_bot], schema=AGENTS)


@lru_cache(maxsize=100_000)  # agents come again with every piece of a file, and every file
def _parse(agent: str) -> Result:
    from ua_parser import parse

    return parse(agent)


def take_agents(agents: pa.Array | pa.ChunkedArray, parsed: pa.Table) -> pa.Table:
    """Return the rows of `parse_agents` for each of `agents`, all null where it is null."""
    return taken(agents, parsed)


def _family(part: object) -> str | None:
    """The family that ua-parser names; "Other" is its word for unknown."""
    family: str | None = getattr(part, "family", None)
    return None if family == "Other" else family


def _system(family: str | None) -> str | None:
    return _SYSTEMS.get(family.lower(), family.lower()) if family else None
