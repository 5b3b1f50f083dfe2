"""Where visits come from: links with UTM tags and click ids, referrers, and nothing.

A source is known here for what it is: an ad, or not. Pipelines have to find out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode, urlsplit

import numpy as np

from whichhalf.world.draws import Ints

PLACE_OF_CLICK_ID = "@@CLICK@@"


@dataclass(frozen=True)
class Source:
    """What a link or a referrer says, and whether somebody was paid for it.

    referrer: address of the referring page. credits: False for visits that carry no source (direct
    ones, own hosts, payment and login providers).
    ad: index into Ads.ads, -1 for anything else.
    """

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None
    utm_id: str | None = None
    click_id_kind: str | None = None
    referrer: str | None = None
    is_paid: bool = False
    credits: bool = True
    ad: int = -1

    @property
    def referrer_host(self) -> str | None:
        """Host of the referrer, without www."""
        host = urlsplit(self.referrer).hostname if self.referrer else None
        return host.removeprefix("www.") if host else None

    @property
    def key(self) -> tuple[str | None, ...]:
        """The source tuple: two touches of a session with the same one are the same touch."""
        tags = (self.source, self.medium, self.campaign, self.content, self.term, self.utm_id)
        return (*tags, self.click_id_kind, self.referrer_host)

    @cached_property
    def query(self) -> str:
        """UTM tags and click id as a query string; the click id's value has a place to fill in."""
        tags = {
            "utm_source": self.source,
            "utm_medium": self.medium,
            "utm_campaign": self.campaign,
            "utm_content": self.content,
            "utm_term": self.term,
            "utm_id": self.utm_id,
        }
        text = urlencode({name: value for name, value in tags.items() if value})
        if not self.click_id_kind:
            return text
        return f"{text}{'&' if text else ''}{self.click_id_kind}={PLACE_OF_CLICK_ID}"


@dataclass(frozen=True)
class SourceGroup:
    """Sources of one sort with the share of web visits that they bring (ads aside)."""

    name: str
    weight: float
    sources: tuple[Source, ...]


def unpaid_groups(web_host: str) -> tuple[SourceGroup, ...]:
    """Return the sources that are no ads of ours; the first group is `direct`."""
    return (
        SourceGroup("direct", 0.34, (Source(credits=False),)),
        SourceGroup("search", 0.27, tuple(Source(referrer=page) for page in _SEARCH)),
        SourceGroup("social", 0.11, _SOCIAL),
        SourceGroup("referral", 0.07, tuple(Source(referrer=page) for page in _REFERRING)),
        SourceGroup("email", 0.09, tuple(_email(number) for number in range(1, 9))),
        SourceGroup("partner", 0.04, _PARTNERS),
        SourceGroup(
            "no source",
            0.08,
            (
                Source(referrer=f"https://www.{web_host}/pricing", credits=False),
                Source(referrer=f"https://help.{web_host}/articles/12", credits=False),
                Source(referrer="https://www.paypal.com/", credits=False),
                Source(referrer="https://accounts.google.com/", credits=False),
            ),
        ),
    )


# What links inside the app's notifications say; opened in the app.
APP_SOURCES: tuple[Source, ...] = (
    Source("push", "push", "new-match"),
    Source("push", "push", "come-back-7d"),
    Source("newsletter", "email", "weekly-app"),
)

# Android's Play Store says so of installs that no link brought, with a click time of 0: no touch.
PLAY_STORE = Source("google-play", "organic", credits=False)

_SEARCH = (
    "https://www.google.com/",
    "https://www.google.com.tr/",
    "https://www.google.de/",
    "https://www.bing.com/",
    "https://duckduckgo.com/",
    "https://yandex.com.tr/",
)
_REFERRING = (
    "https://www.bestdatingsites.example/lumo-review",
    "https://forum.expats.example/thread/4711",
    "https://news.ycombinator.com/item?id=1",
)
_SOCIAL = (
    # Facebook puts fbclid on links in unpaid posts too: no sign of an ad.
    Source(click_id_kind="fbclid", referrer="https://l.facebook.com/"),
    Source(referrer="https://l.instagram.com/"),
    Source(referrer="https://t.co/"),
    Source(referrer="https://www.reddit.com/r/dating/"),
    Source("facebook", "social", "summer_post", click_id_kind="fbclid"),
    Source("instagram", "social", "bio_link", referrer="https://l.instagram.com/"),
)
_PARTNERS = (
    Source("partnerize", "affiliate", "coupon-site", content="banner-728"),
    Source("partnerize", "affiliate", "cashback"),
    # Paid, by its click id and its medium, in a network whose costs nobody uploads.
    Source("bing", "cpc", "brand", click_id_kind="msclkid", is_paid=True),
)


def _email(number: int) -> Source:
    return Source("newsletter", "email", f"weekly-{number:02d}", content="button")


class SourceBook:
    """All sources by code. Code 0 is direct.

    tuples: for each code the number of its source tuple, -1 where it carries none.
    """

    def __init__(self, sources: list[Source]) -> None:
        self.sources = sources
        numbers: dict[tuple[str | None, ...], int] = {}
        self.tuples: Ints = np.array(
            [numbers.setdefault(s.key, len(numbers)) if s.credits else -1 for s in sources],
            np.int64,
        )
        self.is_paid = np.array([source.is_paid for source in sources])
        self.ads: Ints = np.array([source.ad for source in sources], np.int64)
        self.has_click_id = np.array([source.click_id_kind is not None for source in sources])
