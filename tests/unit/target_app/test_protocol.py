"""Pages that are there are answered by the protocol, byte for byte as the way through ASGI would answer them."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from target_app.access_log import AccessLog
from target_app.delays import Delays, Stalls
from target_app.front import Front
from target_app.page_cache import Options, PageCache
from target_app.page_cache.fields import Fields
from target_app.protocol import MOST_HEAD_BYTES, SiteProtocol
from target_app.statistics import Statistics
from tests.contract import Reply, breaches
from tests.unit.target_app.conftest import Opened
from tests.unit.target_app.wire import Noted, served

pytestmark = pytest.mark.anyio

Opener = Callable[..., Opened]
HOST = b"host: site.example\r\n"
OF_THE_MOMENT = re.compile(rb"(?m)^(age|date|server-timing|cache-status): .*\r\n")
"""Lines whose values two answers of the same page need not share; that they are there, and where, they do."""

WAYS = {
    "a reader": (b"GET", b"1.1", b""),
    "a browser": (b"GET", b"1.1", b"accept-encoding: gzip, br\r\nuser-agent: x\r\n"),
    "the head alone": (b"HEAD", b"1.1", b""),
    "an old client": (b"GET", b"1.0", b""),
    "an old client that stays": (b"GET", b"1.0", b"connection: keep-alive\r\n"),
    "the last request": (b"GET", b"1.1", b"connection: close\r\n"),
    "a part": (b"GET", b"1.1", b"range: bytes=10-19\r\n"),
    "no such part": (b"GET", b"1.1", b"range: bytes=99999999-\r\n"),
    "unless changed": (b"GET", b"1.1", b"if-none-match: *\r\n"),
    "asked to go on": (b"GET", b"1.1", b"expect: 100-continue\r\n"),
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """These tests run on the loop a site runs on, which is particular about connections that are closed."""
    return "asyncio", {"use_uvloop": True}


async def talk(address: tuple[str, int], *requests: bytes) -> bytes:
    """All that comes back for these requests, sent at once; the last one has to end the connection."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"".join(requests))
    said = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return said


def request(path: str, method: bytes = b"GET", version: bytes = b"1.1", fields: bytes = b"") -> bytes:
    """One request for a path."""
    return b"%b %b HTTP/%b\r\n%b%b\r\n" % (method, path.encode(), version, HOST, fields)


LAST = request("/health/live", fields=b"connection: close\r\n")


@pytest.mark.parametrize("way", WAYS)
async def test_the_bytes_are_those_of_the_way_through_asgi(open_copy: Opener, way: str) -> None:
    """The same application, served by both protocols; ours does not call it for a page that is there."""
    opened = open_copy()
    path, (method, version, fields) = opened.article_path(), WAYS[way]
    app = Noted(opened.layers.app)
    async with served(app, SiteProtocol) as ours, served(app, HttpToolsProtocol) as theirs:
        await talk(ours, request(path), LAST)
        app.paths.clear()
        asked = request(path, method, version, fields)
        at_once = await talk(ours, asked, LAST)
        called = path in app.paths
        through = await talk(theirs, asked, LAST)
    assert OF_THE_MOMENT.sub(rb"\1\r\n", at_once) == OF_THE_MOMENT.sub(rb"\1\r\n", through)
    assert b"x-cache: HIT" in at_once
    assert not called
    assert path in app.paths


@pytest.mark.parametrize("field", [b"content-length: 0", b"Content-Length: 2", b"transfer-encoding: chunked"])
async def test_a_request_that_announces_a_body_is_read_before_it_is_answered(open_copy: Opener, field: bytes) -> None:
    """Only what follows tells where it ends, and whether it is a request at all."""
    opened = open_copy()
    path, app = opened.article_path(), Noted(opened.layers.app)
    body = {b"0": b"", b"2": b"ab", b"d": b"0\r\n\r\n"}[field[-1:]]
    async with served(app, SiteProtocol) as address:
        await talk(address, request(path), LAST)
        app.paths.clear()
        said = await talk(address, request(path, fields=field + b"\r\n") + body, LAST)
    assert (b"x-cache: BYPASS" if body else b"x-cache: HIT") in said
    assert path in app.paths


async def test_a_page_behind_a_hit_may_take_longer_than_an_idle_connection_is_kept(open_copy: Opener) -> None:
    """The answer at once begins the wait for the next request, which is there already."""
    opened = open_copy("inject=article:miss:1:1500")
    slow = opened.article_path(0)
    async with served(opened.layers.app, SiteProtocol, timeout_keep_alive=1) as address:
        await talk(address, request("/"), LAST)
        said = await talk(address, request("/") + request(slow, fields=b"connection: close\r\n"))
    assert re.findall(rb"(?m)^x-cache: (\w+)", said) == [b"HIT", b"MISS"]


@pytest.mark.parametrize("first", ["/login", "/"], ids=["behind a page that is made", "hits"])
async def test_a_client_that_goes_leaves_no_defect(
    open_copy: Opener, first: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It asks for many pages at once, reads nothing and is gone."""
    opened = open_copy()
    async with served(opened.layers.app, SiteProtocol) as address:
        for count in (1, 5, 50, 400):
            for _ in range(10):
                _, writer = await asyncio.open_connection(*address)
                reset = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                writer.write(request(first) + request("/") * count)
                await writer.drain()
                await asyncio.sleep(0)
                writer.transport.abort()
        assert b"200 OK" in await talk(address, request("/"), LAST)
    assert caplog.records == []


async def test_answers_stay_in_order_behind_a_slow_one(open_copy: Opener) -> None:
    """Thousands of hits wait in line behind a page that has to be made; each is answered, after it."""
    opened = open_copy("inject=any:miss:1:50")
    slow, ready = opened.article_path(0), opened.article_path(1)
    app = Noted(opened.layers.app)
    count = 1500
    async with served(app, SiteProtocol) as address:
        await talk(address, request(ready), LAST)
        said = await talk(address, request(slow), *[request(ready, b"HEAD")] * count, LAST)
    words = re.findall(rb"(?m)^x-cache: (\w+)", said)
    assert words == [b"MISS", *[b"HIT"] * count, b"BYPASS"]


@pytest.mark.parametrize("milliseconds", [1, 20])
async def test_an_answer_is_kept_back_as_long_as_it_is_to_be(open_copy: Opener, milliseconds: int) -> None:
    """Short delays on the spot, long ones aside; both are counted once and are on the bill."""
    opened = open_copy(f"inject=article:hit:1:{milliseconds}")
    path = opened.article_path()
    async with served(opened.layers.app, SiteProtocol) as address:
        await talk(address, request(path), LAST)
        said = await talk(address, request(path), LAST)
    took = re.search(rb'cache;desc="HIT";dur=([\d.]+)', said)
    assert took is not None
    assert float(took[1]) >= milliseconds
    assert opened.site.statistics.delayed == 1
    assert opened.site.statistics.delayed_seconds >= milliseconds / 1000


async def test_what_fails_at_once_fails_where_it_is_told(open_copy: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way through ASGI knows what to say, and to log it."""
    opened = open_copy()
    path = opened.article_path()
    async with served(opened.layers.app, SiteProtocol) as address:
        await talk(address, request(path), LAST)
        monkeypatch.setattr("target_app.front.Front._told", None)
        said = await talk(address, request(path))
    assert said.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    "field",
    [
        (b"x", b"a\r\nset-cookie: b=1"),
        (b"x", b"a\nb"),
        (b"x", b"a\0"),
        (b"x\r\n", b"a"),
        (b"x y", b"a"),
        (b"", b"a"),
        (b"connection", b"close"),
        (b"transfer-encoding", b"chunked"),
    ],
)
def test_fields_that_are_not_for_the_wire_are_left_to_the_server(field: tuple[bytes, bytes]) -> None:
    """What could end a line or a name, and what is between the server and its client."""
    assert Fields([(b"etag", b'"a"'), field]).wire is None
    assert Fields([(b"etag", b'"a"')]).wire == b'etag: "a"\r\n'


LONG = b"x: " + b"a" * MOST_HEAD_BYTES + b"\r\n"
UNREAD = {
    "an unknown method": (b"BREW /api/v1/articles HTTP/1.1\r\n\r\n", "", "", 400, "Invalid method"),
    "no method": (b"\x16\x03\x01\x02\r\n\r\n", "", "", 400, "Invalid method"),
    "another version": (
        b"GET /api/v1/articles HTTP/7.3\r\n\r\n",
        "GET",
        "/api/v1/articles",
        400,
        "Invalid HTTP version",
    ),
    "a broken field": (b"GET /tags/?x=1 HTTP/1.1\r\na b: c\r\n\r\n", "GET", "/tags/", 400, "Invalid header token"),
    "no address": (b"GET http://a:99999/ HTTP/1.1\r\n\r\n", "GET", "http://a:99999/", 400, "its address is none"),
    "a large head": (
        b"POST /api/v1/articles HTTP/1.1\r\n" + LONG + b"\r\n",
        "POST",
        "/api/v1/articles",
        431,
        "too large",
    ),
    "a large head of a HEAD": (b"HEAD / HTTP/1.1\r\n" + LONG + b"\r\n", "HEAD", "/", 431, ""),
}
"""Bytes that are no request, what is known of it, and what is told: status and reason."""


@pytest.mark.parametrize("kind", UNREAD)
async def test_what_cannot_be_read_is_answered_counted_and_noted(open_copy: Opener, tmp_path: Path, kind: str) -> None:
    """By the contract of all answers; to programs as a problem, where it was read that far, and else in a line."""
    data, method, path, status, reason = UNREAD[kind]
    log = AccessLog(str(tmp_path / "log"))
    opened = open_copy(log=log)
    async with served(opened.layers.app, SiteProtocol) as address:
        said = await talk(address, data)
    log.close()
    head, _, body = said.partition(b"\r\n\r\n")
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")[1:]]
    fields = tuple((name, value) for name, _, value in lines)
    reply = Reply(method or "GET", "http://site.example/", (), int(head[9:12]), fields, body)
    (line,) = map(json.loads, (tmp_path / "log").read_text().splitlines())

    assert breaches(reply) == []
    assert (reply.status, reply["cache-control"], reply["connection"]) == (status, "no-store", "close")
    assert reply["cache-status"] == "anp; fwd=bypass; detail=unread"
    if path.startswith("/api/"):
        problem = json.loads(body)
        assert (problem["status"], problem["retryable"]) == (status, False)
        assert reason in problem["detail"]
        assert problem["expected"]
    else:
        assert reply["content-type"] == "text/plain; charset=utf-8"
        assert method == "HEAD" or (reason in body.decode() and "again will not help" in body.decode())
    assert (line["method"], line["path"], line["status"], line["bytes"]) == (method, path, status, len(body))
    assert (line["request_id"], line["client"]) == (reply["x-request-id"], "127.0.0.1")
    assert {key: tally.count for key, tally in opened.site.statistics.tallies.items()} == {
        ("error", "BYPASS", status): 1
    }


async def test_what_cannot_be_read_behind_a_request_is_told_by_itself(open_copy: Opener) -> None:
    """The page that was asked for is sent first, and the address of that one is not taken for its own."""
    async with served(open_copy().layers.app, SiteProtocol) as address:
        await talk(address, request("/api/v1/openapi.json"), LAST)
        said = await talk(address, request("/api/v1/openapi.json"), b"\x16\x03\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"400"]
    assert said.endswith(b"Sending the same again will not help.\n")


@pytest.mark.parametrize("behind", [b"\x16\x03\r\n\r\n", b"GET / HTTP/1.1\r\n" + LONG + b"\r\n"])
async def test_the_answer_under_way_is_not_replaced_by_a_refusal(open_copy: Opener, behind: bytes) -> None:
    """It is the answer to the request before; then the connection ends, and nothing is said of what came behind it."""
    async with served(open_copy().layers.app, SiteProtocol) as address:
        said = await talk(address, request("/health/live"), request("/health/ready"), behind)
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"200"]
    assert said.endswith(b'{"status":"ready"}')
    assert said.count(b"connection: close") == 1


async def test_a_body_that_cannot_be_read_is_refused(open_copy: Opener) -> None:
    """Whose answer waits for it."""
    async with served(open_copy().layers.app, SiteProtocol) as address:
        fields = b"content-type: application/json\r\ntransfer-encoding: chunked\r\n"
        said = await talk(address, request("/api/v1/purge", b"POST", fields=fields), b"no length\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"400"]
    assert b"application/problem+json" in said


async def test_who_is_not_told_what_answers_cost_is_not_told_of_these(open_copy: Opener) -> None:
    """Where only bearers of the token are told: of a request that was not read nobody is one."""
    opened = open_copy(purge_token="secret", server_timing="token")
    async with served(opened.layers.app, SiteProtocol) as address:
        said = await talk(address, b"GET / HTTP/7.3\r\nx-anp-token: secret\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"server-timing" not in said


class Counting:
    """An application whose page says how often it was made; it is fresh for a minute, and good enough for one more."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make the page."""
        self.made += 1
        headers = [(b"cdn-cache-control", b"max-age=60, stale-while-revalidate=60"), (b"cache-groups", b'"one"')]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"made %d times" % self.made})


class Asked:
    """A front and page cache around ``Counting``, asked as a server would."""

    def __init__(self) -> None:
        self.now = 0.0
        self.app = Counting()
        self.cache = PageCache(self.app, Options(early=0.0), lambda: self.now)
        self.front = Front(
            self.cache, hosts=(), delays=Delays(()), stalls=Stalls(None), statistics=Statistics(), hit=self.cache.hit
        )

    @staticmethod
    def scope() -> dict[str, Any]:
        """A request for the page."""
        headers = [(b"host", b"site.example")]
        return {"type": "http", "method": "GET", "raw_path": b"/", "query_string": b"", "headers": headers}

    async def call(self, scope: dict[str, Any]) -> tuple[bytes, bytes]:
        """What the cache did, and the body."""
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        await self.front(scope, receive, send)
        return dict(messages[0]["headers"])[b"x-cache"], messages[1]["body"]


async def test_what_was_purged_since_it_was_looked_for_is_not_sent() -> None:
    """Between the look and its task the server may have finished an edit: its answer is out, the old page is wrong."""
    asked = Asked()
    await asked.call(asked.scope())
    asked.now = 90.0
    late = asked.scope()
    assert asked.front.at_once(late) is None
    asked.cache.purge(["one"])
    assert await asked.call(late) == (b"MISS", b"made 2 times")


async def test_what_was_made_since_it_was_looked_for_is_not_made_again() -> None:
    """Many who want the same page may have looked before it was there."""
    asked = Asked()
    late = asked.scope()
    assert asked.front.at_once(late) is None
    await asked.call(asked.scope())
    assert await asked.call(late) == (b"HIT", b"made 1 times")
