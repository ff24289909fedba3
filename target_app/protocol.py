"""How a site reads requests off a connection, and writes what is ready."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from httptools import HttpParserCallbackError
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from target_app.front import Ready
from target_app.page_cache.fields import Headers
from target_app.problems import refusal

MOST_HEAD_BYTES = 64 * 1024
"""Request line and header fields of one request."""
_MOST_REQUEST_BYTES = 4 * 2**20
"""All of one request; no route reads as much."""
_MOST_TOLD_BYTES = 256
"""Of the address of a request that was not read."""
_UNREAD: dict[int, tuple[str, str]] = {
    400: ("the request cannot be read", "a request as HTTP/1.1 has it (RFC 9112), with a method that the site knows"),
    431: ("the head of the request is too large", f"at most {MOST_HEAD_BYTES} bytes of request line and header fields"),
}
"""What is told of a request that the server refuses by itself, by the status: what failed, and what was expected."""
_OF_A_BODY = frozenset({b"content-length", b"transfer-encoding"})


def _never(_: Any) -> None:
    return None


def _no_more(*_: Any) -> Headers:
    return []


class _Dropped(list[tuple[bytes, bytes]]):
    """A list that stays empty."""

    def append(self, _: tuple[bytes, bytes]) -> None:
        pass


_DROPPED = _Dropped()


class SiteProtocol(HttpToolsProtocol):
    """Uvicorn's fast protocol, which answers at once where a page is there, and bounds what one request brings.

    An application with a method ``at_once`` (see ``target_app.front.Front``) is asked by it first, before there is a
    task for the request. One with a method ``unread`` is told of requests that never come to it.

    The bound is held to within a few reads of the socket. Without it the header fields of one request, or those behind
    its body, could take all memory.
    """

    _taken = 0
    """Bytes since the last head was complete."""
    _reading = 0
    """The same with what is being read."""
    _is_too_large = False
    """Whether a head was found to be larger than it may be."""
    _unfinished: list[tuple[bytes, bytes]] | None = None
    """The fields of a head that was found unfinished."""
    _in_hand: RequestResponseCycle | None = None
    """The request that the application was last called for."""

    def __init__(self, config: uvicorn.Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._at_once: Callable[[Any], Ready | None] = getattr(self.app, "at_once", _never)
        self._unread: Callable[[Scope, int, int], Headers] = getattr(self.app, "unread", _no_more)

    def _unsupported_upgrade_warning(self) -> None:
        """Whoever asks for another protocol is answered in this one, and nobody needs to be told."""

    def on_headers_complete(self) -> None:
        """Begin with a request whose header fields are all there."""
        if self._reading > MOST_HEAD_BYTES and _size(self.url, self.headers) > MOST_HEAD_BYTES:
            self._is_too_large = True
            raise ValueError("a head that is too large")  # which ends the parser, and leads to send_400_response
        HttpToolsProtocol.on_headers_complete(self)
        self.headers = _DROPPED  # what stands behind the body was looked at by no proxy, and is not for the pages
        self._taken = 0

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request that is none."""
        if self._is_too_large:
            self._refuse(431)
            return
        error = sys.exception()  # of the parser, which says more than the message
        self._refuse(400, "its address is none" if isinstance(error, HttpParserCallbackError) else str(error))

    def _refuse(self, status: int, reason: str = "") -> None:
        """Answer what is no request, or one that is too large, and end the connection.

        Behind a request whose answer is under way, nothing is said: it would be taken for that answer.
        """
        before = self.cycle
        if before is not None and not before.more_body and not before.response_complete:
            before.keep_alive = False
            return
        detail, expected = _UNREAD[status]
        if reason:
            detail = f"{detail} ({reason})"
        target = (self.url or b"").partition(b"?")[0][:_MOST_TOLD_BYTES]
        # Where there is no address yet, the parser has no method either, and names one all the same.
        scope: Scope = {
            "type": "http",
            "method": self.parser.get_method().decode() if target else "",
            "path": target.decode("latin-1"),
            "raw_path": target,
            "query_string": b"",
            "headers": [],
            "client": self.client,
        }
        answer = refusal(
            scope["path"],
            status,
            detail,
            expected=expected,
            retryable=False,
            text=f"{detail[0].upper()}{detail[1:]}. Expected was {expected}. Sending the same again will not help.\n",
        )
        body = b"" if scope["method"] == "HEAD" else bytes(answer.body)
        fields = [*answer.raw_headers, *self._unread(scope, status, len(body)), (b"connection", b"close")]
        lines = b"".join([b"%b: %b\r\n" % field for field in fields])
        self.transport.write(b"".join((STATUS_LINE[status], lines, b"\r\n", body)))
        self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Uvicorn calls this when it is the turn of a request."""
        if self.transport.is_closing():
            return  # nobody is left to read an answer
        ready = self._ready(cycle.scope)
        if ready is None:
            self._in_hand = cycle
            self._unset_keepalive_if_required()  # which an answer at once, to a request before, has set
            HttpToolsProtocol._start_asgi_task(self, cycle, app)
            return
        status, lines, body = ready
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], lines, end, body)))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _ready(self, scope: Any) -> Ready | None:
        """The answer to a request, if it is there and is to be sent now."""
        # With more requests waiting, one answer would call for the next, and all of them would stand on the stack.
        if self.pipeline or self.flow.write_paused:
            return None
        for name, _ in scope["headers"]:
            if name in _OF_A_BODY:
                return None  # only what follows tells whether this is a request at all
        try:
            return self._at_once(scope)
        except Exception:  # it fails again where failures are told and logged
            return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request in hand that nobody waits for it; uvicorn tells the last one that came."""
        cycle = self._in_hand
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        HttpToolsProtocol.connection_lost(self, exc)

    def data_received(self, data: bytes) -> None:
        """Read on, as long as it is not too much for one request."""
        self._reading = self._taken + len(data)
        HttpToolsProtocol.data_received(self, data)
        self._taken += len(data)
        if self._taken > MOST_HEAD_BYTES and not self.transport.is_closing():
            self._look(len(data))

    def _look(self, received: int) -> None:
        """Find out whether so many bytes are a body, which may be larger, or a head without an end."""
        if self.headers is _DROPPED or self.headers is None:
            if self._taken > _MOST_REQUEST_BYTES:
                self.transport.close()
        elif self.headers is not self._unfinished:
            self._unfinished, self._taken = self.headers, received  # before it stood another request's body
        else:
            self._refuse(431)


def _size(target: bytes, fields: list[tuple[bytes, bytes]]) -> int:
    """How many bytes a head takes, but for its method and version."""
    return len(target) + sum(len(name) + len(value) + len(": \r\n") for name, value in fields)
