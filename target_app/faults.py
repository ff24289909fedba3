"""Deliberately broken builds (``--set fault=…``): each does one thing a site must never do, to try checks on it.

Beside them stand disturbances of known size: lookups that find nothing (``cache_skip``), bursts of errors (``errors``).
Nothing here runs in a sound build; the parts that are broken know nothing of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_app.page_cache import EXCHANGE, Exchange, PageCache
from target_app.page_cache.policy import Key
from target_app.page_cache.store import Variants
from target_app.problems import refuse
from target_app.settings import Outage

_HIDDEN = "anp.fault.cookies"
_SPARED = ("/anp/", "/health/", "/metrics")
"""What the site says of itself is told during an outage, too."""


def break_pages(fault: str, pages: ASGIApp) -> ASGIApp:
    """What goes between the page cache and the pages."""
    if fault == "leak_member_page":
        return _MembersAsPublic(pages)
    if fault == "wrong_article":
        return _PreviousArticle(pages)
    return pages


def break_cache(fault: str, cache: PageCache) -> ASGIApp:
    """What stands where the page cache would."""
    if fault == "leak_member_page":
        return _CookiesHidden(cache)
    if fault == "stale_after_purge":
        _forget_purges(cache)
    return cache


def break_front(fault: str, front: ASGIApp) -> ASGIApp:
    """What a request meets first."""
    return _SilentCache(front) if fault == "silent_cache" else front


def skip_lookups(cache: PageCache, fraction: float, seed: int = 0) -> None:
    """Let the cache find nothing in a share of its lookups; which ones follows from ``seed`` and their order."""
    if not fraction:
        return
    find, coin = cache.store.get, random.Random(seed)  # a coin, not a secret

    def find_or_not(key: Key) -> Variants:
        found = find(key)
        return found if coin.random() >= fraction else ()

    cache.store.get = find_or_not  # type: ignore[method-assign]


class Outages:
    """Refuses a share of the requests in bursts, before anything is done for them."""

    def __init__(
        self, app: ASGIApp, outage: Outage, *, clock: Callable[[], float] = time.monotonic, seed: int = 0
    ) -> None:
        """Begin to count now; which requests are refused follows from ``seed`` and their order.

        Args:
            app: What answers otherwise.
            outage: How many, how long, how often.
            clock: Seconds, monotonic.
            seed: Of the coin.
        """
        self._app = app
        self._outage = outage
        self._clock = clock
        self._begun = clock()
        self._random = random.Random(seed)  # a coin, not a secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["path"].startswith(_SPARED) or not self._is_on() or self._random.random() >= self._outage.fraction:
            await self._app(scope, receive, send)
            return
        exchange: Exchange = scope[EXCHANGE]
        exchange.status = b"anp; fwd=bypass; detail=outage"
        await refuse(
            scope,
            send,
            503,
            "the request was refused on purpose, before anything was done",
            expected="a site without the setting errors",
            retryable=True,
            text="",
        )

    def _is_on(self) -> bool:
        since = self._clock() - self._begun
        return since >= self._outage.every and since % self._outage.every < self._outage.seconds


class _SilentCache:
    """Says nothing of what the page cache did."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def silenced(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, value.partition(b", ")[2] if name == b"server-timing" else value)
                    for name, value in message["headers"]
                    if name not in {b"cache-status", b"x-cache", b"age"}
                ]
            await send(message)

        await self._app(scope, receive, silenced)


class _CookiesHidden:
    """Lets nobody look signed in to the page cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cookies = [field for field in scope["headers"] if field[0] == b"cookie"]
        others = [field for field in scope["headers"] if field[0] != b"cookie"]
        await self._app({**scope, "headers": others, _HIDDEN: cookies}, receive, send)


class _MembersAsPublic:
    """Gives the cookies back to the pages, and passes a member's article off as everybody's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def public(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"].startswith("/articles/"):
                headers = [field for field in message["headers"] if field[0] != b"cache-control"]
                message["headers"] = [*headers, (b"cdn-cache-control", b"max-age=300")]
            await send(message)

        await self._app({**scope, "headers": [*scope["headers"], *scope[_HIDDEN]]}, receive, public)


class _PreviousArticle:
    """Answers every article with the one that was asked for before it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._previous: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["path"]
        if asked.startswith("/articles/"):
            scope = {**scope, "path": self._previous or asked}
            self._previous = asked
        await self._app(scope, receive, send)


def _forget_purges(cache: PageCache) -> None:
    def forget(tags: Iterable[str]) -> int:
        return 0

    cache.purge = forget  # type: ignore[method-assign]
