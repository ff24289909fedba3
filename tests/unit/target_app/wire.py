"""Requests as bytes: put to a site in this process, over a socket or through no more than the server's parser.

A client library tidies addresses and refuses odd header fields, which is what is to be tried here.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import httptools
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from synth import people
from target_app.page_cache.store import Entry
from target_app.policy import PRIVATE, TABLE
from tests.unit.target_app.conftest import BASE, CORPUS, Opened
from tests.unit.target_app.test_policy_table import FIELDS

HOST = urlsplit(BASE).netloc.encode()
FORM = (b"content-type", b"application/x-www-form-urlencoded")
JSON = (b"content-type", b"application/json")

Fields = Iterable[tuple[bytes, bytes]]

_PER_RESPONSE = frozenset({b"date", b"age", b"cache-status", b"x-cache", b"server-timing"})
"""What is told anew with every response."""

_SAFETY = Path(__file__).parents[3] / "docs" / "safety.md"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        reached: Whether the site saw the request; else the server's parser refused it.
        failed: Whether the application broke, whatever it answered.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    reached: bool = True
    failed: bool = False

    def field(self, name: bytes) -> bytes:
        """All lines of a header field; empty where there is none."""
        return b", ".join(value for key, value in self.headers if key == name)

    @property
    def lasting(self) -> tuple[int, tuple[tuple[bytes, bytes], ...], bytes]:
        """What two answers with the same page have in common."""
        return self.status, tuple(pair for pair in self.headers if pair[0] not in _PER_RESPONSE), self.body

    def holds(self, text: bytes) -> bool:
        """Whether a text is in the body or in any header field."""
        return text in self.body or any(text in value for _, value in self.headers)


REFUSED = Answer(400, reached=False)


@dataclass(slots=True)
class _Reader:
    """What the parser calls; it makes of a request what the server makes of it."""

    parser: Any = None
    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    scope: dict[str, Any] = field(default_factory=dict)
    is_whole: bool = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        url = httptools.parse_url(self.target)
        self.scope = {
            "method": self.parser.get_method().decode(),
            "http_version": self.parser.get_http_version(),
            "path": unquote(url.path.decode("ascii")),
            "raw_path": url.path,
            "query_string": url.query or b"",
        }

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_whole = True


def message(target: bytes, *, method: bytes = b"GET", fields: Fields = (), body: bytes = b"") -> bytes:
    """The bytes of a request, whatever is in its parts."""
    lines = [b"%b %b HTTP/1.1" % (method, target), *(b"%b: %b" % pair for pair in fields)]
    if body:
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Wire:
    """A site that takes bytes."""

    app: Callable[..., Any]
    client: tuple[str, int] = ("127.0.0.1", 50_000)

    @classmethod
    def of(cls, opened: Opened) -> Wire:
        """To a site that was opened."""
        return cls(opened.layers.app)

    async def ask(
        self,
        target: bytes,
        *fields: tuple[bytes, bytes],
        method: bytes = b"GET",
        body: bytes = b"",
        host: bytes | None = HOST,
    ) -> Answer:
        """Send one request; ``host`` None leaves the field out."""
        head = [] if host is None else [(b"host", host)]
        return await self.put(message(target, method=method, fields=[*head, *fields], body=body))

    async def put(self, data: bytes) -> Answer:
        """Send the bytes of one request."""
        reader = _Reader()
        reader.parser = httptools.HttpRequestParser(reader)
        try:
            reader.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # the server goes on as if it had not been asked for one
        except httptools.HttpParserError:
            return REFUSED
        if not reader.is_whole:
            return REFUSED
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "scheme": "http",
            "root_path": "",
            "server": ("127.0.0.1", 80),
            "client": self.client,
            "headers": reader.headers,
            "state": {},
            **reader.scope,
        }
        return await self._call(scope, reader.body)

    async def _call(self, scope: dict[str, Any], body: bytes) -> Answer:
        sent: list[dict[str, Any]] = []
        is_read = False

        async def receive() -> dict[str, Any]:
            nonlocal is_read
            if is_read:
                return {"type": "http.disconnect"}
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: dict[str, Any]) -> None:
            sent.append(event)

        failed = False
        try:
            await self.app(scope, receive, send)
        except Exception:  # the server would log it
            failed = True
        if not sent:
            return Answer(0, failed=failed)
        start, *rest = sent
        return Answer(
            start["status"], tuple(start["headers"]), b"".join(event.get("body", b"") for event in rest), failed=failed
        )

    async def sign_in(self, index: int) -> tuple[bytes, bytes]:
        """Have a member sign in, and give the header field that says so."""
        person = people.member(index, seed=CORPUS.seed)
        form = urlencode({"login": person.login, "password": person.password}).encode()
        answer = await self.ask(b"/login", FORM, method=b"POST", body=form)
        assert answer.status == 303, answer
        return b"cookie", answer.field(b"set-cookie").partition(b";")[0]


async def on_the_spot(_: object, function: Callable[..., Any], *arguments: object) -> Any:
    """``Worker.run`` without its thread: where requests come one by one, to wake it is a third of the work."""
    return function(*arguments)


class Noted:
    """An application that notes what it is called for, around one that may answer at once."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.paths: list[str] = []
        self.at_once = app.at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note, and pass on."""
        self.paths.append(scope["path"])
        await self._app(scope, receive, send)


@asynccontextmanager
async def served(app: ASGIApp, protocol: type[HttpToolsProtocol], **options: Any) -> AsyncIterator[tuple[str, int]]:
    """Where an application is served in this process."""
    config = uvicorn.Config(
        app,
        **options,
        lifespan="off",
        date_header=False,
        server_header=False,
        access_log=False,
        proxy_headers=False,
        log_config=None,
    )
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: protocol(config, state, {}), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()
        for connection in state.connections:
            connection.transport.close()  # type: ignore[union-attr]


@dataclass(slots=True)
class Line:
    """A connection to a site that is served, kept for as long as the server keeps it, and then made anew."""

    address: tuple[str, int]
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def ask(self, *requests: bytes) -> list[Answer]:
        """The answers to requests (no HEAD) that are sent in one piece; those behind a refused one are sent again."""
        answers: list[Answer] = []
        while len(answers) < len(requests):
            if self._writer is None or self._reader is None:
                self._reader, self._writer = await asyncio.open_connection(*self.address)
            self._writer.write(b"".join(requests[len(answers) :]))
            begun = len(answers)
            try:
                while len(answers) < len(requests):
                    answers.append(await _read(self._reader))
                    if not answers[-1].reached:
                        raise EOFError
            except (EOFError, ConnectionError):
                assert len(answers) > begun, requests[begun]
                self.close()
        return answers

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *lines = head[:-4].split(b"\r\n")
    headers = [(name, value) for name, _, value in (each.partition(b": ") for each in lines)]
    length = next((int(value) for name, value in headers if name == b"content-length"), 0)
    # What the server itself refuses says so, as far as it says anything, and ends the connection.
    reached = any(name == b"cache-status" and b"detail=unread" not in value for name, value in headers)
    body = await reader.readexactly(length) if reached else await reader.read()
    return Answer(int(line.split(b" ")[1]), tuple(headers), body, reached=reached)


def _filled(address: str) -> bytes:
    return address.format(**FIELDS, comment="1").encode()


ADDRESSES = [_filled(address) for policy in TABLE for address in dict.fromkeys((*policy.kept, *policy.addresses))]
"""Every address of the policy table, and its examples with parameters."""
PRIVATE_ADDRESSES = {
    address: _filled(address) for policy in TABLE if policy.browser == PRIVATE for address in policy.addresses
}
"""What is made for one visitor: routes that are added to the policy table as private are in here by themselves."""
PUBLIC_ADDRESSES = {policy.route: _filled(policy.example) for policy in TABLE if policy.kept}
"""An address of every route that is kept."""


def traces(index: int, cookie: bytes) -> tuple[bytes, ...]:
    """Whatever tells of a member: no answer to anybody else may hold any of it."""
    person = people.member(index, seed=CORPUS.seed)
    words = (person.id, person.name, person.login, person.email)
    return (*(word.encode() for word in words), cookie.partition(b"=")[2])


def viewer(answer: Answer) -> bytes:
    """For whom a page says it was made; empty where it does not say."""
    found = re.search(rb'name="anp-mark" content="[^"]* viewer=(\w+)"', answer.body)
    return found.group(1) if found else b""


def stored(opened: Opened) -> Iterator[Entry]:
    """All pages in a site's cache."""
    for variants in opened.layers.cache.store._by_key.values():
        yield from variants


def stored_bytes(opened: Opened) -> bytes:
    """All that the cache holds, as one text to look for something in."""
    parts: list[bytes] = []
    for entry in stored(opened):
        representation = entry.representation
        parts.append(representation.plain.body)
        parts += [b"%b: %b" % pair for pair in representation.headers]
    return b"\n".join(parts)


async def in_turns(jobs: Iterable[Any], at_once: int) -> list[Any]:
    """Run coroutines, so many at once, in their order."""
    turn = asyncio.Semaphore(at_once)

    async def one(job: Any) -> Any:
        async with turn:
            return await job

    return await asyncio.gather(*(one(job) for job in jobs))


def told(what: str) -> int:
    """The figure that docs/safety.md gives for something, so that it cannot promise more than is tried."""
    found = re.search(rf"([0-9,]+) {re.escape(what)}", _SAFETY.read_text(encoding="utf-8"))
    assert found is not None, f"docs/safety.md does not say how many {what}"
    return int(found.group(1).replace(",", ""))


def as_json(value: object) -> bytes:
    """A body."""
    return json.dumps(value).encode()
