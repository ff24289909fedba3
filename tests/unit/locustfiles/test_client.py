"""The precise client against servers that break every promise a server can break."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROBE = Path(__file__).with_name("client_probe.py")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Answer = Callable[[socket.socket, bytes], bool]
"""Answers one request on a connection; false closes the connection."""


class Server:
    """A server whose every path misbehaves in its own way. ``requests`` keeps what came, by connection."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[tuple[int, bytes]] = []
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening and drop every connection."""
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
            while request := self._read(connection):
                self.requests.append((number, request))
                path = request.split()[1].decode()
                if not self._answers[path](connection, request):
                    return

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65_536)
            if not piece:
                return b""
            data += piece
        return data


def says(data: bytes, *, keep: bool = True) -> Answer:
    """An answer that sends fixed bytes."""

    def answer(connection: socket.socket, _request: bytes) -> bool:
        connection.sendall(data)
        return keep

    return answer


def hangs(connection: socket.socket, _request: bytes) -> bool:
    """Never answer."""
    return bool(connection.recv(1))


def drips(connection: socket.socket, _request: bytes) -> bool:
    """Send the header section, then one byte of the body at a time, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    waiting = threading.Event()
    while not waiting.wait(0.05):
        connection.sendall(b"x")
    return False


def resets(connection: socket.socket, _request: bytes) -> bool:
    """Reset the connection in the middle of the body."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    return False


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n"
ANSWERS: dict[str, Answer] = {
    "/ok": says(OK),
    "/ok-and-close": says(OK, keep=False),
    "/says-close": says(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", keep=False),
    "/chunked": says(CHUNKED),
    "/until-close": says(b"HTTP/1.1 200 OK\r\n\r\nall of it", keep=False),
    "/closes-mid-body": says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", keep=False),
    "/closes-mid-chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", keep=False),
    "/closes-mid-header": says(b"HTTP/1.1 200 OK\r\nConte", keep=False),
    "/closes-at-once": says(b"", keep=False),
    "/resets": resets,
    "/too-long": says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", keep=False),
    "/bad-header": says(b"HTTP/1.1 200 OK\r\nBad Header\x00: x\r\n\r\n"),
    "/two-lengths": says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "/not-http": says(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "/early-hints": says(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK),
    "/not-modified": says(b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5000\r\n\r\n'),
    "/no-content": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "/head": says(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
    "/redirect": says(b"HTTP/1.1 303 See Other\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"),
    "/missing": says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    "/set-cookie": says(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/elsewhere\r\n"
        b"Set-Cookie: c=3; Secure\r\nSet-Cookie: d=4; Max-Age=0\r\nContent-Length: 0\r\n\r\n"
    ),
    "/repeats": says(b"HTTP/1.1 200 OK\r\nX-Cache: MISS\r\nx-cache: HIT\r\nContent-Length: 0\r\n\r\n"),
    "/hangs": hangs,
    "/drips": drips,
    "/big": says(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000),
}


@pytest.fixture
def server() -> Iterator[Server]:
    """A misbehaving server on a free port."""
    server = Server(ANSWERS)
    yield server
    server.close()


def ask(url: str, *steps: tuple[str, Any]) -> list[dict[str, Any]]:
    """What one visitor gets for each step."""
    command = [sys.executable, str(PROBE), url, json.dumps(steps)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    replies: list[dict[str, Any]] = json.loads(result.stdout)
    return replies


def test_every_way_to_fail_has_its_class_and_none_spoils_the_next_request(server: Server) -> None:
    """Each broken answer ends as a sample of one class, and the visitor's next request succeeds."""
    expected = {
        "/closes-mid-body": "closed",
        "/closes-mid-chunk": "closed",
        "/closes-mid-header": "closed",
        "/closes-at-once": "closed",
        "/resets": "closed",
        "/too-long": "protocol",
        "/bad-header": "protocol",
        "/two-lengths": "protocol",
        "/not-http": "protocol",
        "/hangs": "first_byte_timeout",
        "/drips": "total_timeout",
    }
    steps = [step for path in expected for step in (("GET", path), ("GET", "/ok"))]
    replies = ask(server.url, *steps)
    assert dict(zip(expected, [reply["error"] for reply in replies[::2]], strict=True)) == expected
    assert [(reply["error"], reply["body"]) for reply in replies[1::2]] == [("none", "ok")] * len(expected)


def test_every_framing_yields_its_body(server: Server) -> None:
    """Lengths, chunks and ends of connections delimit bodies; informational answers announce the real one."""
    expected = {
        "/ok": "ok",
        "/chunked": "abcdefg",
        "/until-close": "all of it",
        "/says-close": "ok",
        "/early-hints": "ok",
        "/no-content": "",
        "/not-modified": "",
    }
    replies = ask(server.url, *(("GET", path) for path in expected))
    assert [(reply["error"], reply["body"]) for reply in replies] == [("none", body) for body in expected.values()]
    assert all(reply["has_first_byte"] and reply["in_order"] for reply in replies)


def test_a_head_response_ends_with_its_headers(server: Server) -> None:
    """The length a HEAD response states is not waited for, and the next request is not confused by it."""
    replies = ask(server.url, ("HEAD", "/head"), ("GET", "/ok"), ("GET", "/not-modified"), ("GET", "/ok"))
    assert [(r["error"], r["status"], r["body"]) for r in replies] == [
        ("none", 200, ""),
        ("none", 200, "ok"),
        ("none", 304, ""),
        ("none", 200, "ok"),
    ]


def test_a_connection_is_kept(server: Server) -> None:
    """Requests follow each other on one connection until somebody closes it."""
    replies = ask(server.url, ("GET", "/ok"), ("GET", "/chunked"), ("GET", "/no-content"), ("GET", "/ok"))
    assert [reply["new_connection"] for reply in replies] == [True, False, False, False]
    assert {number for number, _ in server.requests} == {1}


def test_an_idle_connection_closed_by_the_server_is_opened_anew(server: Server) -> None:
    """After the server closed an idle connection the next request opens another and says so."""
    replies = ask(server.url, ("GET", "/ok-and-close"), ("SLEEP", 0.1), ("GET", "/ok"))
    assert [(reply["error"], reply["new_connection"]) for reply in replies] == [("none", True), ("none", True)]


class Trap(Server):
    """Closes the second request of a first connection without an answer, as a keep-alive race does."""

    def __init__(self) -> None:
        def second_time_unlucky(connection: socket.socket, _request: bytes) -> bool:
            number, _ = self.requests[-1]
            if number == 1 and sum(n == 1 for n, _ in self.requests) == 2:
                return False
            connection.sendall(OK)
            return True

        super().__init__({"/": second_time_unlucky})


def test_a_get_lost_to_the_keep_alive_race_is_asked_once_more() -> None:
    """A GET on a kept connection that closes without a byte is repeated once, on a new connection, in one sample."""
    server = Trap()
    replies = ask(server.url, ("GET", "/"), ("GET", "/"))
    server.close()
    assert [(r["error"], r["new_connection"]) for r in replies] == [("none", True), ("none", True)]
    assert len(server.requests) == 3


def test_a_post_is_never_repeated() -> None:
    """A POST lost to the same race fails; the server saw it once."""
    server = Trap()
    replies = ask(server.url, ("GET", "/"), ("POST", "/"))
    server.close()
    assert [r["error"] for r in replies] == ["none", "closed"]
    assert len(server.requests) == 2


def test_nobody_listening_is_a_connect_error() -> None:
    """A refused connection is a sample of class connect, every time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    replies = ask(f"http://127.0.0.1:{port}", ("GET", "/"), ("GET", "/"))
    assert [(r["error"], r["status"]) for r in replies] == [("connect", 0)] * 2


def test_a_server_that_accepts_nobody_is_a_connect_timeout() -> None:
    """A full accept queue leaves the connection hanging, which ends by the clock."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        replies = ask(f"http://127.0.0.1:{listener.getsockname()[1]}", ("GET", "/"))
        for filler in fillers:
            filler.close()
    assert [r["error"] for r in replies] == ["connect_timeout"]


def test_a_redirect_is_a_sample_and_is_not_followed(server: Server) -> None:
    """The client hands a redirect back; following it would hide one request inside another."""
    [reply] = ask(server.url, ("GET", "/redirect"))
    assert (reply["status"], reply["headers"]["location"]) == (303, "/ok")
    assert len(server.requests) == 1


def test_cookies_go_back_only_where_they_belong(server: Server) -> None:
    """A cookie is sent to its path, not elsewhere, not in clear when marked secure, not when it has expired."""
    ask(server.url, ("GET", "/set-cookie"), ("GET", "/ok"), ("POST", "/ok"))
    cookies = [
        [line for line in request.decode().split("\r\n") if line.startswith("Cookie:")]
        for _, request in server.requests
    ]
    assert cookies == [[], ["Cookie: a=1"], ["Cookie: a=1"]]


def test_a_repeated_header_is_one_list(server: Server) -> None:
    """Two fields of one name, in any case, are joined as the standard says."""
    [reply] = ask(server.url, ("GET", "/repeats"))
    assert reply["headers"]["x-cache"] == "MISS, HIT"


def test_a_big_body_arrives_whole(server: Server) -> None:
    """Three megabytes are read piece by piece to the last byte."""
    [reply] = ask(server.url, ("GET", "/big"))
    assert (reply["error"], len(reply["body"])) == ("none", 3_000_000)


def test_an_abandoned_request_says_so(server: Server) -> None:
    """A request ended from outside is a sample of class abandoned, and the visitor can go on."""
    replies = ask(server.url, ("ABANDON", "/hangs"), ("GET", "/ok"))
    assert [r["error"] for r in replies] == ["abandoned", "none"]
