"""How a site reads requests off a connection, and writes what is ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from target_app.front import Ready

MOST_HEAD_BYTES = 64 * 1024
"""Request line and header fields of one request."""
_MOST_REQUEST_BYTES = 4 * 2**20
"""All of one request; no route reads as much."""
_TOO_LARGE = b"These header fields are too large.\n"
_TOO_LARGE_A_HEAD = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\ncache-control: no-store\r\nconnection: close\r\n\r\n%b" % (len(_TOO_LARGE), _TOO_LARGE)
)


def _never(_: Any) -> None:
    return None


class _Dropped(list[tuple[bytes, bytes]]):
    """A list that stays empty."""

    def append(self, _: tuple[bytes, bytes]) -> None:
        pass


_DROPPED = _Dropped()


class SiteProtocol(HttpToolsProtocol):
    """Uvicorn's fast protocol, which answers at once where a page is there, and bounds what one request brings.

    An application with a method ``at_once`` (see ``target_app.front.Front``) is asked by it first, before there is a
    task for the request.

    The bound is held to within a few reads of the socket. Without it the header fields of one request, or those behind
    its body, could take all memory.
    """

    _taken = 0
    """Bytes since the last head was complete."""
    _unfinished: list[tuple[bytes, bytes]] | None = None
    """The fields of a head that was found unfinished."""

    def __init__(self, config: uvicorn.Config, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._at_once: Callable[[Any], Ready | None] = getattr(self.app, "at_once", _never)

    def on_headers_complete(self) -> None:
        """Begin with a request whose header fields are all there."""
        HttpToolsProtocol.on_headers_complete(self)
        self.headers = _DROPPED  # what stands behind the body was looked at by no proxy, and is not for the pages
        self._taken = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Uvicorn calls this when it is the turn of a request."""
        # With more requests waiting, one answer would call for the next, and all of them would stand on the stack.
        if self.pipeline or self.flow.write_paused or self.transport.is_closing():
            ready = None
        else:
            try:
                ready = self._at_once(cycle.scope)
            except Exception:  # it fails again where failures are told and logged
                ready = None
        if ready is None:
            HttpToolsProtocol._start_asgi_task(self, cycle, app)
            return
        status, lines, body = ready
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], lines, end, body)))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Read on, as long as it is not too much for one request."""
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
            self.transport.write(_TOO_LARGE_A_HEAD)
            self.transport.close()
