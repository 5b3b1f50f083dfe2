"""Pieces of JSON that many lines share: the context of devices, and of pages and links."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa

from whichhalf.world import catalog
from whichhalf.world.people import APP, WEB
from whichhalf.world.sources import PLACE_OF_CLICK_ID, Source

COUNTRIES = len(catalog.COUNTRIES)
MODELS = max(len(catalog.BROWSERS), len(catalog.PHONES))
ADDRESSES = 4_096


def device_contexts() -> pa.Array:
    """Return the context of each (app, model, country), the last one the server's; all open."""
    contexts = [
        _open(_device(app, model, country))
        for app in (WEB, APP)
        for model in range(MODELS)
        for country in range(COUNTRIES)
    ]
    server = {"library": {"name": "analytics-python", "version": "2.4.0"}}
    return pa.array([*contexts, _open(server)], pa.string())


def _device(app: int, model: int, country: int) -> dict[str, Any]:
    code, _, _, locale = catalog.COUNTRIES[country]
    place = {"locale": locale, "location": {"country": code}}
    if app == WEB:
        agent = catalog.BROWSERS[model][2]
        library = {"name": "analytics.js", "version": "next-1.81.0"}
        return {"library": library, "userAgent": agent, **place}
    system, _, maker, name, os_name, os_version = catalog.PHONES[model]
    return {
        "library": {"name": "analytics-kotlin" if system == "android" else "analytics-swift"},
        "app": {"name": "Lumo", "version": "4.2.0", "build": "4200"},
        "device": {"manufacturer": maker, "model": name, "type": system},
        "os": {"name": os_name, "version": os_version},
        **place,
    }


def addresses() -> pa.Array:
    """Return `,"ip":"…"` for each of ADDRESSES addresses of a test range, and nothing."""
    texts = [f',"ip":"198.{18 + n % 2}.{n // 2 % 256}.{n * 7 % 256}"' for n in range(ADDRESSES)]
    return pa.array([*texts, ""], pa.string())


def page_contexts(site_host: str, sources: list[Source]) -> tuple[pa.Array, pa.Array]:
    """Return what comes before and after the click id's value, by page × (source + 1).

    Place 0 of each page is the page as reached from another one of ours. After the pages come the
    sources of app openings, in the same order, and nothing, for the server.
    """
    texts = []
    for path, title, *_ in catalog.PAGES:
        texts.append(_page(site_host, path, title, "", f"https://{site_host}/"))
        texts += [
            _page(site_host, path, title, source.query, source.referrer or "") for source in sources
        ]
    texts += ["", *(_campaign(source) for source in sources), ""]
    halves = [text.partition(PLACE_OF_CLICK_ID) for text in texts]
    before = pa.array([half[0] for half in halves], pa.string())
    return before, pa.array([half[2] for half in halves], pa.string())


def _page(site_host: str, path: str, title: str, query: str, referrer: str) -> str:
    address = f"https://{site_host}{path}{'?' if query else ''}{query}"
    page = {"path": path, "referrer": referrer, "title": title, "url": address}
    return f',"page":{orjson.dumps(page).decode()}'


def _campaign(source: Source) -> str:
    """Segment's context.campaign."""
    campaign = {
        "source": source.source,
        "medium": source.medium,
        "name": source.campaign,
        "content": source.content,
        "term": source.term,
        "id": source.utm_id,
    }
    known = {name: value for name, value in campaign.items() if value}
    return f',"campaign":{orjson.dumps(known).decode()}' if known else ""


def _open(context: dict[str, Any]) -> str:
    return orjson.dumps(context).decode().removesuffix("}")
