"""The precise client: HTTP/1.1 over one keep-alive connection, timed where the bytes pass.

A read watcher stays on the socket for as long as the connection lives. The hub's callback reads, stamps the time and
feeds the parser; the waiting greenlet is woken once, when the response is whole. Nothing is ever raised for what a
server does: every exchange ends as a ``Reply`` whose ``error`` is one of ``results.columns.ERROR_CLASSES``.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any
from urllib.parse import urlencode, urlsplit

import gevent.monkey
import httptools
from gevent import get_hub, getcurrent

from locustfiles._cookies import Jar
from locustfiles._errors import SwarmError

_socket: type[socket.socket] = gevent.monkey.get_original("socket", "socket")
_monotonic = time.monotonic
_READ = 262_144
_TICK_S = 0.02

BROWSER_HEADERS = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 anp-swarm\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Connection: keep-alive\r\n"
)
"""What every request carries; a cache that varies by encoding must see what browsers send."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part of an exchange may take, seconds; ``total`` counts from the first attempt."""

    connect: float = 5.0
    first_byte: float = 15.0
    total: float = 30.0


@dataclass(slots=True, eq=False)
class Reply:
    """What became of one request. Times are seconds of ``time.monotonic``; ``nan`` where the moment never came.

    Attributes:
        status: 0 where there was no response.
        headers: By lower-case name; a repeated field is joined with commas, ``Set-Cookie`` is kept apart.
        body: As it came over the wire, not decompressed.
        new_connection: A connection was opened for it, the first one or because the server had closed the old one.
    """

    sent: float = nan
    first_byte: float = nan
    end: float = nan
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    set_cookies: list[bytes] = field(default_factory=list)
    body: bytes = b""
    error: str = "none"
    new_connection: bool = False


class Origin:
    """Where an arm is: its address, resolved once, and the requests that all its visitors word alike.

    Raises:
        SwarmError: The URL is not plain http, or its host has no address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise SwarmError(f"the swarm cannot reach {url!r}: give an origin such as http://127.0.0.1:8000")
        self.url = f"http://{parts.netloc}"
        try:
            found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
        except OSError as error:
            raise SwarmError(f"host {parts.hostname!r} has no address ({error.strerror}); check the URL") from error
        self.addresses = [(family, address) for family, _, _, _, address in found]
        self._head = f" HTTP/1.1\r\nHost: {parts.netloc}\r\n{BROWSER_HEADERS}"
        self._plain: dict[str, bytes] = {}

    def get(self, path: str) -> bytes:
        """The bytes of a GET without cookies."""
        message = self._plain.get(path)
        if message is None:
            message = self._plain[path] = self.message("GET", path)
        return message

    def message(self, method: str, path: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> bytes:
        """The bytes of any other request."""
        more = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"{method} {path}{self._head}{more}\r\n".encode("latin-1") + body


_lower: dict[bytes, bytes] = {}


def _lower_case(name: bytes) -> bytes:
    """A header name in lower case, remembered: a server has few and repeats them in every response."""
    if len(_lower) > 1000:
        _lower.clear()
    return _lower.setdefault(name, name.lower())


class _Watchdog:
    """Ends exchanges that are over time: one ticking timer for all, so that a deadline costs a request nothing."""

    def __init__(self) -> None:
        self.waiting: set[Client] = set()
        self._timer: Any = None

    def start(self) -> None:
        if self._timer is None:
            self._timer = get_hub().loop.timer(_TICK_S, _TICK_S, ref=True)
            self._timer.start(self._tick)

    def _tick(self) -> None:
        if not self.waiting:
            self._timer.stop()
            self._timer = None
            return
        now = _monotonic()
        for client in [client for client in self.waiting if client.deadline <= now]:
            client.expire()


_watchdog = _Watchdog()


class Client:
    """One visitor at one origin: a connection that is kept, and a jar of cookies."""

    def __init__(self, origin: Origin, timeouts: Timeouts = Timeouts()) -> None:
        self.jar = Jar(origin.url)
        self.deadline = inf
        self.url = origin.url
        self._origin = origin
        self._timeouts = timeouts
        self._connection: socket.socket | None = None
        self._reader: Any = None
        self._parser: Any = None
        self._greenlet: Any = None
        self._reply = Reply()
        self._start_exchange(self._reply, head=False)

    # -- requests ------------------------------------------------------------------------------------------------

    def get(self, path: str) -> Reply:
        """Request ``path`` and wait for the whole response."""
        jar = self.jar
        if jar.is_empty or not (cookie := jar.header(path)):
            message = self._origin.get(path)
        else:
            message = self._origin.message("GET", path, (("Cookie", cookie),))
        reply = self._exchange(message, head=False, idempotent=True)
        if reply.set_cookies:
            jar.store(path, reply.set_cookies)
        return reply

    def head(self, path: str) -> Reply:
        """Request the headers of ``path``."""
        return self._exchange(self._origin.message("HEAD", path, self._cookie(path)), head=True, idempotent=True)

    def post(self, path: str, body: bytes, content_type: str) -> Reply:
        """Send ``body`` to ``path``, once: a POST is never repeated."""
        headers = [
            *self._cookie(path),
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            ("Origin", self._origin.url),
            ("Sec-Fetch-Site", "same-origin"),
        ]
        reply = self._exchange(self._origin.message("POST", path, headers, body), head=False, idempotent=False)
        if reply.set_cookies:
            self.jar.store(path, reply.set_cookies)
        return reply

    def post_form(self, path: str, fields: dict[str, str]) -> Reply:
        """Send a form as a browser does."""
        return self.post(path, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def abandon(self) -> None:
        """End the exchange under way, if any, as ``abandoned``. Call it from another greenlet."""
        if self._greenlet is not None:
            self._fail("abandoned")
            get_hub().loop.run_callback(self._wake)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._reader is not None:
            self._reader.stop()
            self._reader.close()
            self._reader = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- one exchange --------------------------------------------------------------------------------------------

    def _cookie(self, path: str) -> tuple[tuple[str, str], ...]:
        value = self.jar.header(path)
        return (("Cookie", value),) if value else ()

    def _start_exchange(self, reply: Reply, *, head: bool) -> None:
        self._reply = reply
        self._head = head
        self._body: list[bytes] = []
        self._answered = False
        self._informational = False
        self._framed = True
        self._has_headers = False
        self._keep_alive = False
        self._parser_is_reusable = True
        self._complete = False
        self._excess = False

    def _exchange(self, message: bytes, *, head: bool, idempotent: bool) -> Reply:
        reply = Reply()
        reply.sent = _monotonic()
        over = reply.sent + self._timeouts.total
        reused = self._connection is not None
        self._attempt(reply, message, over, head=head)
        # The server may close a kept connection just as a request leaves. Nothing of an answer came, so asking once
        # more on a new connection is what a browser does; the time already lost stays in the sample.
        if reply.error == "closed" and reused and idempotent and not self._answered:
            self.close()
            reply.error = "none"
            reply.end = nan
            self._attempt(reply, message, over, head=head)
        if reply.error != "none":
            self.close()
            if reply.end != reply.end:
                reply.end = _monotonic()
        elif not self._keep_alive:
            self.close()
        elif not self._parser_is_reusable:
            self._parser = None
        body = self._body
        reply.body = body[0] if len(body) == 1 else b"".join(body)
        return reply

    def _attempt(self, reply: Reply, message: bytes, over: float, *, head: bool) -> None:
        self._start_exchange(reply, head=head)
        if self._connection is None:
            reply.new_connection = True
            self._connect(over)
            if self._complete:
                return
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        self.deadline = min(over, _monotonic() + self._timeouts.first_byte)
        self._over = over
        self._send(message)
        if not self._complete:
            self._park()

    def _connect(self, over: float) -> None:
        self._parser = None
        for family, address in self._origin.addresses:
            connection = _socket(family, socket.SOCK_STREAM)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            problem = connection.connect_ex(address)
            if problem == errno.EINPROGRESS:
                self.deadline = min(over, _monotonic() + self._timeouts.connect)
                self._await_writable(connection)
                if self._complete:  # timed out or abandoned
                    connection.close()
                    return
                problem = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if problem:
                connection.close()
                continue
            self._connection = connection
            self._reader = get_hub().loop.io(connection.fileno(), 1)
            self._reader.start(self._readable)
            return
        self._fail("connect")

    def _send(self, message: bytes) -> None:
        while (connection := self._connection) is not None and not self._complete:
            try:
                written = connection.send(message)
            except BlockingIOError:
                written = 0
            except OSError:
                self._fail("closed")
                return
            if written == len(message):
                return
            message = message[written:]
            self._await_writable(connection)

    # -- waiting: everything below runs in the hub, or hands over to it ------------------------------------------

    def _await_writable(self, connection: socket.socket) -> None:
        watcher = get_hub().loop.io(connection.fileno(), 2)
        watcher.start(self._wake)
        try:
            self._park()
        finally:
            watcher.stop()
            watcher.close()

    def _park(self) -> None:
        """Hand over to the hub until ``_wake``."""
        self._greenlet = getcurrent()
        _watchdog.waiting.add(self)
        _watchdog.start()
        try:
            get_hub().switch()
        except BaseException:  # killed: the half-read connection is of no more use
            self._greenlet = None
            self.close()
            raise
        finally:
            _watchdog.waiting.discard(self)

    def _wake(self) -> None:
        greenlet = self._greenlet
        if greenlet is not None:
            self._greenlet = None
            greenlet.switch()

    def _fail(self, error: str) -> None:
        self._reply.error = error
        self._reply.end = _monotonic()
        self._complete = True

    def expire(self) -> None:
        """End an exchange that is over time, with the class of the part that took too long."""
        if self._greenlet is None:
            return
        if self._connection is None:
            self._fail("connect_timeout")
        elif self._answered or _monotonic() >= self._over:
            self._fail("total_timeout")
        else:
            self._fail("first_byte_timeout")
        self._wake()

    def _readable(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            data = connection.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
            self._framed = True  # a reset never ends a body
        now = _monotonic()
        if self._greenlet is None:
            self.close()  # closed while idle, or bytes nobody asked for
            return
        if data:
            self._receive(data, now)
        elif self._has_headers and not self._framed:
            self._complete = True  # a body without a length ends with its connection
            self._reply.end = now
            self.close()
        else:
            self._fail("closed")
        if self._complete:
            self._wake()

    def _receive(self, data: bytes, now: float) -> None:
        if not self._answered:
            self._answered = True
            self.deadline = self._over
        reply = self._reply
        if reply.first_byte != reply.first_byte:
            reply.first_byte = now
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("protocol")
            return
        if self._has_headers and reply.first_byte != reply.first_byte:
            reply.first_byte = now  # an informational answer came in the same piece
        if self._excess:
            self._fail("protocol")
        elif self._complete:
            reply.end = _monotonic()

    # -- the parser's callbacks ----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A status line starts; after the response was whole that is one answer too many."""
        if self._complete:
            self._excess = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field."""
        key = _lower.get(name) or _lower_case(name)
        if key == b"set-cookie":
            self._reply.set_cookies.append(value)
            return
        headers = self._reply.headers
        if headers.setdefault(key, value) is not value:
            headers[key] += b", " + value

    def on_headers_complete(self) -> None:
        """The header section ended: HEAD, 204 and 304 end with it whatever length they state."""
        status = self._parser.get_status_code()
        if status < 200:
            self._informational = True
            return
        reply = self._reply
        reply.status = status
        self._has_headers = True
        self._framed = b"content-length" in reply.headers or b"transfer-encoding" in reply.headers
        self._keep_alive = self._parser.should_keep_alive()  # it forgets once the message is whole
        if self._head or status in {204, 304}:
            self._complete = True
            self._parser_is_reusable = False

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._complete:
            self._excess = True
        else:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """The response is whole; an informational one only announces the answer to come."""
        if self._informational:
            self._informational = False
            reply = self._reply
            reply.headers.clear()
            reply.set_cookies.clear()
            reply.first_byte = nan
            return
        self._complete = True
