"""What a response's headers say the page cache did, as one of the cache classes.

First version: the reference site's own ``Cache-Status`` (RFC 9211) and the single-word headers of common caches. A
header that says nothing we know leaves the class UNKNOWN; nothing is ever guessed from timing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import http_sf

RELEVANT: Final = (
    "cache-status",
    "cf-cache-status",
    "x-cache-status",
    "x-proxy-cache",
    "x-varnish",
    "x-cache",
    "age",
)
"""Headers looked at, the most telling first."""

_WORDS: Final = {
    "HIT": "HIT",
    "STALE": "STALE",
    "UPDATING": "STALE",
    "REVALIDATED": "REVALIDATED",
    "EXPIRED": "EXPIRED",
    "MISS": "MISS",
    "BYPASS": "BYPASS",
    "DYNAMIC": "BYPASS",
    "PASS": "BYPASS",
    "ERROR": "ERROR",
}


def classify(headers: Mapping[str, str]) -> str:
    """The cache class of a response.

    Args:
        headers: Header values by lower-case name; only those in ``RELEVANT`` are read.

    Returns:
        One of ``results.columns.CACHE_CLASSES``.
    """
    for name, read in _READERS:
        if name in headers and (found := read(headers[name])) is not None:
            return found
    return "UNKNOWN"


def _cache_status(value: str) -> str | None:
    """RFC 9211: members run from the origin to the user, so the last one speaks for what the user got."""
    try:
        members: Any = http_sf.parse(value.encode("ascii"), tltype="list")
    except ValueError:
        return None
    if not members:
        return None
    _, parameters = members[-1]
    if parameters.get("hit"):
        ttl = parameters.get("ttl")
        return "STALE" if isinstance(ttl, int) and ttl < 0 else "HIT"
    forward = str(parameters.get("fwd", ""))
    if forward in {"uri-miss", "vary-miss", "miss", "partial"}:
        return "MISS"
    if forward == "stale":
        return "REVALIDATED" if parameters.get("fwd-status") == 304 else "EXPIRED"
    if forward in {"bypass", "method", "request"}:
        return "BYPASS"
    return None


def _last_word(value: str) -> str | None:
    """The verdict in lists such as ``MISS, HIT`` or ``Hit from cloudfront``: the first word of the last element."""
    match = re.match(r"[A-Za-z]+", value.rsplit(",", 1)[-1].strip())
    return _WORDS.get(match.group().upper()) if match else None


def _varnish(value: str) -> str | None:
    """Two transaction ids mean the object came from an earlier request: a hit."""
    ids = value.rsplit(",", 1)[-1].split()
    if not ids or not all(part.isdigit() for part in ids):
        return None
    return "HIT" if len(ids) == 2 else "MISS"


def _age(value: str) -> str | None:
    """A positive age is a reuse somewhere on the path; zero or absent proves nothing."""
    return "HIT" if value.strip().isdigit() and int(value) > 0 else None


_READERS: Final[tuple[tuple[str, Callable[[str], str | None]], ...]] = (
    ("cache-status", _cache_status),
    ("cf-cache-status", _last_word),
    ("x-cache-status", _last_word),
    ("x-proxy-cache", _last_word),
    ("x-varnish", _varnish),
    ("x-cache", _last_word),
    ("age", _age),
)
