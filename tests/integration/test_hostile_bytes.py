"""Bytes that no client would send, to the site as a process: each is refused or answered once, and nothing breaks."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httptools
import psutil
import pytest

from synth import Corpus, people
from target_app.protocol import MOST_HEAD_BYTES
from tests.servers import import_site

CORPUS = Corpus(first_id=500, count=30, seed=3)
TIMEOUT_S = 60.0
HOST = b"Host: localhost\r\n"
SENTINEL = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
LIVE = b'{"status":"live"}'


@dataclass(frozen=True, slots=True)
class Site:
    """The process, where it listens, and where its complaints go."""

    process: subprocess.Popen[str]
    port: int
    complaints: Path


@dataclass(slots=True)
class Answer:
    """One response."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


class Answers:
    """All responses of a connection, as a strict parser reads them."""

    def __init__(self) -> None:
        self.whole: list[Answer] = []
        self._under_way = Answer()
        self._parser: Any = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """More bytes of the connection."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """A response begins."""
        self._under_way = Answer()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field."""
        self._under_way.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """The body is next."""
        self._under_way.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Some of the body."""
        self._under_way.body += body

    def on_message_complete(self) -> None:
        """A response ends."""
        self.whole.append(self._under_way)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The reference site with a purge token, and its stderr in a file."""
    folder = tmp_path_factory.mktemp("hostile")
    database = import_site(folder / "site.db", first_id=500, count=30, seed=3, members=2)
    words = [sys.executable, "-m", "target_app", "serve", "--db", str(database), "--purge-token", "secret"]
    with (folder / "stderr").open("w") as complaints:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=complaints, text=True)
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        yield Site(process, int(url.rpartition(":")[2]), folder / "stderr")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(autouse=True)
def nothing_broke(site: Site) -> Iterator[None]:
    """After each test the site is as it was before it, and has not complained of a defect."""
    before = _page(site, b"/")
    yield
    assert _page(site, b"/") == before
    assert site.process.poll() is None
    assert "Traceback" not in site.complaints.read_text()


def _page(site: Site, path: bytes, fields: bytes = b"") -> bytes:
    (answer,) = _talk(site, b"GET %b HTTP/1.1\r\n%b%b\r\n" % (path, HOST, fields))
    assert answer.status == 200
    return answer.body


def _talk(site: Site, data: bytes) -> list[Answer]:
    """What is answered to bytes; a plain request after them tells, where the connection goes on, that this was all."""
    answers = Answers()
    with socket.create_connection(("127.0.0.1", site.port), TIMEOUT_S) as connection:
        asked = False
        try:
            connection.sendall(data)
            while received := connection.recv(1 << 16):
                answers.feed(received)
                if answers.whole and not asked:
                    asked = True
                    connection.sendall(SENTINEL)
        except (ConnectionResetError, BrokenPipeError):
            pass  # refused before all of it was read
    if answers.whole and answers.whole[-1].body == LIVE:
        answers.whole.pop()
    for answer in answers.whole:
        assert b"Traceback" not in answer.body
        assert answer.status != 500
    return answers.whole


def _statuses(site: Site, data: bytes) -> list[int]:
    return [answer.status for answer in _talk(site, data)]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET / HTTP/1.1", 200),
        (b"GET / HTTP/1.0", 200),
        (b"GET http://localhost/ HTTP/1.1", 200),
        (b"GET http://elsewhere.example/ HTTP/1.1", 200),  # the path counts, the name in it is passed over
        (b"GET http://localhost HTTP/1.1", 400),
        (b"GET * HTTP/1.1", 404),
        (b"OPTIONS * HTTP/1.1", 404),
        (b"CONNECT localhost:80 HTTP/1.1", 400),
        (b"PRI * HTTP/2.0", 400),
        (b"GET / HTTP/9.9", 400),
        (b"GET / HTTP/1.1 HTTP/1.1", 400),
        (b"GET /", 200),  # version 0.9
        (b"GET", 400),
        (b"GET  / HTTP/1.1", 200),
        (b"get / HTTP/1.1", 400),
        (b"G\x00T / HTTP/1.1", 400),
        (b"GET /\x00 HTTP/1.1", 400),
        (b"GET /\xff HTTP/1.1", 400),
        (b"GET /\xc3\xa9 HTTP/1.1", 400),
        (b"GET /\x0b HTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"GET //evil.example/%2e%2e HTTP/1.1", 404),
        (b"GET /%00 HTTP/1.1", 404),
        (b"GET /%0d%0aSet-Cookie:%20a=b HTTP/1.1", 404),
        (b"GET /tags/%0d%0aSet-Cookie:%20a=b HTTP/1.1", 404),
        (b"GET /../../etc/passwd HTTP/1.1", 404),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"", 200),
    ],
)  # fmt: skip
def test_a_request_line_is_a_page_or_is_refused(site: Site, line: bytes, status: int) -> None:
    """Targets of every form, versions there are not, control characters, other protocols."""
    data = (line + b"\r\n" if line else b"\r\n\r\nGET / HTTP/1.1\r\n") + HOST + b"\r\n"
    assert _statuses(site, data) == [status]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", 400),
        (HOST + HOST, 400),
        (b"Host: localhost\r\nHost: evil.example\r\n", 400),
        (b"Host: evil.example\r\n", 400),
        (b"Host: LOCALHOST.:1\r\n", 200),
        (b"Host: local\x00host\r\n", 400),
        (HOST + b"X: a\x00b\r\n", 400),
        (HOST + b"X\x00: a\r\n", 400),
        (HOST + b"X : a\r\n", 400),
        (HOST + b" X: a\r\n", 400),
        (HOST + b"X: a\r\n folded\r\n", 400),
        (HOST + b"X: a\rb\r\n", 400),
        (HOST + b"X: a\nY: b\r\n", 400),
        (HOST + b": a\r\n", 400),
        (HOST + b"X\r\n", 400),
        (HOST + b"X: \xff\x80\r\n", 200),
        (HOST + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", 200),
        (HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n", 200),
        (HOST + b"Range: bytes=" + b"0-," * 9_000 + b"\r\n", 200),
        (HOST + b"Cookie: " + b"a=b; " * 9_000 + b"\r\n", 200),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None,
)
def test_header_fields_are_read_by_the_book_or_refused(site: Site, head: bytes, status: int) -> None:
    """One host, no control characters, no folding, nothing before the colon."""
    assert _statuses(site, b"GET / HTTP/1.1\r\n" + head + b"\r\n") == [status]


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
HIDDEN = b"GET /me HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""What is smuggled: an answer to it would be a second one."""


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n",
        b"Content-Length: 0\r\nContent-Length: %d\r\n",
        b"Content-Length: 0, %d\r\n",
        b"Content-Length: +%d\r\n",
        b"Content-Length: -%d\r\n",
        b"Content-Length: 0x%d\r\n",
        b"Content-Length: %d \x0b\r\n",
        b"Content-Length: 9%d99999999999999999\r\n",
        b"Content-Length : %d\r\n",
        b"Transfer-Encoding: xchunked%%%d\r\n",
        b"Transfer-Encoding: chunked, identity\r\nX: %d\r\n",
        b"Transfer-Encoding: identity, chunked, chunked\r\nX: %d\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\nX: %d\r\n",
        b"Transfer-Encoding\x0b: chunked\r\nX: %d\r\n",
        b"Transfer-Encoding : chunked\r\nX: %d\r\n",
        b"Transfer-Encoding:\x0bchunked\r\nX: %d\r\n",
        b'Transfer-Encoding: "chunked"\r\nX: %d\r\n',
        b"X: a\nTransfer-Encoding: chunked\r\nX: %d\r\n",
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.parametrize("body", [b"0\r\n\r\n", b""])
def test_no_request_hides_in_anothers_body(site: Site, method: bytes, framing: bytes, body: bytes) -> None:
    """A site that disagrees with a proxy about the end of a body would answer what the proxy has not seen."""
    hidden = body + HIDDEN
    data = method + b" /search HTTP/1.1\r\n" + HOST + FORM + framing % len(hidden) + b"\r\n" + hidden
    assert _statuses(site, data) == [400]


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\n", b"-1\r\n", b"0x5\r\nlogin\r\n0\r\n\r\n", b"5\r\nloginX\r\n0\r\n\r\n", b"fffffffffffffffff\r\n",
        b"5\nlogin\n0\n\n", b"5 5\r\nlogin\r\n0\r\n\r\n", b"\r\n0\r\n\r\n",
        b"+5\r\nlogin\r\n0\r\n\r\n", b"5\r\nlogin0\r\n\r\n",
    ],
)  # fmt: skip
def test_chunks_are_read_by_the_book_or_refused(site: Site, chunks: bytes) -> None:
    """Sizes that are none, and data of another size; and what follows is no request."""
    data = b"POST /login HTTP/1.1\r\n" + HOST + FORM + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + HIDDEN
    answers = _statuses(site, data)
    assert answers
    assert set(answers) <= {400}


def test_whole_requests_in_one_go_are_answered_in_their_order(site: Site) -> None:
    """Pipelined: a member's page, an article, the member's again; each gets its own and nobody else's."""
    cookie = _cookie(site, 0)
    path = f"/articles/{CORPUS.article(500).slug}/".encode()
    wanted = [(b"/me", cookie), (path, b""), (path, cookie), (b"/me", b""), (path, b"")]
    answers = _talk(site, b"".join(b"GET %b HTTP/1.1\r\n%b%b\r\n" % (where, HOST, fields) for where, fields in wanted))
    name = people.member(0, seed=CORPUS.seed).name.encode()
    assert [answer.status for answer in answers] == [200, 200, 200, 303, 200]
    assert [name in answer.body for answer in answers] == [True, False, True, False, False]
    assert answers[1].body == answers[4].body


def test_fields_behind_a_body_are_no_fields_of_the_request(site: Site) -> None:
    """A session or a token in a trailer is not seen by the site, as no proxy before it has looked at it either."""
    session, token = _cookie(site, 0), b"X-Anp-Token: secret\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n"
    me = b"GET /me HTTP/1.1\r\n" + HOST + chunked + b"\r\n0\r\n" + session + b"\r\n"
    purge = b"POST /anp/purge HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" + chunked + b"\r\n"
    purge += b'd\r\n{"all": true}\r\n0\r\n' + token + b"\r\n"
    assert _statuses(site, me) == [303]
    assert _statuses(site, purge) == [403]


@pytest.mark.parametrize(("size", "expected"), [(60_000, [200]), (70_000, [431]), (250_000, [431])])
def test_a_head_that_comes_at_once_has_the_same_bound(site: Site, size: int, expected: list[int]) -> None:
    """However much of it one read of the socket brings."""
    assert (
        _statuses(site, b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\nX: " + b"a" * size + b"\r\n\r\n")
        == expected
    )


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 2**22,
        b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 700_000,
        b"GET /" + b"a" * 2**22,
        b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: a\r\n" * 1_000_000,
    ],
    ids=["value", "fields", "target", "trailers"],
)
def test_what_is_too_large_is_cut_off(site: Site, head: bytes) -> None:
    """A head without an end is refused while it comes; the memory of the site does not grow with it."""
    before = _memory(site)
    for _ in range(5):
        answers = _statuses(site, head)
        assert set(answers) <= {431, 415}  # the form was refused before its trailers were too many
    assert _memory(site) - before < 5 * len(head)


@pytest.mark.parametrize("path", [b"/anp/purge", b"/login"])
def test_a_body_without_end_is_not_read_to_its_end(site: Site, path: bytes) -> None:
    """It is refused by its size, long before the memory is."""
    kind = b"Content-Type: application/json\r\n" if path == b"/anp/purge" else FORM
    head = b"POST %b HTTP/1.1\r\n%b%bContent-Length: 1000000000\r\n\r\n" % (path, HOST, kind)
    before = _memory(site)
    answers = _statuses(site, head + b"a" * 30_000_000)
    assert set(answers) <= {413}
    assert _memory(site) - before < 30_000_000


@pytest.mark.parametrize("size", [1_000, MOST_HEAD_BYTES - 1_000])
def test_what_is_large_but_within_bounds_is_answered(size: int, site: Site) -> None:
    """A head just below the bound gets its page."""
    assert _statuses(site, b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * size + b"\r\n\r\n") == [200]


def test_a_large_form_does_not_count_for_the_request_after_it(site: Site) -> None:
    """A body of many reads, and on the same connection a head of several: both are answered."""
    body = b'{"all": ' + b" " * 900_000 + b"true}"
    post = b"POST /anp/purge HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nX-Anp-Token: secret\r\n"
    post += b"Content-Length: %d\r\n\r\n" % len(body) + body
    page = b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * (MOST_HEAD_BYTES - 1_000) + b"\r\n\r\n"
    assert _statuses(site, post + page + page) == [200, 200, 200]


def test_who_waits_to_be_asked_for_the_body_is_answered(site: Site) -> None:
    """A body that is announced with 100-continue may come or not: the page does not depend on it."""
    data = b"GET / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nlogin"
    assert [status for status in _statuses(site, data) if status != 100] == [200]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\nHo"],
        [b"POST /login HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: 100\r\n\r\nlogin="],
        [b"POST /anp/purge HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"],
        [b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"] * 50,
        [b"GET /login HTTP/1.1\r\n" + HOST + b"\r\n" + (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") * 500],
    ],
    ids=["head", "form", "chunk", "answers", "answers behind one that is made"],
)
def test_who_goes_away_in_the_middle_leaves_nothing(site: Site, pieces: Sequence[bytes]) -> None:
    """Half a request, or requests whose answers nobody waits for; some leave as is the custom, some with a reset."""
    for number in range(40):
        with socket.create_connection(("127.0.0.1", site.port), TIMEOUT_S) as connection:
            for piece in pieces:
                connection.sendall(piece)
            if number % 2:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert _statuses(site, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") == [200]


def _cookie(site: Site, index: int) -> bytes:
    person = people.member(index, seed=CORPUS.seed)
    form = f"login={person.login}&password={person.password}".encode()
    head = b"POST /login HTTP/1.1\r\n%b%bContent-Length: %d\r\n\r\n" % (HOST, FORM, len(form))
    (answer,) = _talk(site, head + form)
    return b"Cookie: %b\r\n" % answer.headers[b"set-cookie"].partition(b";")[0]


def _memory(site: Site) -> int:
    return int(psutil.Process(site.process.pid).memory_info().rss)
