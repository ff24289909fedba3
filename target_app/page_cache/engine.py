"""The ASGI side of the page cache: look up, or have it made, keep it, and send the right form of it."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Iterable
from contextvars import Context
from dataclasses import dataclass, field, replace

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_app.page_cache import policy
from target_app.page_cache.exchange import EXCHANGE, Exchange
from target_app.page_cache.fields import Fields, Headers, combined, groups, http_date
from target_app.page_cache.flight import FAILED, Flights, Landing
from target_app.page_cache.policy import SITE, Key, Profile, Queries, Request, Wish
from target_app.page_cache.representation import (
    Representation,
    choose,
    freshened,
    represent,
    with_gzip,
)
from target_app.page_cache.store import EVERYTHING, Entry, Store, Variants, path_tag

_CONDITIONS = frozenset(
    {b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since", b"range", b"if-range"}
)
_CONDITION = {b"etag": b"if-none-match", b"last-modified": b"if-modified-since"}
"""Validator to the condition by which the application is asked whether it still holds."""
_OF_ONE_ANSWER = frozenset({b"age", b"server-timing"})
"""Fields that tell of one answer and not of the page: they are never kept."""
_FAILURES = frozenset({500, 502, 503, 504})
"""Statuses that a stale page may stand in for (RFC 5861, section 4)."""
_EARLY = 25.0
"""Efforts before its end from which an early refresh is drawn for at all: beyond, its chance is below e^-25."""

NOT_KEPT = "The page cache keeps no such page. Asking again without only-if-cached is safe, and has it made.\n"
"""What is told in words to who wants a page only if it is kept, where it is not."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the cache behaves.

    Attributes:
        enabled: Off: every request goes to the application, though validators and compression stay.
        profile: What kind of cache it is.
        name: What ``Cache-Status`` calls it.
        ttl_cap: Most seconds any page stays fresh.
        max_bytes: Bound on the memory of the pages.
        coalesce: Whether simultaneous misses of a page share one render.
        compression: ``stored`` (gzip form made once), ``per_request`` or ``off``.
        while_revalidate: Most seconds a stale page is sent while a new one is made.
        if_error: Most seconds a stale page stands in for a failure.
        early: Beta of the early refresh: how many efforts before its end a page is refreshed, on average (Vattani,
            Chierichetti & Lowenstein 2015); 0: never.
        queries: The one form of the queries of the paths that read any; a query on any other path is a bypass.
        ignored: Names of parameters that are no part of any query, whatever the path: no page is made from them.
        keyed: Request fields that the application may read its own address from: their values are in the key.
    """

    enabled: bool = True
    profile: Profile = SITE
    name: str = "anp"
    ttl_cap: int = 86_400
    max_bytes: int = 256 * 2**20
    coalesce: bool = True
    compression: str = "stored"
    while_revalidate: int = 86_400
    if_error: int = 7 * 86_400
    early: float = 1.0
    queries: Queries = field(default_factory=dict)
    ignored: frozenset[bytes] = frozenset()
    keyed: tuple[bytes, ...] = ()


Answer = tuple[int, Fields, Headers, bytes]
"""Status, the headers of the page (shared with other answers), those of this answer alone, and body."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a request is and what there is for it.

    Attributes:
        reason: Why it is not looked up, if it is not.
        variants: All pages at its address.
        entry: The one for it, fresh or not.
        now: When it was looked up, by the cache's clock.
        changes: How often the store had changed by then.
    """

    request: Request
    reason: str | None
    variants: Variants
    entry: Entry | None
    now: float
    changes: int


@dataclass(slots=True)
class _Captured:
    """A response of the application, kept back until it is whole."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    whole: bool = False
    seconds: float = 0.0
    failure: Exception | None = None


def _in_words(_: Scope) -> tuple[Headers, bytes]:
    return [(b"cache-control", b"no-store"), (b"content-type", b"text/plain; charset=utf-8")], NOT_KEPT.encode()


class PageCache:
    """The outermost layer of a site: finished pages for readers, nothing but passage for everybody else.

    Attributes:
        store: The pages.
        flights: The renders under way.
        refreshes: How many pages were made anew beside the requests.
        rescues: How many failures a stale page stood in for.
    """

    def __init__(
        self,
        app: ASGIApp,
        options: Options,
        clock: Callable[[], float] = time.monotonic,
        *,
        wall: Callable[[], float] = time.time,
        coin: Callable[[], float] = random.random,
        news: Callable[[], Iterable[str]] | None = None,
        unkept: Callable[[Scope], tuple[Headers, bytes]] = _in_words,
    ) -> None:
        """Put the cache before ``app``.

        Args:
            app: What makes the pages.
            options: How it behaves.
            clock: Seconds, monotonic.
            wall: Unix seconds, to which the dates of responses are held.
            coin: Uniform over [0, 1), for early refreshes.
            news: Tags that have become stale since it was last asked, wherever the change was made. It is asked
                before anything is looked up or kept, so it has to answer at once.
            unkept: The fields and the body of the 504 to a request that wants only what is kept, where nothing is;
                left out, a line of text.
        """
        self._app = app
        self._options = options
        self._profile = options.profile
        self._name = options.name.encode()
        self._early = _EARLY * options.early
        self._clock = clock
        self._wall = wall
        self._coin = coin
        self._news = news
        self._unkept = unkept
        self._refreshing: dict[Key, asyncio.Task[None]] = {}
        self.store = Store(options.max_bytes)
        self.flights = Flights(clock)
        self.refreshes = 0
        self.rescues = 0

    def catch_up(self) -> None:
        """Drop what others have made stale."""
        if self._news is not None and (tags := self._news()):
            self.purge(tags)

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

    async def drain(self) -> None:
        """Wait for the refreshes under way."""
        while self._refreshing:
            await asyncio.gather(*self._refreshing.values(), return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whose scope carries an ``Exchange``; what is not HTTP goes on as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange: Exchange = scope[EXCHANGE]
        found = exchange.found
        if found is not None and found.reason is None:
            # A front may have looked some moments ago: what was purged since is not to be sent, and what was made
            # since is not to be made again.
            self.catch_up()
            if found.changes != self.store.changes:
                found = None
        if found is None:
            if (answer := self.hit(scope, exchange)) is not None:
                await _send_answer(send, answer)
                return
            found = exchange.found
        if found.reason is not None:
            forward = "fwd=method" if found.reason == "method" else f"fwd=bypass; detail={found.reason}"
            exchange.status = self._status(forward)
            await self._forward(scope, receive, send, exchange, found.request)
            return
        await self._look_closer(scope, receive, send, exchange, found)

    def hit(self, scope: Scope, exchange: Exchange) -> Answer | None:
        """The answer where a fresh page is there for a request without wishes, else None: then the cache is called.

        A front that asks for this first spares such a request everything that only others need. What was found is in
        the exchange, so that nothing is looked up twice.
        """
        request = policy.read_request(
            scope["method"],
            scope["raw_path"],
            scope["query_string"],
            scope["headers"],
            self._options.queries,
            self._profile,
            scope.get("scheme", "http"),
            self._options.ignored,
        )
        if self._options.keyed:
            scheme, host, path, form, *_ = request.key
            further = (combined(request.headers, name) or b"" for name in self._options.keyed)
            request.key = (scheme, host, path, form, *further)
        reason = policy.bypass_reason(request, self._profile)
        if reason is None and not self._options.enabled:
            reason = "off"
        if reason is not None:
            exchange.found = _Found(request, reason, (), None, 0.0, 0)
            return None
        if self._news is not None and (tags := self._news()):
            self.purge(tags)
        now = self._clock()
        variants = self.store.get(request.key)
        # Nearly always there is one page for all.
        entry = variants[0] if variants and not variants[0].vary else _chosen(variants, request)
        if entry is None or now >= entry.expires or request.cache_control:
            exchange.found = _Found(request, None, variants, entry, now, self.store.changes)
            return None
        left = entry.expires - now
        if left < self._early * entry.effort and self._is_due(entry, left):
            self._refresh(scope, request, entry)
        exchange.word = "HIT"
        exchange.route = entry.route
        exchange.status = b"%b; hit; ttl=%d" % (self._name, left)
        return _stored_answer(entry, request, now)

    async def _look_closer(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, found: _Found) -> None:
        """What is not a plain hit: wishes of the request, stale pages, and pages that are not there."""
        request, entry, now = found.request, found.entry, found.now
        wish = policy.wish(request, self._profile)
        if entry is not None and _satisfies(entry, wish, now):
            exchange.word = "HIT" if now < entry.expires else "STALE"
            exchange.status = self._status(f"hit; ttl={math.floor(entry.expires - now)}")
            await _send_stored(send, exchange, entry, request, now)
            return
        if wish.only_if_cached:
            exchange.status = self._status("fwd=miss; detail=only-if-cached")
            headers, body = self._unkept(scope)
            await _send(send, represent(504, headers, body, validators=False, compression=False), request, [])
            return
        if (
            entry is not None
            and entry.expires <= now < min(entry.while_revalidate, entry.expires + self._options.while_revalidate)
            and wish == policy.NO_WISH
        ):
            self._refresh(scope, request, entry)
            exchange.word = "STALE"
            exchange.status = self._status(f"hit; ttl={math.floor(entry.expires - now)}; detail=swr")
            await _send_stored(send, exchange, entry, request, now)
            return
        if entry is None:
            forward = "vary-miss" if found.variants else "uri-miss"
        else:
            forward = "stale" if now >= entry.expires else "request"
        await self._fill(scope, receive, send, exchange, request, entry, forward)

    async def _fill(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        exchange: Exchange,
        request: Request,
        old: Entry | None,
        forward: str,
    ) -> None:
        exchange.word = "MISS" if old is None else "EXPIRED"
        exchange.status = self._status(f"fwd={forward}")  # all that there is to say where nothing comes back
        flight = None
        if self._options.coalesce and forward != "request":
            if await self._answered_by_another(send, exchange, request, old, forward):
                return
            flight = self.flights.lead(request.key)
        landing = FAILED
        ticket = self.store.take_ticket()
        made: Entry | None = None
        stored = False
        try:
            captured = await self._ask(self._question(scope, request, old), receive, exchange)
            self.catch_up()
            if old is not None and _failed(captured) and self._stands_in(old, request.key):
                fate = f"; fwd-status={captured.status}" if captured.status else ""
                await self._send_instead(send, exchange, request, old, f"fwd={forward}{fate}")
                return
            if captured.whole:
                representation, made = self._made(captured, request, exchange.route, old)
                stored = self._keep(request, captured, made, old, ticket)
            if made is not None and made.expires > self._clock():
                landing = Landing(made)
            elif _tells(captured):
                landing = Landing()
        finally:
            self.store.return_ticket(ticket)
            if flight is not None:
                self.flights.land(request.key, flight, landing)
        if captured.whole:
            exchange.status = self._fill_status(forward, captured.status, made, stored=stored)
            if made is None and captured.status < 500:
                exchange.word = "BYPASS"
            if old is not None and captured.status == 304:
                exchange.word = "REVALIDATED"
            await _send(send, representation, request, self._of_this_answer(made, captured))
        if captured.failure is not None:
            raise captured.failure

    async def _answered_by_another(
        self, send: Send, exchange: Exchange, request: Request, old: Entry | None, forward: str
    ) -> bool:
        """Wait for the render under way, if there is one, and answer with what it gave.

        Where it failed, the stale page stands in if it may; else one of those who waited makes the next attempt, and
        the others wait for that.
        """
        begun, waits_since = time.perf_counter(), asyncio.get_running_loop().time()
        while (landing := await self.flights.follow(request.key, waits_since)) is not None:
            exchange.inner = time.perf_counter() - begun
            shared = landing.entry
            if landing.failed:
                self.catch_up()
                # Another who waited may have been given the page already.
                shared = _chosen(self.store.get(request.key), request)
                if shared is not None and self._clock() >= shared.expires:
                    shared = None
            if shared is not None and policy.fits(shared.vary, request.headers):
                exchange.status = self._status(f"fwd={forward}; collapsed")
                await _send_stored(send, exchange, shared, request, self._clock())
                return True
            if not landing.failed:
                return False
            if old is not None and self._stands_in(old, request.key):
                await self._send_instead(send, exchange, request, old, f"fwd={forward}; collapsed")
                return True
        return False

    async def _send_instead(self, send: Send, exchange: Exchange, request: Request, old: Entry, forward: str) -> None:
        """Send the page that is there in the place of a failure."""
        self.rescues += 1
        now = self._clock()
        exchange.word = "HIT" if now < old.expires else "STALE"
        exchange.status = self._status(f"{forward}; ttl={math.floor(old.expires - now)}; detail=sie")
        await _send_stored(send, exchange, old, request, now)

    def _keep(self, request: Request, captured: _Captured, made: Entry | None, old: Entry | None, ticket: int) -> bool:
        """Store what was made; whether it is kept or not, the page that it outdates does not stay."""
        stored = made is not None and self.store.put(request.key, made, ticket)
        if old is not None and (
            stored or (_tells(captured) and policy.outdates(captured.status, request, self._profile))
        ):
            self.store.drop(request.key, old)
        return stored

    def _made(
        self, captured: _Captured, request: Request, route: str, old: Entry | None
    ) -> tuple[Representation, Entry | None]:
        """What came of a fill: the response, and what is kept of it."""
        headers, status = captured.headers, captured.status
        if status == 304 and old is not None:
            representation = freshened(old.representation, _of_the_page(headers))
            etag = representation.plain.etag
            ages = [each for each in headers if each[0] == b"age"]
            headers = [*representation.headers, *([(b"etag", etag)] if etag else []), *ages]
            status, route = old.representation.status, old.route
        else:
            representation = self._represent(captured)
        terms = policy.terms(
            status,
            headers,
            request,
            self._profile,
            cap=self._options.ttl_cap,
            delay=captured.seconds,
            now=self._wall(),
        )
        if terms is None or not _is_complete(captured):
            return representation, None
        validators = tuple((_CONDITION[name], value) for name, value in headers if name in _CONDITION)
        if captured.status == 304 and old is not None:
            # The stored fields tell of codings and tags made here, of which the application knows nothing. A Vary that
            # it sends is news, and the page is right for this request.
            vary = policy.varied(captured.headers, request.headers) or old.vary
            terms, validators = replace(terms, vary=vary), old.validators
        if self._options.compression == "stored":
            representation = with_gzip(representation)
        born = self._clock() - terms.age
        expires = born + terms.lifetime
        return representation, Entry(
            representation,
            born,
            expires,
            expires + terms.while_revalidate,
            expires + terms.if_error,
            terms.may_be_stale,
            captured.seconds,
            route,
            tuple(groups(headers, b"cache-groups") | {EVERYTHING, path_tag(request.key[2])}),
            terms.vary,
            validators,
        )

    def _stands_in(self, old: Entry, key: Key) -> bool:
        """Whether the stale page may be sent instead of a failure."""
        if old not in self.store.get(key):
            return False  # purged meanwhile: it is wrong, not only old
        return self._clock() < min(old.if_error, old.expires + self._options.if_error)

    def _is_due(self, entry: Entry, left: float) -> bool:
        """Whether this is the reader for whom the page is refreshed before its end."""
        return -self._options.early * entry.effort * math.log(1.0 - self._coin()) >= left

    def _refresh(self, scope: Scope, request: Request, old: Entry) -> None:
        """Have a page made anew beside the requests, once at a time; its cost is no request's."""
        if request.key in self._refreshing:
            return
        self.refreshes += 1
        beside = {**self._question(scope, request, old), EXCHANGE: Exchange()}
        task = asyncio.get_running_loop().create_task(self._refill(beside, request, old), context=Context())
        self._refreshing[request.key] = task
        task.add_done_callback(lambda _: self._refreshing.pop(request.key, None))

    async def _refill(self, scope: Scope, request: Request, old: Entry) -> None:
        ticket = self.store.take_ticket()
        try:
            exchange: Exchange = scope[EXCHANGE]
            captured = await self._ask(scope, _nothing_more, exchange)
            self.catch_up()
            if not _failed(captured):
                _, made = self._made(captured, request, exchange.route, old)
                self._keep(request, captured, made, old, ticket)
        finally:
            self.store.return_ticket(ticket)

    async def _forward(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, request: Request) -> None:
        captured = await self._ask(scope, receive, exchange)
        if captured.whole:
            self._drop_changed(request, captured)
            if request.method == "HEAD" and not captured.body:
                # The application has left the body out by itself: its fields are all that is known of the page.
                await _send_answer(send, (captured.status, Fields(captured.headers), [], b""))
            else:
                await _send(send, self._represent(captured), request, self._of_this_answer(None, captured))
        if captured.failure is not None:
            raise captured.failure

    def _drop_changed(self, request: Request, captured: _Captured) -> None:
        """Drop what a change has made doubtful, by its address (RFC 9111) and by its groups (RFC 9875)."""
        paths = policy.dropped_by(request.method, captured.status, captured.headers, request.key, self._profile)
        tags = {path_tag(path) for path in paths}
        if tags:
            self.purge(tags | groups(captured.headers, b"cache-group-invalidation"))

    async def _ask(self, scope: Scope, receive: Receive, exchange: Exchange) -> _Captured:
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

        begun = time.perf_counter()
        try:
            await self._app(scope, receive, hold)
        except Exception as error:  # raised again once the error page is on its way
            captured.failure = error
        captured.seconds = time.perf_counter() - begun
        exchange.inner += captured.seconds
        if all(name != b"date" for name, _ in captured.headers):
            captured.headers.append((b"date", http_date(self._wall())))
        captured.body = b"".join(parts)
        return captured

    @staticmethod
    def _question(scope: Scope, request: Request, old: Entry | None) -> Scope:
        """The request that makes the page whole, whoever asked for whichever part of it and in whichever words."""
        headers = [field for field in scope["headers"] if field[0] not in _CONDITIONS]
        return {
            **scope,
            "method": "GET",
            "query_string": request.key[3],
            "headers": [*headers, *old.validators] if old is not None else headers,
        }

    def _represent(self, captured: _Captured) -> Representation:
        headers = _of_the_page(captured.headers)
        private = any(name == b"cache-control" and b"no-store" in value for name, value in headers)
        return represent(
            captured.status,
            headers,
            captured.body,
            validators=self._profile.validators and not private,
            compression=self._options.compression != "off",
        )

    def _of_this_answer(self, made: Entry | None, captured: _Captured) -> Headers:
        """What came beside the page and goes on with it this once; a page that was renewed has the age of its own."""
        own = [each for each in captured.headers if each[0] in _OF_ONE_ANSWER]
        if made is None or captured.status != 304:
            return own
        return [*(each for each in own if each[0] != b"age"), (b"age", b"%d" % (self._clock() - made.born))]

    def _status(self, said: str) -> bytes:
        return f"{self._options.name}; {said}".encode()

    def _fill_status(self, forward: str, status: int, made: Entry | None, *, stored: bool) -> bytes:
        if made is None and status < 500:
            return self._status("fwd=bypass; detail=nostore")
        kept = f"; stored; ttl={round(made.expires - self._clock())}" if stored and made is not None else ""
        return self._status(f"fwd={forward}; fwd-status={status}{kept}")


def _chosen(variants: Variants, request: Request) -> Entry | None:
    """The newest page that was made for requests like this one."""
    for entry in variants:
        if not entry.vary or policy.fits(entry.vary, request.headers):
            return entry
    return None


def _of_the_page(headers: Headers) -> Headers:
    return [each for each in headers if each[0] not in _OF_ONE_ANSWER]


def _satisfies(entry: Entry, wish: Wish, now: float) -> bool:
    """Whether a stored page is what the request wishes for, without asking the application."""
    if wish.ask or (wish.max_age is not None and now - entry.born > wish.max_age):
        return False
    left = entry.expires - now
    if left > 0:
        return left >= wish.min_fresh
    return entry.may_be_stale and wish.min_fresh == 0 and -left < wish.max_stale


def _failed(captured: _Captured) -> bool:
    """Whether a stale page may stand in for what the application came back with."""
    return not captured.whole or captured.status in _FAILURES


def _tells(captured: _Captured) -> bool:
    """Whether the application came back with anything that lasts: what failed may be otherwise a moment later."""
    return captured.status < 500 and _is_complete(captured)


def _is_complete(captured: _Captured) -> bool:
    """Whether all of the body came, as far as its length was announced."""
    if captured.failure is not None or not captured.whole:
        return False
    told = combined(captured.headers, b"content-length")
    if told is None or captured.status == 304:
        return True
    return told.strip() == b"%d" % len(captured.body)


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _stored_answer(entry: Entry, request: Request, now: float) -> Answer:
    status, headers, body = choose(entry.representation, request, is_stored=True)
    return status, headers, [(b"age", b"%d" % (now - entry.born))], body


async def _send_stored(send: Send, exchange: Exchange, entry: Entry, request: Request, now: float) -> None:
    exchange.route = entry.route
    await _send_answer(send, _stored_answer(entry, request, now))


async def _send(send: Send, representation: Representation, request: Request, extra: Headers) -> None:
    status, headers, body = choose(representation, request)
    await _send_answer(send, (status, headers, extra, body))


async def _send_answer(send: Send, answer: Answer) -> None:
    status, headers, own, body = answer
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *own]})
    await send({"type": "http.response.body", "body": body})
