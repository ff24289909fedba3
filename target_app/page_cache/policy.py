"""The cache's decisions, pure: may this request be looked up, may this response be kept, and for how long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import http_sf

CACHEABLE_STATUSES = frozenset({200, 301, 308, 404, 410})
SESSION_COOKIE = b"anp_session="

Headers = list[tuple[bytes, bytes]]
Key = tuple[bytes, bytes, bytes]
"""(host, raw path, query in its one form); GET and HEAD share it."""

Queries = Mapping[bytes, Callable[[bytes], bytes | None]]
"""Raw path to the one form of its queries: equal forms are one page, None is a query that no kept page answers."""


@dataclass(slots=True)
class Request:
    """What the cache looks at in a request; header values are b"" when absent.

    Attributes:
        keyed: Whether the key says all of the query.
    """

    method: str
    key: Key
    keyed: bool
    session: bool
    authorization: bool
    accept_encoding: bytes
    if_none_match: bytes
    if_modified_since: bytes


def read_request(method: str, raw_path: bytes, query: bytes, headers: Headers, queries: Queries) -> Request:
    """Pick what matters out of a request, in one pass over its headers."""
    form: bytes | None = b""
    if query:
        read_query = queries.get(raw_path)
        form = read_query(query) if read_query is not None else None
    host = accept_encoding = if_none_match = if_modified_since = b""
    session = authorization = False
    for name, value in headers:
        if name == b"host":
            host = value.lower()
        elif name == b"accept-encoding":
            accept_encoding = accept_encoding + b"," + value if accept_encoding else value
        elif name == b"cookie":
            # A name that merely ends so is taken for one as well: a needless bypass does no harm, a missed one does.
            session = session or SESSION_COOKIE in value
        elif name == b"authorization":
            authorization = True
        elif name == b"if-none-match":
            if_none_match = if_none_match + b"," + value if if_none_match else value
        elif name == b"if-modified-since":
            if_modified_since = value
    return Request(
        method,
        (host, raw_path, form or b""),
        form is not None,
        session,
        authorization,
        accept_encoding,
        if_none_match,
        if_modified_since,
    )


def bypass_reason(request: Request) -> str | None:
    """Why a request is not to be looked up, nor its answer kept; None when it may be.

    The words are those of ``Cache-Status``: ``method`` is its own kind of forwarding, the others detail a bypass.
    """
    if request.method not in {"GET", "HEAD"}:
        return "method"
    if request.session:
        return "session"
    if request.authorization:
        return "auth"
    if not request.keyed:
        # A query that the page does not read must neither fill the store with copies nor share a page.
        return "query"
    return None


@lru_cache(maxsize=256)
def shared_max_age(cdn_cache_control: bytes) -> int | None:
    """Seconds a response may be kept by ``CDN-Cache-Control`` (RFC 9213); None when it does not say so."""
    try:
        parsed = http_sf.parse(cdn_cache_control, tltype="dictionary")
    except ValueError:
        return None
    assert isinstance(parsed, dict)
    directives = {str(name): value[0] if isinstance(value, tuple) else value for name, value in parsed.items()}
    seconds = directives.get("max-age")
    if {"no-store", "private", "no-cache"} & directives.keys() or type(seconds) is not int:
        return None
    return max(seconds, 0)


_FORBIDDEN = re.compile(rb"(?i)\b(private|no-store|no-cache)\b")


def storable_seconds(status: int, headers: Headers, cap: int) -> int | None:
    """How long a response may be kept; None when it may not be.

    Only what says so in ``CDN-Cache-Control`` is kept, never what sets a cookie or is private, whatever else it says.
    """
    if status not in CACHEABLE_STATUSES:
        return None
    seconds: int | None = None
    for name, value in headers:
        if name == b"set-cookie" or (name == b"vary" and b"*" in value):
            return None
        if name == b"cache-control" and _FORBIDDEN.search(value):
            return None
        if name == b"cdn-cache-control":
            seconds = shared_max_age(value)
    if seconds is None or min(seconds, cap) == 0:
        return None
    return min(seconds, cap)


def cache_groups(headers: Headers) -> frozenset[str]:
    """The members of ``Cache-Groups`` (RFC 9875); an unreadable field names none."""
    for name, value in headers:
        if name == b"cache-groups":
            try:
                members = http_sf.parse(value, tltype="list")
            except ValueError:
                return frozenset()
            assert isinstance(members, list)
            return frozenset(m[0] for m in members if isinstance(m, tuple) and isinstance(m[0], str))
    return frozenset()


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether ``Accept-Encoding`` allows gzip: named or by ``*``, with a weight above zero."""
    weights: dict[bytes, float] = {}
    for part in accept_encoding.lower().split(b","):
        coding, *parameters = (piece.strip() for piece in part.split(b";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith(b"q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        weights[coding] = weight
    return weights.get(b"gzip", weights.get(b"x-gzip", weights.get(b"*", 0.0))) > 0
