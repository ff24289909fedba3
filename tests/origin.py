"""A server that answers as a test tells it, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEALTH = "/health/live"
"""Is answered by itself, and not remembered: those who look whether the server lives are no concern of a test."""

Reply = tuple[int, list[tuple[str, str]], bytes]
"""Status, fields and body."""


@dataclass(frozen=True)
class Seen:
    """One request as it reached the server.

    Attributes:
        headers: Values by lower-case name; those of a repeated name joined by commas.
        connection: Number of the connection that it came on.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Origin:
    """The server's state.

    Attributes:
        reply: What it answers; None closes the connection without a word.
    """

    port: int = 0
    reply: Callable[[Seen], Reply | None] = lambda seen: (200, [], b"")
    seen: list[Seen] = field(default_factory=list)

    def asked(self, target: str) -> list[Seen]:
        """The requests for one target."""
        return [one for one in self.seen if one.target == target]


@contextlib.contextmanager
def told_origin() -> Iterator[Origin]:
    """Run such a server on a free port."""
    state = Origin()
    connections = iter(range(2**31))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.number = next(connections)

        def _answer(self) -> None:
            headers: dict[str, str] = {}
            for name, value in self.headers.items():
                key = name.lower()
                headers[key] = f"{headers[key]}, {value}" if key in headers else value
            body = self.rfile.read(int(headers.get("content-length", 0)))
            if self.path == HEALTH:
                self._send((200, [], b""))
                return
            target = self.requestline.split()[1]  # the path has been tidied up already
            seen = Seen(self.command, target, headers, body, self.number)
            state.seen.append(seen)
            reply = state.reply(seen)
            if reply is None:
                self.close_connection = True
            else:
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            status, fields, body = reply
            self.send_response_only(status)
            for name, value in fields:
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD" and status != 304:
                self.wfile.write(body)

        def __getattr__(self, name: str) -> object:
            if name.startswith("do_"):
                return self._answer
            raise AttributeError(name)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a front may close what it keeps open as it likes
                super().handle_error(request, client_address)  # type: ignore[arg-type]

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.port = server.server_address[1]
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
