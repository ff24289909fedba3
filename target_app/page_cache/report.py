"""The cache's word to the world, for applications that have no front of their own."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_app.page_cache.exchange import EXCHANGE, Exchange


class Reported:
    """An ASGI application around the page cache that says in ``Cache-Status`` what it did (RFC 9211).

    Members of caches before stand before ours, as the field is read from the origin to the user.
    """

    def __init__(self, cache: ASGIApp) -> None:
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is not HTTP goes to the application as it is."""
        if scope["type"] != "http":
            await self._cache(scope, receive, send)
            return
        exchange = scope[EXCHANGE] = Exchange()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"cache-status", exchange.status)]
            await send(message)

        await self._cache(scope, receive, told)
