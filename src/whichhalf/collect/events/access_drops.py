"""Steps that drop lines of a web server's log: one small function each, named in `source.drop`.

Each takes the fields of the lines (access_lines.split_fields, and is_bot) and returns, line by
line, whether to drop it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from whichhalf.errors import ConfigError, nearest

# What pages pull in by themselves, and what only programs ask for.
_ASSETS = (
    r"(?i)\.(?:css|js|mjs|map|png|jpe?g|gif|ico|cur|svgz?|webp|avif|bmp|tiff?|woff2?|ttf|otf|eot"
    r"|mp3|mp4|webm|ogg|wav|webmanifest)$"
    r"|^/(?:favicon\.ico|robots\.txt|(?:app-)?ads\.txt|security\.txt|sitemap[^/]*\.xml(?:\.gz)?"
    r"|browserconfig\.xml|apple-touch-icon[^/]*|\.well-known/.*)$"
)
_FEEDS = (
    r"(?i)(?:^|/)(?:feeds?|rss|atom|rdf)(?:\d*|\.xml|\.php)/?(?:\?|$)|\.(?:rss|atom|rdf)(?:\?|$)"
    r"|[?&](?:flav|feed|format)=(?:rss|atom|rdf)"
)


def drop_bots(lines: pa.Table) -> pa.Array:
    """Spiders, feed readers, monitors, scripts, and agents that say nothing."""
    return lines["is_bot"]


def drop_assets(lines: pa.Table) -> pa.Array:
    """Files that pages pull in (styles, scripts, images, fonts, sound), and robots.txt."""
    path = pc.replace_substring_regex(lines["target"], r"[?#;].*$", "")
    return pc.match_substring_regex(path, _ASSETS)


def drop_feeds(lines: pa.Table) -> pa.Array:
    """RSS and Atom feeds: read by programs, though people may stand behind them."""
    return pc.match_substring_regex(lines["target"], _FEEDS)


def drop_errors(lines: pa.Table) -> pa.Array:
    """Answers that showed no page: all but 2xx and 304 (not modified: shown from the cache).

    Redirects go too: the browser asks for the page itself next, and that line counts.
    """
    shown = pc.or_(
        pc.and_(pc.greater_equal(lines["status"], 200), pc.less(lines["status"], 300)),
        pc.equal(lines["status"], 304),
    )
    return pc.invert(shown)


def drop_methods(lines: pa.Table) -> pa.Array:
    """Requests that are not GET, or not readable as a request at all."""
    return pc.not_equal(pc.fill_null(lines["method"], ""), "GET")


STEPS: dict[str, Callable[[pa.Table], pa.Array]] = {
    "bots": drop_bots,
    "assets": drop_assets,
    "feeds": drop_feeds,
    "errors": drop_errors,
    "methods": drop_methods,
}


def dropped_by(lines: pa.Table, names: Sequence[str], source: str) -> pa.Array:
    """Return the name of the first step of `names` that drops each line; null where none does.

    ConfigError for a name that is no step.
    """
    by = pa.nulls(len(lines), pa.string())
    for name in names:
        if name not in STEPS:
            raise ConfigError(
                f"source {source!r}: drop names {name!r}, which is no step."
                f"{nearest(name.removeprefix('drop_'), STEPS)} Steps: {', '.join(STEPS)}."
            )
        drops = pc.fill_null(STEPS[name](lines), False)
        by = pc.coalesce(by, pc.if_else(drops, name, pa.scalar(None, pa.string())))
    return by
