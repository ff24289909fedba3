"""The page cache before any origin: a reverse proxy of an ASGI application that asks another server.

What is not the cache's business passes untouched: unknown methods, fields and bodies, raw paths and queries. Answers
are held back until they are whole, as the cache does with all it forwards.
"""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from target_app.errors import SettingError
from target_app.page_cache import Options, PageCache, Profile, Reported
from target_app.page_cache.fields import Headers, combined

VIA = b"1.1 anp"
_ORIGIN = re.compile(
    r"https?://(?P<authority>(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?)/?", re.ASCII
)
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"}
    | {b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
"""Fields of one connection (RFC 9110, section 7.6.1), and those that were never more."""
_FOR, _HOST = b"x-forwarded-for", b"x-forwarded-host"
_ADDRESS = (b"x-forwarded-proto", _HOST)
"""Fields that pass to the origin, and from which many origins make absolute addresses without a ``Vary``."""

SESSIONS = (
    *(b"session", b"SESS", b"ASP.NET_SessionId", b"connect.sid"),
    *(b"wordpress_logged_in", b"wp-postpass_", b"comment_author_"),
)
"""What the names of session cookies hold in common frameworks and languages, and in WordPress."""
_COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """A cache before an origin.

    Attributes:
        origin: Scheme and authority, ``http://127.0.0.1:8000``.
        profile: What kind of cache.
        max_bytes: Bound on the memory of the pages.
        timeout: Seconds to wait for the origin.
        session_cookies: Further names of cookies whose bearers are passed by; to the profile ``site`` those of common
            frameworks are known.
    """

    origin: str
    profile: Profile
    max_bytes: int = 256 * 2**20
    timeout: float = 30.0
    session_cookies: tuple[str, ...] = ()


def build_proxy(options: ProxyOptions) -> ASGIApp:
    """The ASGI application of a cache before an origin.

    Raises:
        SettingError: The origin is no address of a server, or a number or the name of a cookie makes no sense.
    """
    for name in options.session_cookies:
        if not _COOKIE_NAME.fullmatch(name):
            raise SettingError(f"{name!r} is no name of a cookie; write it as it stands before the = in Set-Cookie")
    if options.max_bytes < 0 or not 0 < options.timeout < math.inf:
        raise SettingError(
            f"a cache of {options.max_bytes} bytes with a time-out of {options.timeout:g} s cannot be; "
            "give 0 bytes or more, and more than 0 s"
        )
    return Reported(
        PageCache(
            Origin(options.origin, options.timeout),
            Options(
                profile=_passing_by(options),
                max_bytes=options.max_bytes,
                compression="off",  # whether an answer is compressed is the origin's to say
                keyed=_ADDRESS,
            ),
        )
    )


def _passing_by(options: ProxyOptions) -> Profile:
    """The profile, with the names of all cookies whose bearers are passed by."""
    known = (*options.profile.sessions, *SESSIONS) if options.profile.sessions else ()
    return replace(options.profile, sessions=(*known, *(name.encode() for name in options.session_cookies)))


class Origin:
    """An ASGI application that has another server answer."""

    def __init__(self, origin: str, timeout: float) -> None:
        """Name the server.

        Args:
            origin: Scheme and authority.
            timeout: Seconds to wait for a connection, and between bytes.

        Raises:
            SettingError: It is no address of a server.
        """
        found = _ORIGIN.fullmatch(origin)
        if found is None or int(found["port"] or 0) > 65_535:
            raise SettingError(f"{origin!r} is no origin; name scheme and host, such as http://127.0.0.1:8000")
        try:
            self._url = httpx.URL(origin)
        except httpx.InvalidURL:
            raise SettingError(f"{origin!r} names no host; write one such as http://127.0.0.1:8000") from None
        self._host = found["authority"].encode()
        self._client = httpx.AsyncClient(
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            # A connection for each question: on a kept one, what an origin sends beyond the length it told would be
            # read as the answer to the next question, which is another reader's.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the server and give its answer, or say that it gave none."""
        if scope["method"] == "CONNECT":
            await _fail(
                send, 501, "CONNECT asks for a tunnel, and this cache makes none. Ask the origin by its address."
            )
            return
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        headers = [(b"host", self._host), *_introduced(scope), (b"via", VIA), (b"connection", b"close")]
        content = _body(receive) if _has_body(scope["headers"]) else None
        # The target goes on as it came: an address that was made anew could be another one.
        request = httpx.Request(
            scope["method"], self._url, headers=headers, content=content, extensions={"target": target}
        )
        request.method = scope["method"]  # which it has written in capitals: foo is not FOO (RFC 9110, section 9.1)
        try:
            response, body = await self._whole(request)
        except httpx.TimeoutException:
            await _fail(send, 504, "The origin took too long. Trying again in a while is safe for reads.")
            return
        except httpx.TransportError as error:
            await _fail(send, 502, f"The origin gave no whole answer ({error or type(error).__name__}).")
            return
        if not 200 <= response.status_code < 600:
            await _fail(send, 502, f"The origin answered with the status {response.status_code}, which none has.")
            return
        answered = [(name.lower(), value) for name, value in response.headers.raw]
        await send({"type": "http.response.start", "status": response.status_code, "headers": forwarded(answered)})
        await send({"type": "http.response.body", "body": body})

    async def _whole(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """The answer with all of its body, as it came over the wire."""
        response = await self._client.send(request, stream=True)
        try:
            return response, b"".join([part async for part in response.aiter_raw()])
        finally:
            await response.aclose()


def _introduced(scope: Scope) -> Headers:
    """The fields that go on to the origin, which learns from them for whom it is asked, and by what name.

    An origin that trusts its own machine would take everybody for that otherwise, and every name for its own.
    """
    fields = [field for field in forwarded(scope["headers"]) if field[0] not in {b"host", _FOR}]
    if all(name != _HOST for name, _ in fields):
        fields += [(_HOST, host) for name, host in scope["headers"] if name == b"host"]
    client = scope["client"][0].encode() if scope.get("client") else b"unknown"
    before = combined(scope["headers"], _FOR)
    return [*fields, (_FOR, b", ".join((before, client)) if before else client)]


def forwarded(headers: Headers) -> Headers:
    """The fields of a message that go beyond one connection; names are in lower case."""
    named = {name.strip().lower() for name in (combined(headers, b"connection") or b"").split(b",")} | _HOP_BY_HOP
    return [(name, value.strip(b" \t")) for name, value in headers if name not in named]


def _has_body(headers: Headers) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx.ReadError("the client went away")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _fail(send: Send, status: int, words: str) -> None:
    body = words.encode() + b"\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
