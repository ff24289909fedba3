"""A server that breaks every promise a server can break, and what the precise client makes of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests import warm

PROBE = Path(__file__).with_name("client_probe.py")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENT = (20.0, 20.0, 40.0)
"""Time-outs that no test waits for, seconds: connect, first byte, total."""
HASTY_CONNECT, HASTY_FIRST_BYTE, HASTY_TOTAL = (1.0, 20.0, 40.0), (20.0, 1.0, 40.0), (20.0, 20.0, 2.0)
"""Time-outs for what never ends, one short at a time: the outcome is the same however busy the machine is."""

Answer = Callable[[socket.socket, bytes], bool]
"""Answers one request on a connection; false closes the connection."""
Step = tuple[str, Any]


def _is_more(line: bytes) -> bool:
    """Whether a line was read at all: at its end a stream gives empty ones for ever."""
    return bool(line)


class Server:
    """Answers every path in its own way.

    Args:
        answers: By path.
        tls: Speak TLS with these certificates.
        host: The address to listen at.
        unread: Paths whose request body is not read before the answer.

    Attributes:
        requests: What came: the number of the connection, from 1, and the header section.
        resumed: For each TLS connection whether it resumed a session.
        alpn: For each TLS connection the protocol agreed on.
        closing: Set when the test is over.
    """

    def __init__(
        self,
        answers: dict[str, Answer],
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        unread: Iterable[str] = (),
    ) -> None:
        self._answers = answers
        self._tls = tls
        self._unread = frozenset(unread)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.requests: list[tuple[int, bytes]] = []
        self.resumed: list[bool | None] = []
        self.alpn: list[str | None] = []
        self.closing = threading.Event()
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Server:
        """The server listens already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening and drop every connection."""
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(len(self._connections), connection), daemon=True).start()

    def _serve(self, number: int, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self.resumed.append(connection.session_reused)
                self.alpn.append(connection.selected_alpn_protocol())
            with connection, connection.makefile("rb") as stream:
                while head := b"".join(itertools.takewhile(_is_more, iter(stream.readline, b"\r\n"))):
                    self.requests.append((number, head))
                    path = head.split()[1].decode()
                    lengths = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
                    if lengths and path not in self._unread:
                        stream.read(int(lengths[0].split()[1]))
                    if not self._answers[path](connection, head):
                        return


def says(data: bytes, *, keep: bool = True) -> Answer:
    """An answer that sends fixed bytes."""

    def answer(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        return keep

    return answer


def hangs(connection: socket.socket, _head: bytes) -> bool:
    """Never answer."""
    return bool(connection.recv(1))


def drips(data: bytes, drop: bytes) -> Answer:
    """Send ``data``, then ``drop`` again and again, twenty times a second, for ever."""

    def answer(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        while not select.select([connection], [], [], 0.05)[0]:
            connection.sendall(drop)
        return False

    return answer


def floods(data: bytes, more: bytes) -> Answer:
    """Send ``data``, then ``more`` as fast as it goes, until the client has had enough."""

    def answer(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        while True:
            connection.sendall(more)

    return answer


def resets(data: bytes) -> Answer:
    """Send ``data``, then reset the connection instead of closing it."""

    def answer(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return answer


def half_closes(data: bytes) -> Answer:
    """Send ``data`` and close for writing only, then wait until the client has closed too."""

    def answer(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return bool(connection.recv(1))

    return answer


def beneath(connection: socket.socket) -> socket.socket:
    """The socket below TLS, to send what TLS would not."""
    return socket.socket(fileno=os.dup(connection.fileno()))


def has_ipv6() -> bool:
    """Whether something can listen at the loopback address of IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def ask(url: str, *steps: Step, **settings: Any) -> list[dict[str, Any]]:
    """What one visitor gets for each step; ``client_probe`` says what steps and settings there are."""
    return ask_all(url, [steps], **settings)[0]


def ask_all(url: str, visitors: Iterable[Iterable[Step]], **settings: Any) -> list[list[dict[str, Any]]]:
    """What several visitors get who come at the same time. No step fails silently, and none writes to stderr."""
    settings = {"timeouts": PATIENT} | settings
    words = [url, json.dumps([list(steps) for steps in visitors]), json.dumps(settings)]
    if settings.get("locust"):  # which must come before anything else, and not for all
        command = [sys.executable, "-W", "error", str(PROBE), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        found = done.stdout
    else:
        found = warm.probe(PROBE, *words)
    replies: list[list[dict[str, Any]]] = json.loads(found)
    return replies
