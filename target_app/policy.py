"""The cache policy of every route in one table: the site answers by it and the tests hold the site to it.

A route names the query parameters that it reads, and how each is brought to its one form: path and forms together name
a page. Any other query, be it ``?utm_source=x``, makes the answer a BYPASS (``detail=query``): strangers can neither
fill the store with copies nor be served each other's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from target_app.search import read_page, read_words

PRIVATE = "private, no-store"
"""What every page made for somebody, and every page that must never be kept, says."""

IF_ERROR = 86_400
"""For how long a stale page may stand in for a failure, seconds."""

SHORT = 60
"""Pages that are kept no longer than so many seconds are not worth showing when they are a day old."""

_REVALIDATE = "max-age=0, must-revalidate"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter that a route reads.

    Attributes:
        read: The value as it came to its one form, empty when it is as good as absent; None for a value that no kept
            page answers.
    """

    name: str
    read: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """How the answers of one route may be kept.

    Attributes:
        route: The name used in content marks, statistics, injections and by the traffic.
        example: The path of a page of this route, with fields for what depends on the corpus.
        browser: ``Cache-Control`` for an anonymous reader.
        shared_seconds: How long the page cache (and a CDN before it) may keep the answer; None: not at all.
        while_revalidate: For how long beyond that it may be sent while it is made anew, seconds.
        statements: Most database statements an anonymous answer to GET or HEAD may cost.
        own_statements: Those for what is shown to members only: a member's answer may cost so many more, and one to
            look up who it is.
        posted: Most that the answer to a POST may cost; an edit writes a row for each key of the meta box and each tag.
        parameters: What its pages read of the query, in the order of the one form. Only a route whose path has no
            fields may have any.
    """

    route: str
    example: str
    browser: str
    shared_seconds: int | None
    statements: int
    parameters: tuple[Parameter, ...] = ()
    while_revalidate: int = 0
    own_statements: int = 0
    posted: int = 0

    @property
    def member_statements(self) -> int:
        """Most database statements that a member's answer to GET or HEAD may cost."""
        return self.statements + self.own_statements + 1

    @property
    def shared(self) -> str | None:
        """``CDN-Cache-Control``, the word to the page cache; None when there is none."""
        if self.shared_seconds is None:
            return None
        words = [f"max-age={self.shared_seconds}"]
        if self.while_revalidate:
            words.append(f"stale-while-revalidate={self.while_revalidate}")
        if self.shared_seconds > SHORT:
            words.append(f"stale-if-error={IF_ERROR}")
        return ", ".join(words)

    def canonical_query(self, query: bytes) -> bytes | None:
        """The one form of a query of this route.

        Args:
            query: As it came, still percent-encoded.

        Returns:
            None when it holds anything else than the route's parameters, one of them twice, or a value that no kept
            page answers.
        """
        try:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=len(self.parameters))
        except ValueError:
            return None
        given = dict(pairs)
        if len(given) < len(pairs) or not given.keys() <= {parameter.name for parameter in self.parameters}:
            return None
        forms = {parameter.name: parameter.read(given.get(parameter.name, "")) for parameter in self.parameters}
        if None in forms.values():
            return None
        return urlencode({name: form for name, form in forms.items() if form}).encode()


TABLE: tuple[RoutePolicy, ...] = (
    RoutePolicy("home", "/", _REVALIDATE, 300, 1, while_revalidate=60),
    RoutePolicy("listing", "/page/2/", _REVALIDATE, 300, 1, while_revalidate=60),
    RoutePolicy("article", "/articles/{slug}/", _REVALIDATE, 3600, 3, while_revalidate=300),
    RoutePolicy("tag", "/tags/{tag}/", _REVALIDATE, 300, 1, while_revalidate=60),
    RoutePolicy(
        "search",
        "/search?q={word}",
        _REVALIDATE,
        60,
        1,
        parameters=(Parameter("q", read_words), Parameter("page", read_page)),
    ),
    RoutePolicy("login", "/login", PRIVATE, None, 0, posted=3),
    RoutePolicy("logout", "/logout", PRIVATE, None, 0, posted=1),
    RoutePolicy("me", "/me", PRIVATE, None, 0, own_statements=1),
    RoutePolicy("feed", "/feed.xml", "max-age=300", 300, 1),
    RoutePolicy("sitemap", "/sitemap.xml", "max-age=3600", 3600, 2),
    RoutePolicy("robots", "/robots.txt", "max-age=3600", 3600, 0),
    RoutePolicy("image", "/images/{image}.svg", "max-age=86400", 86400, 0),
    RoutePolicy("static", "/static/{stylesheet}", "max-age=31536000, immutable", 86400, 0),
    RoutePolicy("health", "/health/live", "no-store", None, 1),
    RoutePolicy("about", "/anp/about", "no-store", None, 0),
    RoutePolicy("revisions", "/anp/revisions", "no-store", None, 1),
    RoutePolicy("stats", "/anp/stats", "no-store", None, 0),
    RoutePolicy("metrics", "/metrics", "no-store", None, 0),
    RoutePolicy("purge", "/anp/purge", "no-store", None, 0),
    RoutePolicy("edit", "/anp/edit", "no-store", None, 0, posted=50),
    RoutePolicy("error", "/no-such-page", "max-age=0", 30, 1),
)

ROUTES: dict[str, RoutePolicy] = {policy.route: policy for policy in TABLE}

QUERIES: dict[bytes, Callable[[bytes], bytes | None]] = {
    policy.example.partition("?")[0].encode(): policy.canonical_query for policy in TABLE if policy.parameters
}
"""Path to the one form of its queries, for every path that reads any."""
