"""The ASGI side of the page cache: look up, or have it made, keep it, and send the right form of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_app.page_cache import policy
from target_app.page_cache.exchange import EXCHANGE, Exchange
from target_app.page_cache.flight import Flights
from target_app.page_cache.policy import Headers, Key, Queries, Request
from target_app.page_cache.representation import Representation, choose, represent, with_gzip
from target_app.page_cache.store import EVERYTHING, Entry, Store, path_tag

_CONDITIONS = frozenset(
    {b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since", b"range", b"if-range"}
)


@dataclass(frozen=True, slots=True)
class Options:
    """How the cache behaves.

    Attributes:
        enabled: Off: every request goes to the application, though validators and compression stay.
        ttl_cap: Most seconds any page stays fresh.
        max_bytes: Bound on the memory of the pages.
        coalesce: Whether simultaneous misses of a page share one render.
        compression: ``stored`` (gzip form made once), ``per_request`` or ``off``.
        queries: The one form of the queries of the paths that read any; a query on any other path is a bypass.
    """

    enabled: bool = True
    ttl_cap: int = 86_400
    max_bytes: int = 256 * 2**20
    coalesce: bool = True
    compression: str = "stored"
    queries: Queries = field(default_factory=dict)


@dataclass(slots=True)
class _Captured:
    """A response of the application, kept back until it is whole."""

    status: int = 0
    headers: Headers | None = None
    body: bytes = b""
    whole: bool = False


class PageCache:
    """The outermost layer of a site: finished pages for readers, nothing but passage for everybody else."""

    def __init__(self, app: ASGIApp, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._options = options
        self._clock = clock
        self.store = Store(options.max_bytes)
        self.flights = Flights(clock)

    def purge(self, tags: Iterable[str]) -> int:
        """Drop every page with one of these tags; renders under way will not bring them back."""
        self.flights.detach()
        return self.store.purge(tags)

    def purge_path(self, raw_path: bytes) -> int:
        """Drop the page at a path."""
        return self.purge([path_tag(raw_path)])

    def purge_everything(self) -> int:
        """Drop all pages."""
        return self.purge([EVERYTHING])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the scope carries an ``Exchange``."""
        exchange: Exchange = scope[EXCHANGE]
        request = policy.read_request(
            scope["method"], scope["raw_path"], scope["query_string"], scope["headers"], self._options.queries
        )
        reason = policy.bypass_reason(request)
        if reason is None and not self._options.enabled:
            reason = "off"
        if reason is not None:
            forward = "fwd=method" if reason == "method" else f"fwd=bypass; detail={reason}"
            exchange.status = f"anp; {forward}".encode()
            await self._forward(scope, receive, send, exchange, request)
            return

        entry = self.store.get(request.key)
        now = self._clock()
        if entry is not None and now < entry.expires:
            exchange.word = "HIT"
            exchange.status = b"anp; hit; ttl=%d" % (entry.expires - now)
            await _send_stored(send, exchange, entry, request, now)
            return
        await self._fill(scope, receive, send, exchange, request, expired=entry is not None)

    async def _fill(
        self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, request: Request, *, expired: bool
    ) -> None:
        exchange.word = "EXPIRED" if expired else "MISS"
        forward = "stale" if expired else "uri-miss"
        flight = None
        if self._options.coalesce:
            begun = time.perf_counter()
            shared = await self.flights.follow(request.key)
            if shared is not None:
                exchange.inner = time.perf_counter() - begun
                exchange.status = f"anp; fwd={forward}; collapsed".encode()
                await _send_stored(send, exchange, shared, request, self._clock())
                return
            flight = self.flights.lead(request.key)
        ticket = self.store.take_ticket()
        made: Entry | None = None
        try:
            captured, failure = await self._ask(self._plain_get(scope, request.key), receive, exchange)
            if captured.whole:
                representation = self._represent(captured)
                made = self._keepable(captured, representation, exchange.route, request.key)
                stored = made is not None and self.store.put(request.key, made, ticket)
                exchange.status = _fill_status(forward, captured.status, made, stored=stored)
                if made is None and captured.status < 500:
                    exchange.word = "BYPASS"
        finally:
            self.store.return_ticket(ticket)
            if flight is not None:
                self.flights.land(request.key, flight, made)
        if captured.whole:
            await _send(send, made.representation if made else representation, request, [])
        if failure is not None:
            raise failure

    async def _forward(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, request: Request) -> None:
        captured, failure = await self._ask(scope, receive, exchange)
        if captured.whole:
            await _send(send, self._represent(captured), request, [])
        if failure is not None:
            raise failure

    async def _ask(self, scope: Scope, receive: Receive, exchange: Exchange) -> tuple[_Captured, Exception | None]:
        """Have the application answer, and hold the answer back until it is whole."""
        captured = _Captured()
        parts: list[bytes] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                captured.status = message["status"]
                captured.headers = [(name.lower(), value) for name, value in message["headers"]]
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                captured.whole = not message.get("more_body", False)

        failure: Exception | None = None
        begun = time.perf_counter()
        try:
            await self._app(scope, receive, hold)
        except Exception as error:  # raised again once the error page is on its way
            failure = error
        exchange.inner += time.perf_counter() - begun
        captured.body = b"".join(parts)
        return captured, failure

    @staticmethod
    def _plain_get(scope: Scope, key: Key) -> Scope:
        """The request that makes the page whole, whoever asked for whichever part of it and in whichever words."""
        return {
            **scope,
            "method": "GET",
            "query_string": key[2],
            "headers": [field for field in scope["headers"] if field[0] not in _CONDITIONS],
        }

    def _represent(self, captured: _Captured) -> Representation:
        headers = captured.headers or []
        private = any(name == b"cache-control" and b"no-store" in value for name, value in headers)
        return represent(
            captured.status,
            headers,
            captured.body,
            validators=not private,
            compression=self._options.compression != "off",
        )

    def _keepable(self, captured: _Captured, representation: Representation, route: str, key: Key) -> Entry | None:
        headers = captured.headers or []
        seconds = policy.storable_seconds(captured.status, headers, self._options.ttl_cap)
        if seconds is None:
            return None
        if self._options.compression == "stored":
            representation = with_gzip(representation)
        now = self._clock()
        tags = policy.cache_groups(headers) | {EVERYTHING, path_tag(key[1])}
        return Entry(representation, now, now + seconds, route, tags)


def _fill_status(forward: str, status: int, made: Entry | None, *, stored: bool) -> bytes:
    if made is None:
        if status < 500:
            return b"anp; fwd=bypass; detail=nostore"
        return f"anp; fwd={forward}; fwd-status={status}".encode()
    kept = f"; stored; ttl={round(made.expires - made.stored)}" if stored else ""
    return f"anp; fwd={forward}; fwd-status={status}{kept}".encode()


async def _send_stored(send: Send, exchange: Exchange, entry: Entry, request: Request, now: float) -> None:
    exchange.route = entry.route
    await _send(send, entry.representation, request, [(b"age", b"%d" % (now - entry.stored))])


async def _send(send: Send, representation: Representation, request: Request, extra: Headers) -> None:
    status, headers, body = choose(representation, request)
    await send({"type": "http.response.start", "status": status, "headers": headers + extra})
    await send({"type": "http.response.body", "body": body})
