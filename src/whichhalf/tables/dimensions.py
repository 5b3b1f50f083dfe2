"""Dimensions that look-ups can be on, and when two of their values are the same.

`load lookup` and the reports share this: a key is written and sought in one form.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from whichhalf.errors import UsageError, nearest

_TOUCHES = ("first", "last", "first_paid", "last_paid")
_PARTS = ("channel", "source", "medium", "campaign", "referrer")
# Dimensions whose values are addresses of pages.
PAGES = ("blog_url", "first_page", "landing")

# Dimension → what its values are.
DIMENSIONS: dict[str, str] = {
    "network": "who is paid",
    "campaign": "campaign: id, name, or utm_campaign",
    "adset": "ad set: id or name",
    "ad": "ad: id or name",
    "channel": "channel",
    "source": "utm_source, else the referring host",
    "medium": "utm_medium",
    "referrer": "referring host",
    "country": "ISO 3166-1 alpha-2",
    "os": "operating system",
    "blog_url": "first blog page of a person",
    "first_page": "first page of a person",
    "landing": "first page of a session",
    "company": "group id, or the group's trait name",
    "answer": "answer of a survey",
    **{
        f"{touch}_{part}": f"{part} of the {touch.replace('_', ' ')} touch"
        for touch in _TOUCHES
        for part in _PARTS
    },
}
_OTHER_NAMES = {
    "first_blog_url": "blog_url",
    "first_page_url": "first_page",
    "landing_url": "landing",
    "landing_page": "landing",
    "ad_set": "adset",
    "campaign_id": "campaign",
    "campaign_name": "campaign",
    "utm_campaign": "campaign",
    "utm_source": "source",
    "utm_medium": "medium",
    "group_id": "company",
}


def dimension_named(name: str) -> str:
    """Return the dimension of that name. UsageError names the nearest where there is none."""
    found = _OTHER_NAMES.get(name, name)
    if found not in DIMENSIONS:
        raise UsageError(
            f"There is no dimension {name!r} that a look-up can be on."
            f"{nearest(name, [*DIMENSIONS, *_OTHER_NAMES])} Dimensions: {', '.join(DIMENSIONS)}."
        )
    return found


def key_of(dimension: str, text: str) -> str:
    """Return a key of a look-up in the form in which it is sought; "" for a blank one.

    Pages: host and path, see `page_keys`; the path alone where the key names no host. Other
    values: white space around them and case do not count.
    """
    if dimension not in PAGES:
        return " ".join(text.split()).lower()
    return next(iter(page_keys(text)), "")


def keys_of(dimension: str, value: str) -> tuple[str, ...]:
    """Return the keys under which a value is sought, the closest first."""
    if dimension in PAGES:
        return page_keys(value)
    return (key,) if (key := key_of(dimension, value)) else ()


def page_keys(address: str) -> tuple[str, ...]:
    """Return (host and path, path) of an address; the path alone where it names no host.

    Scheme, port, "www.", query, fragment and slashes at the end do not count, nor the case of the
    host; %20 and a blank are the same. Case of the path counts.
    """
    text = address.strip()
    if not text:
        return ()
    try:
        parts = urlsplit(text if "://" in text or text.startswith("/") else f"//{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return (text,)
    path = unquote(parts.path).rstrip("/") or "/"
    return (f"{host}{path}", path) if host else (path,)
