"""The precise client: HTTP/1.1 over one keep-alive connection, timed where the bytes pass.

A read watcher stays on the socket for as long as the connection lives. The hub's callback reads, stamps the time and
feeds the parser; the waiting greenlet is woken once, when the response is whole. Nothing is ever raised for what a
server does: every exchange ends as a ``Reply`` whose ``error`` is one of ``results.columns.ERROR_CLASSES``.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, nan
from typing import Any
from urllib.parse import urlencode

import gevent.monkey
import httptools
from gevent import get_hub, getcurrent

from locustfiles._cookies import Jar
from locustfiles._origin import Address, Origin
from locustfiles._reply import Reply
from locustfiles._steps import Fields, Request, merged
from locustfiles._tls import READABLE, WRITABLE, Tls, TlsSocket, why
from locustfiles._validators import Validator

_socket: type[socket.socket] = gevent.monkey.get_original("socket", "socket")
_monotonic = time.monotonic
_READ = 65_536  # larger pieces would be mapped and unmapped anew each time
_TICK_S = 0.02

MAX_HEAD = 64 << 10
MAX_RESPONSE = 64 << 20
"""Bytes of a header section, informational responses included, and of a whole response. Beyond is ``protocol``."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part of an exchange may take, seconds; ``total`` counts from the first attempt.

    Attributes:
        connect: All addresses of the host together, TLS handshake included.
        first_byte: From the request to the first byte of an answer, be it an informational one.
        total: The whole exchange.
    """

    connect: float = 5.0
    first_byte: float = 15.0
    total: float = 30.0


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

    def watch(self, client: Client) -> None:
        self.waiting.add(client)
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
    """One visitor at one origin: a connection that is kept, and a jar of cookies.

    Attributes:
        fields: Header fields of this visitor, which take the place of a browser's own of the same names.
    """

    def __init__(self, origin: Origin, timeouts: Timeouts = Timeouts()) -> None:
        self.jar = Jar(origin.url)
        self.deadline = inf
        self.origin = origin
        self.fields: Fields = ()
        self._timeouts = timeouts
        self._tls = None if origin.tls is None else Tls(origin.tls, origin.host)
        self._connection: socket.socket | TlsSocket | None = None
        self._reader: Any = None
        self._parser: Any = None
        self._greenlet: Any = None
        self._reply = Reply()
        self._start_exchange(self._reply, head=False)

    # -- requests ------------------------------------------------------------------------------------------------

    def get(self, path: str, validator: Validator | None = None) -> Reply:
        """Request ``path`` and wait for the whole response.

        Args:
            path: Path and query.
            validator: Ask for the page only if it has changed since; the answer may be a 304 without a body.
        """
        lines = b"" if validator is None else validator.header
        if self.jar.is_empty and not self.fields:
            message = self.origin.get(path, lines)
        else:
            message = self.origin.message("GET", path, self._cookie(path), lines=lines, fields=self.fields)
        return self._exchange(path, message, head=False, idempotent=True)

    def head(self, path: str) -> Reply:
        """Request the headers of ``path``."""
        message = self.origin.message("HEAD", path, self._cookie(path), fields=self.fields)
        return self._exchange(path, message, head=True, idempotent=True)

    def request(self, method: str, path: str) -> Reply:
        """Send a request of any other method without a body, once."""
        message = self.origin.message(method, path, self._cookie(path), fields=self.fields)
        return self._exchange(path, message, head=False, idempotent=False)

    def post(self, path: str, body: bytes, content_type: str, more: Iterable[tuple[str, str]] = ()) -> Reply:
        """Send ``body`` to ``path``, once: a POST is never repeated.

        Args:
            path: Path and query.
            body: As it is sent.
            content_type: Of the body.
            more: Further header fields.
        """
        return self._send_body("POST", path, body, content_type, more, self.fields)

    def post_form(self, path: str, fields: dict[str, str]) -> Reply:
        """Send a form as a browser does."""
        return self.post(path, urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def send(self, request: Request, path: str) -> Reply:
        """Send what steps of a scenario asked for; ``path`` is where that is on this site."""
        fields = merged(self.fields, tuple(request.headers.items()))
        if request.body is not None:
            return self._send_body(request.method, path, *request.body, (), fields)
        is_safe = request.is_safe(request.method)
        more = () if is_safe else (("Content-Length", "0"), ("Origin", self.origin.url))
        message = self.origin.message(request.method, path, (*self._cookie(path), *more), fields=fields)
        return self._exchange(path, message, head=request.method == "HEAD", idempotent=is_safe)

    def abandon(self) -> None:
        """End the exchange under way, if any, as ``abandoned``. Call it from another greenlet."""
        if self._greenlet is not None:
            if self._reader is not None:
                self._reader.stop()  # whatever comes now comes too late
            self._fail("abandoned", "the run ended")
            get_hub().loop.run_callback(self._wake_from, self._reply)

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

    def _send_body(
        self, method: str, path: str, body: bytes, content_type: str, more: Iterable[tuple[str, str]], fields: Fields
    ) -> Reply:
        headers = [
            *self._cookie(path),
            *more,
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            ("Origin", self.origin.url),
            ("Sec-Fetch-Site", "same-origin"),
        ]
        message = self.origin.message(method, path, headers, body, fields=fields)
        return self._exchange(path, message, head=False, idempotent=False)

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
        self._is_sent = False
        self._received = 0
        self._flaw = ""

    def _exchange(self, path: str, message: bytes, *, head: bool, idempotent: bool) -> Reply:
        reply = Reply()
        reply.sent = _monotonic()
        over = reply.sent + self._timeouts.total
        reused = self._connection is not None
        self._attempt(reply, message, over, head=head)
        # The server may close a kept connection just as a request leaves. Nothing of an answer came, so asking once
        # more on a new connection is what a browser does; the time already lost stays in the sample.
        if reply.error == "closed" and reused and idempotent and not self._answered:
            self.close()
            reply.retried = True
            self._forgive()
            self._attempt(reply, message, over, head=head)
        if reply.error != "none":
            self.close()
            if reply.end != reply.end:
                reply.end = _monotonic()
        elif not (self._keep_alive and self._is_sent):
            self.close()
        elif not self._parser_is_reusable:
            self._parser = None
        body = self._body
        reply.body = body[0] if len(body) == 1 else b"".join(body)
        if reply.set_cookies:
            self.jar.store(path, reply.set_cookies)
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
        """Open a connection to the first address that takes it; each gets an equal share of the time."""
        self._parser = None
        addresses = self.origin.addresses
        until = min(over, _monotonic() + self._timeouts.connect)
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            self._forgive()
            now = _monotonic()
            self.deadline = now + (until - now) / left
            self._open(address)
            if self._connection is not None:
                self._reader = get_hub().loop.io(self._connection.fileno(), READABLE)
                self._reader.start(self._readable)
                self.origin.prefer(address)
            if self._reply.error not in {"connect", "connect_timeout"}:
                return

    def _open(self, address: Address) -> None:
        connection = None
        try:
            connection = _socket(address[0], socket.SOCK_STREAM)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            problem = connection.connect_ex(address[1])
            if problem == errno.EINPROGRESS:
                self._await(connection, WRITABLE)
                problem = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if self._complete:  # timed out or abandoned
                return
            if not problem and connection.getsockname() == connection.getpeername():
                # Nobody listens at a port that the kernel may choose for this end: TCP then meets itself.
                problem = errno.ECONNREFUSED
            if problem:
                self._fail("connect", os.strerror(problem).lower())
            elif self._tls is None:
                self._connection = connection
            else:
                self._shake_hands(TlsSocket(connection, self._tls))
        except OSError as error:  # no more descriptors, or no such family of addresses here
            self._fail("connect", why(error))
        finally:
            if self._connection is None and connection is not None:
                connection.close()

    def _shake_hands(self, connection: TlsSocket) -> None:
        try:
            while event := connection.handshake():
                self._await(connection, event)
                if self._complete:
                    return
        except OSError as error:
            self._fail("tls", why(error))
        else:
            self._connection = connection

    def _send(self, message: bytes) -> None:
        while (connection := self._connection) is not None and not self._complete:
            try:
                written = connection.send(message)
            except BlockingIOError:
                written = 0
            except ssl.SSLError as error:
                self._fail("tls", why(error))
                return
            except OSError:
                return  # what the server said before it went away is still to be read, and then the end
            if written == len(message):
                self._is_sent = True
                return
            message = message[written:]
            self._await(connection, WRITABLE)

    def _forgive(self) -> None:
        """Take the failure of an attempt back, for another."""
        self._complete = False
        reply = self._reply
        reply.error, reply.reason, reply.end = "none", "", nan

    # -- waiting: everything below runs in the hub, or hands over to it ------------------------------------------

    def _await(self, connection: socket.socket | TlsSocket, event: int) -> None:
        watcher = get_hub().loop.io(connection.fileno(), event)
        watcher.start(self._wake)
        try:
            self._park()
        finally:
            watcher.stop()
            watcher.close()

    def _park(self) -> None:
        """Hand over to the hub until ``_wake``."""
        self._greenlet = getcurrent()
        _watchdog.watch(self)
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

    def _wake_from(self, reply: Reply) -> None:
        if self._reply is reply:  # otherwise it has ended by itself, and another exchange is under way
            self._wake()

    def _fail(self, error: str, reason: str) -> None:
        self._reply.error = error
        self._reply.reason = reason
        self._reply.end = _monotonic()
        self._complete = True

    def expire(self) -> None:
        """End an exchange that is over time, with the class of the part that took too long."""
        if self._greenlet is None:
            return
        limits = self._timeouts
        if self._connection is None:
            self._fail("connect_timeout", f"no connection within {limits.connect:g} s")
        elif self._answered or _monotonic() >= self._over:
            self._fail("total_timeout", f"not whole within {limits.total:g} s")
        else:
            self._fail("first_byte_timeout", f"no answer within {limits.first_byte:g} s")
        self._wake()

    def _readable(self) -> None:
        connection = self._connection
        if connection is None:
            return
        broken = None
        try:
            data = connection.recv(_READ)
        except BlockingIOError:
            return
        except OSError as error:
            data, broken = b"", error
        now = _monotonic()
        if self._greenlet is None:
            self.close()  # closed while idle, or bytes nobody asked for
            return
        if data:
            self._receive(data, now)
        else:
            self._end(broken, now)
        if self._complete:
            self._wake()

    def _receive(self, data: bytes, now: float) -> None:
        if not self._answered:
            self._answered = True
            self.deadline = self._over
        reply = self._reply
        if reply.first_byte != reply.first_byte:
            reply.first_byte = now
        received = self._received = self._received + len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("protocol", "the server switched to another protocol")
            return
        except httptools.HttpParserError as error:
            self._fail("protocol", str(error).lower())
            return
        if self._has_headers and reply.first_byte != reply.first_byte:
            reply.first_byte = now  # an informational answer came in the same piece
        if self._flaw:
            self._fail("protocol", self._flaw)
        elif received > MAX_HEAD and not self._has_headers:
            self._fail("protocol", f"headers over {MAX_HEAD >> 10} KB")
        elif received > MAX_RESPONSE:
            self._fail("protocol", f"a response over {MAX_RESPONSE >> 20} MB")
        elif self._complete:
            reply.end = _monotonic()

    def _end(self, broken: OSError | None, now: float) -> None:
        """The connection ended, in an orderly way or ``broken``."""
        if broken is None and self._has_headers and not self._framed:
            self._complete = True  # a body without a length ends with its connection
            self._reply.end = now
            self.close()
        elif isinstance(broken, ssl.SSLError) and not isinstance(broken, ssl.SSLEOFError):
            self._fail("tls", why(broken))
        else:
            moment = "in the middle of the response" if self._answered else "before any answer"
            self._fail("closed", f"the server {'closed' if broken is None else 'broke'} the connection {moment}")

    # -- the parser's callbacks ----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A status line starts; after the response was whole that is one answer too many."""
        if self._complete:
            self._flaw = "more than one response"

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
        headers = reply.headers
        self._framed = b"content-length" in headers or headers.get(b"transfer-encoding", b"")[-7:].lower() == b"chunked"
        self._keep_alive = self._parser.should_keep_alive()  # it forgets once the message is whole
        if self._head and not self._framed:  # the parser does not know that no body follows, and expects the end
            connection = headers.get(b"connection", b"").lower()
            is_current = self._parser.get_http_version() == "1.1"
            self._keep_alive = b"close" not in connection if is_current else b"keep-alive" in connection
        if self._received > MAX_HEAD:  # perhaps because of the body
            size = sum(len(name) + len(value) for name, value in headers.items()) + sum(map(len, reply.set_cookies))
            if size > MAX_HEAD:
                self._flaw = f"headers over {MAX_HEAD >> 10} KB"
        if self._head or status in {204, 304}:
            self._complete = True
            self._parser_is_reusable = False

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._complete:
            self._flaw = "more than one response"
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
