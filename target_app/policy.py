"""The cache policy of every route in one table: the site answers by it and the tests hold the site to it.

It holds for addresses without a query. No page of the site reads one, so any query, be it ``?utm_source=x``, makes the
answer a BYPASS (``detail=query``): strangers can neither fill the store with copies nor be served each other's.
"""

from __future__ import annotations

from dataclasses import dataclass

PRIVATE = "private, no-store"
"""What every page made for somebody, and every page that must never be kept, says."""

_REVALIDATE = "max-age=0, must-revalidate"


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """How the answers of one route may be kept.

    Attributes:
        route: The name used in content marks, statistics, injections and by the traffic.
        example: The path of a page of this route, with fields for what depends on the corpus.
        browser: ``Cache-Control`` for an anonymous reader.
        shared_seconds: How long the page cache (and a CDN before it) may keep the answer; None: not at all.
        statements: Most database statements an anonymous answer may cost; a member's may cost one more.
    """

    route: str
    example: str
    browser: str
    shared_seconds: int | None
    statements: int

    @property
    def shared(self) -> str | None:
        """``CDN-Cache-Control``, the word to the page cache; None when there is none."""
        return None if self.shared_seconds is None else f"max-age={self.shared_seconds}"


TABLE: tuple[RoutePolicy, ...] = (
    RoutePolicy("home", "/", _REVALIDATE, 300, 2),
    RoutePolicy("listing", "/page/2/", _REVALIDATE, 300, 2),
    RoutePolicy("article", "/articles/{slug}/", _REVALIDATE, 3600, 3),
    RoutePolicy("tag", "/tags/{tag}/", _REVALIDATE, 300, 2),
    RoutePolicy("login", "/login", PRIVATE, None, 0),
    RoutePolicy("logout", "/logout", PRIVATE, None, 0),
    RoutePolicy("me", "/me", PRIVATE, None, 0),
    RoutePolicy("feed", "/feed.xml", "max-age=300", 300, 1),
    RoutePolicy("sitemap", "/sitemap.xml", "max-age=3600", 3600, 2),
    RoutePolicy("robots", "/robots.txt", "max-age=3600", 3600, 0),
    RoutePolicy("image", "/images/{image}.svg", "max-age=86400", 86400, 0),
    RoutePolicy("static", "/static/{stylesheet}", "max-age=31536000, immutable", 86400, 0),
    RoutePolicy("health", "/health/live", "no-store", None, 0),
    RoutePolicy("about", "/anp/about", "no-store", None, 0),
    RoutePolicy("stats", "/anp/stats", "no-store", None, 0),
    RoutePolicy("purge", "/anp/purge", "no-store", None, 0),
    RoutePolicy("edit", "/anp/edit", "no-store", None, 0),
    RoutePolicy("error", "/no-such-page", "max-age=0", 30, 1),
)

ROUTES: dict[str, RoutePolicy] = {policy.route: policy for policy in TABLE}
