"""The first and last thing a request meets: host check, the bill, and the headers that say what happened.

What it adds is made for each response, outside the page cache, and so can never be stored or replayed.
"""

from __future__ import annotations

import ipaddress
import re
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_app.access import Asked
from target_app.access_log import AccessLog
from target_app.accounting import LEDGER, Ledger
from target_app.delays import Delays, Stalls, spin_until, wait_until
from target_app.page_cache import EXCHANGE, Answer, Exchange
from target_app.page_cache.fields import Headers, http_date
from target_app.problems import refuse, refuse_for_a_defect
from target_app.statistics import BOUNDS, Statistics

_HOST = re.compile(rb"(?P<name>\[(?P<ipv6>[0-9a-f:.]+)\]|[a-z0-9.-]+?)\.?(?::(?P<port>\d{1,5}))?", re.IGNORECASE)
_LAST_PORT = 65_535
_REMEMBERED_HOSTS = 64
_STATUS, _TIMING = b"cache-status", b"server-timing"
_HIT = (b"x-cache", b"HIT")
_HIT_COST = b'cache;desc="HIT";dur=%.3f, db;dur=0.000, db-calls;dur=0, render;dur=0.000, app;dur=%.3f'
"""A stored page cost what the cache took, and nothing else."""
_COST = b'cache;desc="%b";dur=%.3f, db;dur=%.3f, db-calls;dur=%d, render;dur=%.3f, app;dur=%.3f'
_ID = b"x-request-id"
_LOOK = "anp.look"
"""The scope key for what was found out about a request that could not be answered at once."""

Ready = tuple[int, bytes, bytes]
"""Status, lines of the header fields, and body."""


class _Look(NamedTuple):
    """What there is for a request.

    Attributes:
        begun: When it came, by the front's clock.
        answer: The page that is there for it.
        finished: When that was found.
        delay: Seconds from then on for which it is to be kept back.
    """

    exchange: Exchange
    begun: float
    answer: Answer | None
    finished: float
    delay: float


class Front:
    """An ASGI application around the page cache."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str],
        delays: Delays,
        stalls: Stalls,
        statistics: Statistics,
        hit: Callable[[Scope, Exchange], Answer | None] | None = None,
        timing: Asked | None = None,
        log: AccessLog | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Put the front before ``app``.

        Args:
            app: The page cache.
            hosts: Names the site answers to, without ports; an empty collection is any well-formed name.
            delays: Known delays to put into answers.
            stalls: When to hold still.
            statistics: Where to count.
            hit: The cache's own look-up of plain hits, where nothing stands between it and the front.
            timing: Which requests are told in ``Server-Timing`` what they cost; None: all.
            log: Where a line is written about each request, if anywhere.
            clock: Seconds, as fine as there is.
        """
        self._app = app
        self._hosts = frozenset(host.lower().encode() for host in hosts)
        self._accepted: set[bytes] = set()
        self._delays = delays
        self._stalls = stalls
        self._statistics = statistics
        self._tallies = statistics.tallies
        self._hit = hit
        self._timing = timing
        self._log = log
        self._clock = clock

    def at_once(self, scope: Scope) -> Ready | None:
        """The answer to a request for a page that is there; None where there is none, and the front is to be called.

        A server that asks this first spares a hit all of ASGI: a task, and two messages whose fields it would look at
        one by one. What was found out is left in the scope, so that nothing is done twice.
        """
        look = self._look(scope)
        if (
            look.answer is None
            or (wire := look.answer[1].wire) is None
            or (look.delay and not spin_until(look.finished + look.delay))
        ):
            scope[_LOOK] = look
            return None
        status, _, _, body = look.answer
        return status, wire + b"".join([b"%b: %b\r\n" % field for field in self._told(scope, look)]), body

    def unread(self, scope: Scope, status: int, size: int) -> Headers:
        """What to tell with the answer to a request that the server could not read, which is counted and noted here.

        Args:
            scope: As much of it as was read.
            status: Of the answer.
            size: Bytes of its body.
        """
        exchange = Exchange(status=b"anp; fwd=bypass; detail=unread")
        headers = [(_STATUS, exchange.status), (b"x-cache", exchange.word.encode()), (b"date", http_date())]
        if self._timing is None or self._timing(scope):
            headers.append((_TIMING, _cost(exchange, Ledger(), 0.0)))
        if self._log is not None:
            request_id = self._log.next_id()
            headers.append((_ID, request_id.encode()))
            self._log.note(request_id, scope, exchange, status, size, 0.0, 0.0)
        self._tallies[exchange.route, exchange.word, status].add(0.0)
        return headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is not one."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        look = scope.pop(_LOOK, None) or self._look(scope)
        if look.answer is None:
            await self._answer(scope, receive, send, look.exchange, look.begun)
            return
        if look.delay:
            await wait_until(look.finished + look.delay)
        status, headers, _, body = look.answer
        headers = [*headers, *self._told(scope, look)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _look(self, scope: Scope) -> _Look:
        """Begin with a request, and see whether there is a page for it."""
        begun = self._clock()
        if self._stalls:
            self._stalls.hold()
        exchange = scope[EXCHANGE] = Exchange()
        if self._hit is None or not self._known_host(scope) or (answer := self._hit(scope, exchange)) is None:
            return _Look(exchange, begun, None, 0.0, 0.0)
        return _Look(exchange, begun, answer, self._clock(), self._delays.owed(exchange.route, "HIT"))

    def _told(self, scope: Scope, look: _Look) -> Headers:
        """The header fields of a hit that no other has, at the moment when it is sent; it is counted here."""
        exchange, begun, answer, finished, delay = look
        assert answer is not None
        status, _, fields, body = answer
        if delay:
            since, finished = finished, self._clock()
            self._count_delay(finished - since)
        took = finished - begun
        fields += [(_STATUS, exchange.status), _HIT]
        if self._timing is None or self._timing(scope):
            fields.append((_TIMING, _HIT_COST % (took * 1e3, took * 1e3)))
        tally = self._tallies[exchange.route, "HIT", status]
        tally.buckets[bisect_left(BOUNDS, took)] += 1  # as ``add`` does, without the call
        tally.seconds += took
        if self._log is not None:
            request_id = self._log.next_id()
            fields.append((_ID, request_id.encode()))
            self._log.note(request_id, scope, exchange, status, len(body), took, took)
        return fields

    async def _answer(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange, begun: float) -> None:
        """What is not a plain hit."""
        ledger = Ledger()
        LEDGER.set(ledger)
        log = self._log
        request_id = log.next_id() if log is not None else ""
        status, size, total = 0, 0, 0.0

        async def observed(message: Message) -> None:
            nonlocal status, size, total
            if message["type"] == "http.response.start":
                finished = self._clock()
                if delay := self._delays.owed(exchange.route, exchange.word):
                    # From before the question whether to delay, so that asking is part of the delay.
                    await wait_until(finished + delay)
                    self._count_delay(self._clock() - finished)
                total = self._clock() - begun
                status = message["status"]
                headers = [*message["headers"], (_STATUS, exchange.status), (b"x-cache", exchange.word.encode())]
                if self._timing is None or self._timing(scope):
                    headers.append((_TIMING, _cost(exchange, ledger, total)))
                if log is not None:
                    headers.append((_ID, request_id.encode()))
                if all(name != b"date" for name, _ in headers):
                    headers.append((b"date", http_date()))
                message["headers"] = headers
                self._tallies[exchange.route, exchange.word, status].add(total)
                self._statistics.requests[exchange.route].add(ledger)
            elif message["type"] == "http.response.body" and scope["method"] != "HEAD":
                size += len(message.get("body", b""))
            await send(message)

        try:
            if self._known_host(scope):
                await self._app(scope, receive, observed)
            else:
                await refuse(
                    scope,
                    observed,
                    400,
                    "the site does not answer to that host name",
                    expected="a name that it was started with",
                    retryable=False,
                    text="This site does not answer to that host name.\n",
                )
        except Exception:
            if not status:  # else the pages have said what there is to say
                await refuse_for_a_defect(scope, observed)
            raise
        finally:
            if log is not None and status:
                log.note(request_id, scope, exchange, status, size, total, self._clock() - begun, ledger)

    def _count_delay(self, seconds: float) -> None:
        """Account for an answer that was kept back on purpose."""
        self._statistics.delayed += 1
        self._statistics.delayed_seconds += seconds

    def _known_host(self, scope: Scope) -> bool:
        host = None
        for name, value in scope["headers"]:
            if name == b"host":
                if host is not None:
                    return False
                host = value
        if host is None or host in self._accepted:
            return host is not None
        name = _host_name(host)
        if name is None or (self._hosts and name not in self._hosts):
            return False
        if len(self._accepted) < _REMEMBERED_HOSTS:
            self._accepted.add(host)
        return True


def _cost(exchange: Exchange, ledger: Ledger, total: float) -> bytes:
    """The value of ``Server-Timing``; the cost of a hit is what the cache took, and nothing else."""
    return _COST % (
        exchange.word.encode(),
        (total - exchange.inner) * 1e3,
        ledger.seconds * 1e3,
        ledger.statements,
        ledger.rendering * 1e3,
        total * 1e3,
    )


def _host_name(host: bytes) -> bytes | None:
    """The name in a ``Host``, in lower case and without its port and the dot of the root; None where it is no host."""
    parts = _HOST.fullmatch(host)
    if parts is None or int(parts["port"] or 0) > _LAST_PORT:
        return None
    if parts["ipv6"] is not None:
        try:
            ipaddress.IPv6Address(parts["ipv6"].decode())
        except ValueError:
            return None
    return parts["name"].lower()
