"""Deliberately broken builds (``--set fault=…``): each does one thing a site must never do, to try checks on it.

Nothing here runs in a sound build; the parts that are broken know nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_app.page_cache import PageCache

_HIDDEN = "anp.fault.cookies"


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
